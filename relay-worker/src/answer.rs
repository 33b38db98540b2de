//! Answers that the worker makes up itself: JSON, and errors as `{"code", "message"}` with stable
//! codes. Every HTTP answer gets its security headers here.

use worker::{Headers, Response, Result};

/// Why an HTTP request was refused.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// Nothing is at this address.
    NotFound,
    /// The address is for WebSockets only.
    Upgrade,
    /// Only GET and HEAD are known.
    Method,
    /// Not the client's fault.
    Internal,
}

/// The answer that refuses a request.
pub(crate) fn fault(fault: Fault) -> Result<Response> {
    let (status, code, message) = match fault {
        Fault::NotFound => (404, "not_found", "there is nothing here"),
        Fault::Upgrade => (426, "upgrade_required", "this address is for WebSockets"),
        Fault::Method => (405, "method_not_allowed", "only GET and HEAD are answered here"),
        Fault::Internal => (500, "internal", "the relay had a fault; try again"),
    };
    let answer = json(status, &format!(r#"{{"code":"{code}","message":"{message}"}}"#))?;
    match fault {
        Fault::Upgrade => answer.headers().set("Upgrade", "websocket")?,
        Fault::Method => answer.headers().set("Allow", "GET, HEAD")?,
        Fault::NotFound | Fault::Internal => {}
    }
    Ok(answer)
}

/// An answer with a JSON body, which nobody keeps.
pub(crate) fn json(status: u16, body: &str) -> Result<Response> {
    let answer = Response::ok(body)?.with_status(status);
    answer.headers().set("Content-Type", "application/json")?;
    answer.headers().set("Cache-Control", "no-store")?;
    answer.headers().set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")?;
    set_security(answer.headers())?;
    Ok(answer)
}

/// Headers that every answer carries.
pub(crate) fn set_security(headers: &Headers) -> Result<()> {
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "clipboard-read=(self), clipboard-write=(self), camera=(self)"),
        // Browsers pass over this one where the page did not come by TLS.
        ("Strict-Transport-Security", "max-age=31536000"),
    ] {
        headers.set(name, value)?;
    }
    Ok(())
}
