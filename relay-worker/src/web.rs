//! The web app's files, from the assets binding on Cloudflare and from a folder on plain workerd.
//! Neither's own headers or redirects are relied on: types, policies and caching are set here.

use web_sys::Url;
use worker::{Env, Headers, Method, Request, RequestInit, Response, ResponseBody, Result};

use crate::answer::{Fault, fault, set_security};

/// Binding that serves the files.
const ASSETS: &str = "ASSETS";
const PAGE: &str = "/index.html";
/// The page that pairing links lead to; their secrets are in the fragment.
const PAIR: &str = "/pair";
/// Longer than any path in the web app.
const PATH_BYTES: usize = 128;

/// Answers with a file, or with 404.
pub(crate) async fn serve(path: &str, request: &Request, env: &Env) -> Result<Response> {
    let head = match request.method() {
        Method::Get => false,
        Method::Head => true,
        _ => return fault(Fault::Method),
    };
    let file = if path == "/" || path == PAIR { PAGE } else { path };
    let Some(media) = media_type(file) else { return fault(Fault::NotFound) };
    let init = RequestInit::new();
    if let Some(known) = request.headers().get("If-None-Match")? {
        init.headers.set("If-None-Match", &known)?;
    }
    // The binding looks at the path only.
    let found = env.assets(ASSETS)?.fetch(format!("https://assets{file}"), Some(init)).await?;
    let status = found.status_code();
    if !matches!(status, 200 | 304) {
        return fault(Fault::NotFound);
    }
    let headers = Headers::new();
    headers.set("Content-Type", media)?;
    // Script and wasm of different builds do not fit together, so nothing is used without asking.
    headers.set("Cache-Control", if path == PAIR { "no-store" } else { "no-cache" })?;
    headers.set("Content-Security-Policy", &policy(&request.inner().url()))?;
    if let Some(tag) = found.headers().get("ETag")? {
        headers.set("ETag", &tag)?;
    }
    set_security(&headers)?;
    let (_, body) = found.into_parts();
    let body = if head || status == 304 { ResponseBody::Empty } else { body };
    Ok(Response::from_body(body)?.with_status(status).with_headers(headers))
}

/// The media type of a path in the web app; `None` for what cannot be one of its files.
fn media_type(path: &str) -> Option<&'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_');
    if path.len() > PATH_BYTES || !path.bytes().all(plain) || path.contains("/.") || path.contains("//") {
        return None;
    }
    let (_, name) = path.rsplit_once('/')?;
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// The page may load its own files and talk to its own relay, and nothing else.
fn policy(url: &str) -> String {
    // Not every browser takes 'self' to stand for WebSockets too.
    let sockets = Url::new(url).ok().and_then(|url| {
        let scheme = if url.protocol() == "https:" { "wss" } else { "ws" };
        let host = url.host();
        // A host may hold a semicolon, which would end the directive.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        host.bytes().all(plain).then(|| format!(" {scheme}://{host}"))
    });
    let sockets = sockets.unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
         connect-src 'self'{sockets}; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}
