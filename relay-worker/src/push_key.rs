//! The Durable Object that keeps the relay's key for push services, so that nobody has to make one. There is only
//! one, created when it is first needed and never changed: subscriptions are bound to it. Only this worker calls it,
//! and it answers with the key.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hushclip_vapid::Key;
use wasm_bindgen::prelude::*;
use web_sys::Request;
use worker::worker_sys::DurableObjectState;
use worker::{Env, Response, Result, State};

/// Binding of the Durable Object.
const KEYS: &str = "PUSH_KEY";
/// Its name.
const NAME: &str = "vapid";
/// The request never leaves the worker, but still needs a whole address.
const ADDRESS: &str = "https://push-key/";
const STORED: &str = "secret";
/// One random number in 2^32 is not a valid key.
const TRIES: u32 = 4;

/// The private key.
pub(crate) async fn find(env: &Env) -> Result<[u8; Key::LEN]> {
    let stub = env.durable_object(KEYS)?.get_by_name(NAME)?;
    let text = stub.fetch_with_str(ADDRESS).await?.text().await?;
    decode(&text).ok_or_else(|| "no key".into())
}

/// Called by the worker's entry point.
#[wasm_bindgen]
pub struct PushKey {
    state: State,
}

#[wasm_bindgen]
impl PushKey {
    /// Called on the first event after the object was loaded into memory.
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
    /// Nothing else reaches this object between reading and storing, and no answer leaves before the key is on disk.
    async fn key(&self) -> Result<String> {
        let storage = self.state.storage();
        if let Some(stored) = storage.get::<String>(STORED).await? {
            // One that cannot be read is not replaced: that would invalidate all subscriptions.
            return Ok(stored);
        }
        for _ in 0..TRIES {
            let mut secret = [0; Key::LEN];
            getrandom::fill(&mut secret).map_err(|_| "no randomness")?;
            if Key::from_bytes(&secret).is_some() {
                let text = Base64UrlUnpadded::encode_string(&secret);
                storage.put(STORED, &text).await?;
                return Ok(text);
            }
        }
        Err("no key came up".into())
    }
}

fn decode(text: &str) -> Option<[u8; Key::LEN]> {
    Base64UrlUnpadded::decode_vec(text).ok()?.try_into().ok()
}
