//! Answers in the form that workerd wants. Their contents are decided in `hushclip_relay_http`.

use hushclip_relay_http::{self as http, Answer, Fault};
use worker::{Headers, Response, Result};

/// Hands an answer to workerd, which omits the body for HEAD.
pub(crate) fn send(answer: &Answer) -> Result<Response> {
    Ok(Response::ok(&answer.body)?.with_status(answer.status).with_headers(headers(&answer.headers)?))
}

/// The answer that refuses a request.
pub(crate) fn fault(fault: Fault) -> Result<Response> {
    send(&http::fault(fault))
}

/// The same headers, in the form that workerd wants.
pub(crate) fn headers(from: &http::Headers) -> Result<Headers> {
    let headers = Headers::new();
    for (name, value) in from {
        headers.set(name, value)?;
    }
    Ok(headers)
}
