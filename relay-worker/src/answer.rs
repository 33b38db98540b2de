//! Answers as workerd wants them. What is in them is decided in `hushclip_relay_http`.

use hushclip_relay_http::{self as http, Answer, Fault};
use worker::{Headers, Response, Result};

/// Hands an answer to workerd, which leaves the body out for HEAD.
pub(crate) fn send(answer: &Answer) -> Result<Response> {
    Ok(Response::ok(&answer.body)?.with_status(answer.status).with_headers(headers(&answer.headers)?))
}

/// The answer that refuses a request.
pub(crate) fn fault(fault: Fault) -> Result<Response> {
    send(&http::fault(fault))
}

/// The same headers.
pub(crate) fn headers(from: &http::Headers) -> Result<Headers> {
    let headers = Headers::new();
    for (name, value) in from {
        headers.set(name, value)?;
    }
    Ok(headers)
}
