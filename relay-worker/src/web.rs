//! The web app's files, from the assets binding on Cloudflare and from a folder on plain workerd. The headers and
//! redirects of neither are relied on: `hushclip_relay_http` makes its own.

use hushclip_relay_http::{Fault, File, file_headers};
use worker::{Env, Method, Request, RequestInit, Response, ResponseBody, Result};

use crate::answer::{fault, headers};

/// Binding that serves the files.
const ASSETS: &str = "ASSETS";

/// Answers with a file, or with 404.
pub(crate) async fn serve(file: File<'_>, request: &Request, env: &Env) -> Result<Response> {
    let init = RequestInit::new();
    if let Some(known) = request.headers().get("If-None-Match")? {
        init.headers.set("If-None-Match", &known)?;
    }
    // The binding looks at the path only.
    let found = env.assets(ASSETS)?.fetch(format!("https://assets{}", file.path), Some(init)).await?;
    let status = found.status_code();
    if !matches!(status, 200 | 304) {
        return fault(Fault::NotFound);
    }
    let headers = headers(&file_headers(&file))?;
    if let Some(tag) = found.headers().get("ETag")? {
        headers.set("ETag", &tag)?;
    }
    let (_, body) = found.into_parts();
    let body = if request.method() == Method::Head || status == 304 { ResponseBody::Empty } else { body };
    Ok(Response::from_body(body)?.with_status(status).with_headers(headers))
}
