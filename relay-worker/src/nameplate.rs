//! The Durable Object of one nameplate, named by its number: remembers which mailbox it leads to. Only this worker
//! calls it, as `/take/MAILBOX/UNTIL` and `/find`.

use hushclip_mailbox::Nameplate as Plate;
use hushclip_protocol::ids::MailboxId;
use js_sys::Date;
use wasm_bindgen::prelude::*;
use web_sys::{Request, Url};
use worker::worker_sys::DurableObjectState;
use worker::{Env, Response, Result, ScheduledTime, State};

use crate::number::number;

/// Binding of the Durable Objects.
const NAMEPLATES: &str = "NAMEPLATE";
const KEY: &str = "plate";
/// The requests never leave the worker, but still need a whole address.
const ORIGIN: &str = "https://nameplate";

/// Makes a nameplate lead to a mailbox; returns whether it does now.
pub(crate) async fn take(env: &Env, nameplate: u32, mailbox: MailboxId, until_ms: u64) -> Result<bool> {
    let stub = env.durable_object(NAMEPLATES)?.get_by_name(&nameplate.to_string())?;
    Ok(stub.fetch_with_str(&format!("{ORIGIN}/take/{mailbox}/{until_ms}")).await?.status_code() == 200)
}

/// Where a nameplate leads.
pub(crate) async fn find(env: &Env, nameplate: u32) -> Result<Option<MailboxId>> {
    let stub = env.durable_object(NAMEPLATES)?.get_by_name(&nameplate.to_string())?;
    let mut answer = stub.fetch_with_str(&format!("{ORIGIN}/find")).await?;
    Ok(MailboxId::from_hex(&answer.text().await?))
}

/// Called by the worker's entry point.
#[wasm_bindgen]
pub struct Nameplate {
    state: State,
}

#[wasm_bindgen]
impl Nameplate {
    /// Called on the first event after the object was loaded into memory.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, _: Env) -> Self {
        Self { state: State::from(state) }
    }

    /// Answers the worker.
    pub async fn fetch(&self, request: Request) -> std::result::Result<web_sys::Response, JsValue> {
        let path = Url::new(&request.url())?.pathname();
        Ok(self.answer(&path).await?.into())
    }

    /// The plate has expired.
    pub async fn alarm(&self) -> std::result::Result<(), JsValue> {
        Ok(self.state.storage().delete_all().await?)
    }
}

impl Nameplate {
    async fn answer(&self, path: &str) -> Result<Response> {
        let (now, storage) = (worker::Date::now().as_millis(), self.state.storage());
        let current = storage.get::<String>(KEY).await?.as_deref().and_then(decode);
        let Some(wanted) = path.strip_prefix("/take/").and_then(decode) else {
            let found = Plate::find(current, now).map(|mailbox| mailbox.to_hex());
            return Response::ok(found.unwrap_or_default());
        };
        let Some(plate) = Plate::take(current, wanted, now) else {
            return Response::error("taken", 409);
        };
        storage.put(KEY, format!("{}/{}", plate.mailbox, plate.until_ms)).await?;
        storage.set_alarm(ScheduledTime::new(Date::new(&number(plate.until_ms)))).await?;
        Response::ok("")
    }
}

/// `MAILBOX/UNTIL`.
fn decode(text: &str) -> Option<Plate> {
    let (mailbox, until) = text.split_once('/')?;
    Some(Plate { mailbox: MailboxId::from_hex(mailbox)?, until_ms: until.parse().ok()? })
}
