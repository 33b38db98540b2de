//! The relay as a Cloudflare Worker: routes HTTP to the web app and WebSockets to one Durable Object
//! for each account. Every decision about frames is in `hushclip-mailbox`; this crate moves bytes
//! between that and workerd, and it never panics on what a peer sends, because a panic would take
//! down every mailbox in the isolate.

mod answer;
mod live;
mod mailbox;
mod nameplate;
mod number;
mod store;
mod timer;
mod web;

use hushclip_protocol::VERSION;
use hushclip_protocol::ids::MailboxId;
use worker::{Context, Env, Method, Request, Response, Result, event};

use crate::answer::{Fault, fault};

/// Binding of the Durable Objects.
const MAILBOXES: &str = "MAILBOX";
const MAILBOX_PATH: &str = "/v1/mailbox/";
const NAMEPLATE_PATH: &str = "/v1/nameplate/";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    let path = request.path();
    let answer = if path == "/health" {
        health(&request)
    } else if let Some(hex) = path.strip_prefix(MAILBOX_PATH) {
        mailbox(hex, request, &env).await
    } else if let Some(number) = path.strip_prefix(NAMEPLATE_PATH) {
        by_nameplate(number, request, &env).await
    } else {
        web::serve(&path, &request, &env).await
    };
    match answer {
        Ok(answer) => Ok(answer),
        Err(error) => {
            worker::console_error!("the worker failed: {error}");
            fault(Fault::Internal)
        }
    }
}

/// Says that the relay is up and what it speaks. Extensions ask from other origins.
fn health(request: &Request) -> Result<Response> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return fault(Fault::Method);
    }
    let version = env!("CARGO_PKG_VERSION");
    let answer = answer::json(200, &format!(r#"{{"status":"ok","protocol":[{VERSION}],"version":"{version}"}}"#))?;
    answer.headers().set("Access-Control-Allow-Origin", "*")?;
    answer.headers().set("Cross-Origin-Resource-Policy", "cross-origin")?;
    Ok(answer)
}

/// Hands a WebSocket to the account's own object.
async fn mailbox(hex: &str, request: Request, env: &Env) -> Result<Response> {
    let Some(id) = MailboxId::from_hex(hex) else { return fault(Fault::NotFound) };
    if !is_upgrade(&request)? {
        return fault(Fault::Upgrade);
    }
    hand_over(id, request, env).await
}

/// Hands a WebSocket to the account that a typed code's number leads to. Where it leads nowhere, a
/// mailbox that nobody has answers in words, which a failed handshake could not.
async fn by_nameplate(number: &str, request: Request, env: &Env) -> Result<Response> {
    if !is_upgrade(&request)? {
        return fault(Fault::Upgrade);
    }
    let id = nameplate::find(env, number).await?.unwrap_or(MailboxId::from_bytes([0; MailboxId::LEN]));
    hand_over(id, request, env).await
}

fn is_upgrade(request: &Request) -> Result<bool> {
    let upgrade = request.headers().get("Upgrade")?.unwrap_or_default();
    Ok(request.method() == Method::Get && upgrade.eq_ignore_ascii_case("websocket"))
}

async fn hand_over(id: MailboxId, request: Request, env: &Env) -> Result<Response> {
    env.durable_object(MAILBOXES)?.get_by_name(&id.to_hex())?.fetch_with_request(request).await
}
