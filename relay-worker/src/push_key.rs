//! The Durable Object that keeps the relay's key for push services, so that nobody has to make one. There
//! is one, made at first need and then the same for good: subscriptions are bound to it. Only this worker
//! asks it, and it answers with the key.

use data_encoding::BASE64URL_NOPAD;
use hushclip_vapid::Key;
use wasm_bindgen::prelude::*;
use web_sys::Request;
use worker::worker_sys::DurableObjectState;
use worker::{Env, Response, Result, State};

/// Binding of the Durable Object.
const KEYS: &str = "PUSH_KEY";
/// Its name.
const NAME: &str = "vapid";
/// The request does not leave the worker, and still wants a whole address.
const ADDRESS: &str = "https://push-key/";
const STORED: &str = "secret";
/// Numbers that are no key come once in 2^32.
const TRIES: u32 = 4;

/// The private key.
pub(crate) async fn find(env: &Env) -> Result<[u8; Key::LEN]> {
    let stub = env.durable_object(KEYS)?.get_by_name(NAME)?;
    let text = stub.fetch_with_str(ADDRESS).await?.text().await?;
    decode(&text).ok_or_else(|| "no key".into())
}

/// What the worker's way in calls.
#[wasm_bindgen]
pub struct PushKey {
    state: State,
}

#[wasm_bindgen]
impl PushKey {
    /// Called at the first event after the object came into memory.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, _: Env) -> Self {
        Self { state: State::from(state) }
    }

    /// Answers the worker.
    pub async fn fetch(&self, _: Request) -> std::result::Result<web_sys::Response, JsValue> {
        Ok(Response::ok(self.key().await?)?.into())
    }
}

impl PushKey {
    /// Nothing else gets to this object between looking and storing, and no answer leaves before the
    /// key is on disk.
    async fn key(&self) -> Result<String> {
        let storage = self.state.storage();
        if let Some(stored) = storage.get::<String>(STORED).await? {
            // One that cannot be read is not replaced: that would cost all subscriptions.
            return Ok(stored);
        }
        for _ in 0..TRIES {
            let mut secret = [0; Key::LEN];
            getrandom::fill(&mut secret).map_err(|_| "no randomness")?;
            if Key::from_bytes(&secret).is_some() {
                let text = BASE64URL_NOPAD.encode(&secret);
                storage.put(STORED, &text).await?;
                return Ok(text);
            }
        }
        Err("no key came up".into())
    }
}

fn decode(text: &str) -> Option<[u8; Key::LEN]> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}
