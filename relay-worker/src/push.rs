//! Web Push: carries out what the brain decides. The calls go to push services only, reveal nothing but who is
//! calling, and follow no redirects.

use std::cell::OnceCell;
use std::rc::Rc;

use hushclip_vapid::{Answer, Key, Request, Services};
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, RequestRedirect, Response};
use worker::Env;

use crate::push_key;

/// The admin's own key, in place of the one that the relay makes: 32 bytes in base64url. With `off`, no device is
/// woken.
const OWN_KEY: &str = "VAPID_PRIVATE_KEY";
const OFF: &str = "off";
/// Contact for push services when something is wrong: `mailto:` or `https:`. Without it, the relay's address.
const SUBJECT: &str = "VAPID_SUBJECT";
/// Push services that may be called besides the known ones; see [`Services::new`].
const HOSTS: &str = "PUSH_HOSTS";
/// How long a service may take before it is given up on.
const LIMIT_MS: u32 = 10_000;

thread_local! {
    // One for all mailboxes of this isolate, during whose lifetime it never changes.
    static KEY: OnceCell<Rc<Key>> = const { OnceCell::new() };
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    async fn fetch(url: &str, init: &RequestInit) -> Result<Response, JsValue>;
}

/// The key that this relay signs with; `None` if it wakes nobody.
pub(crate) async fn key(env: &Env) -> Option<Rc<Key>> {
    if let Some(key) = KEY.with(|known| known.get().cloned()) {
        return Some(key);
    }
    let key = match text(env, OWN_KEY) {
        Some(own) if own == OFF => return None,
        // The relay's own key does not take its place: that would invalidate all subscriptions twice.
        Some(own) => Key::from_text(&own).or_else(|| complain("VAPID_PRIVATE_KEY is no key; no device is woken"))?,
        None => match push_key::find(env).await {
            Ok(secret) => Key::from_bytes(&secret)?,
            Err(error) => complain(&format!("the key for push services is out of reach: {error}"))?,
        },
    };
    Some(KEY.with(|known| Rc::clone(known.get_or_init(|| Rc::new(key)))))
}

/// The push services that may be called.
pub(crate) fn services(env: &Env) -> Services {
    Services::new(&text(env, HOSTS).unwrap_or_default())
}

/// Wakes the device at this address; returns what its push service answered. `host` is the relay's own.
pub(crate) async fn wake(env: &Env, endpoint: &str, host: Option<&str>, now_ms: u64) -> Answer {
    let Some(key) = key(env).await else { return Answer::Refused };
    let Some(endpoint) = services(env).allow(endpoint) else {
        worker::console_warn!("an address for wake-ups is none of a known push service");
        return Answer::Gone;
    };
    let subject = text(env, SUBJECT).or_else(|| Some(format!("https://{}", host?)));
    let request = Request::wake(&key, &endpoint, subject.as_deref(), now_ms / 1_000);
    let Ok(status) = send(&request).await else {
        // The error's text might contain the address, which is the device's secret.
        worker::console_warn!("a push service did not answer");
        return Answer::Refused;
    };
    let answer = Answer::of(status);
    if answer == Answer::Refused {
        worker::console_warn!("a push service answered {status}");
    }
    answer
}

/// Sends the request; returns the status of the answer.
async fn send(request: &Request) -> Result<u16, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(LIMIT_MS)));
    let response = fetch(&request.url, &init).await?;
    if let Some(body) = response.body() {
        // Left unread, it would hold the connection.
        let _ = JsFuture::from(body.cancel()).await;
    }
    Ok(response.status())
}

/// A variable or secret. If it is not set, Cloudflare has none and workerd has null.
pub(crate) fn text(env: &Env, name: &str) -> Option<String> {
    Reflect::get(env.as_ref(), &name.into()).ok()?.as_string().filter(|value| !value.trim().is_empty())
}

fn complain<T>(what: &str) -> Option<T> {
    worker::console_error!("{what}");
    None
}
