//! The relay as a Cloudflare Worker: routes HTTP to the web app and WebSockets to one Durable Object
//! for each account. Every decision about frames is in `hushclip-mailbox`; this crate moves bytes
//! between that and workerd, and it never panics on what a peer sends, because a panic would take
//! down every mailbox in the isolate.

mod answer;
#[cfg(feature = "faults")]
mod faults;
mod live;
mod mailbox;
mod metrics;
mod nameplate;
mod number;
mod policy;
mod push;
mod push_key;
mod sockets;
mod store;
mod timer;
mod web;

use std::cell::RefCell;

use hushclip_mailbox::{Gate, Peer};
use hushclip_protocol::ids::MailboxId;
use hushclip_relay_http::{self as http, Fault, Route, Status, Storage};
use web_sys::Url;
use worker::{Context, Env, Request, Response, Result, event};

use crate::answer::{fault, send};

/// Binding of the Durable Objects.
const MAILBOXES: &str = "MAILBOX";
/// Secret without which nobody sees the metrics.
const METRICS_TOKEN: &str = "METRICS_TOKEN";
/// Other origins whose pages may use the relay; see `hushclip_relay_http::origin_allowed`.
const ALLOWED_ORIGINS: &str = "ALLOWED_ORIGINS";
/// Where Cloudflare says who is asking; elsewhere it is nobody in particular.
pub(crate) const ADDRESS: &str = "CF-Connecting-IP";

thread_local! {
    static GATE: RefCell<Gate> = RefCell::default();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    match answer(request, &env).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            worker::console_error!("the worker failed: {error}");
            fault(Fault::Internal)
        }
    }
}

async fn answer(request: Request, env: &Env) -> Result<Response> {
    let path = request.path();
    let upgrade = http::is_upgrade(request.headers().get("Upgrade")?.as_deref());
    match http::route(&request.inner().method(), &path, upgrade) {
        Route::Health => send(&http::health(Storage::Works)),
        Route::Status => send(&http::status(Status { since_ms: None, storage: None })),
        Route::Metrics => figures(&request, env),
        Route::Mailbox(_) | Route::Nameplate(_) if !from_here(&request, env)? => fault(Fault::Origin),
        Route::Mailbox(id) if may(&request, Gate::open_socket)? => hand_over(id, request, env).await,
        Route::Nameplate(number) if may(&request, Gate::ask_nameplate)? => by_nameplate(number, request, env).await,
        Route::Mailbox(_) | Route::Nameplate(_) => fault(Fault::TooOften),
        Route::Share => send(&http::share()),
        Route::File(file) => web::serve(file, &request, env).await,
        Route::Refused(why) => fault(why),
    }
}

/// Whether the request is from a program, an extension, or a page that may make it.
fn from_here(request: &Request, env: &Env) -> Result<bool> {
    let Some(origin) = request.headers().get("Origin")? else { return Ok(true) };
    let host = Url::new(&request.inner().url())?.host();
    let others = push::text(env, ALLOWED_ORIGINS).unwrap_or_default();
    Ok(http::origin_allowed(Some(&origin), &host, &others))
}

/// Whether the address that is asking has not asked too often.
fn may(request: &Request, ask: impl Fn(&mut Gate, Peer, u64) -> std::result::Result<(), u64>) -> Result<bool> {
    let peer = Peer::named(request.headers().get(ADDRESS)?.as_deref());
    let now = worker::Date::now().as_millis();
    Ok(GATE.with_borrow_mut(|gate| ask(gate, peer, now)).is_ok())
}

fn figures(request: &Request, env: &Env) -> Result<Response> {
    let token = push::text(env, METRICS_TOKEN);
    if !http::metrics_allowed(request.headers().get("Authorization")?.as_deref(), token.as_deref()) {
        return fault(Fault::NotFound);
    }
    send(&http::metrics(&metrics::figures()))
}

/// Hands a WebSocket to the account that a typed code's number leads to. If it leads nowhere, a mailbox that nobody
/// has replies in words, which a failed handshake could not do.
async fn by_nameplate(number: Option<u32>, request: Request, env: &Env) -> Result<Response> {
    let found = match number {
        Some(number) => nameplate::find(env, number).await?,
        None => None,
    };
    hand_over(found.unwrap_or(MailboxId::from_bytes([0; MailboxId::LEN])), request, env).await
}

/// Hands a WebSocket to the account's own object.
async fn hand_over(id: MailboxId, request: Request, env: &Env) -> Result<Response> {
    env.durable_object(MAILBOXES)?.get_by_name(&id.to_hex())?.fetch_with_request(request).await
}
