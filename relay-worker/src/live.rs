//! What a mailbox has in memory while it is awake: its brain and its sockets by name. Rebuilt from
//! the database and from what is attached to the sockets; never trusted to survive.

use std::sync::{Arc, Mutex};

use hushclip_mailbox::{Event, Mailbox as Brain, Newcomers, Policy, Rates, Reply, Session, StoreError};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId};
use hushclip_vapid::Services;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::WebSocket;
use worker::State;
use worker::worker_sys::ext::WebSocketExt;

use crate::metrics::{COUNTERS, count};
use crate::sockets::Sockets;
use crate::store::SqlStore;

thread_local! {
    // For all mailboxes of this isolate, asleep or awake.
    static RATES: Rates = Rates::default();
    /// The newcomers that this isolate has seen.
    static NEWCOMERS: Arc<Mutex<Newcomers>> = Arc::default();
}

/// A mailbox that is awake.
pub(crate) struct Live {
    brain: Brain<SqlStore>,
    sockets: Sockets,
    /// The relay's own authority, as some device asked for it.
    host: Option<String>,
}

impl Live {
    /// Rebuilds the mailbox. `closing` is a socket that may no longer be among the listed ones.
    pub(crate) fn restore(
        id: MailboxId,
        state: &State,
        closing: Option<&WebSocket>,
        alarm_ms: Option<u64>,
    ) -> Result<Self, StoreError> {
        let listed = state.as_raw().get_websockets().map_err(|_| StoreError::Failed)?;
        let mut sockets = Sockets::new();
        let mut sessions = Vec::new();
        let mut host = None;
        for socket in listed.into_iter().chain(closing.cloned()) {
            let attached = attached(&socket);
            if let Some(session) = attached.as_deref().and_then(Session::decode) {
                host.get_or_insert_with(|| session.host().to_owned());
                sockets.insert(session.conn, socket);
                sessions.extend(attached);
            } else {
                close(&socket, CloseCode::Internal);
            }
        }
        let store = SqlStore::open(state.storage().sql())?;
        let mut brain = Brain::restore(id, store, sessions.iter().map(Vec::as_slice), alarm_ms)?;
        brain.set_rates(RATES.with(Rates::clone));
        Ok(Self { brain, sockets, host })
    }

    /// Adds a new socket, before the event that announces it.
    pub(crate) fn insert(&mut self, conn: ConnId, socket: WebSocket, host: &str) {
        self.sockets.insert(conn, socket);
        self.host.get_or_insert_with(|| host.to_owned());
    }

    /// The name of a socket, if it is one of this mailbox's.
    pub(crate) fn name(&self, socket: &WebSocket) -> Option<ConnId> {
        self.sockets.name(socket)
    }

    /// Sets the key by which push services know this relay. To be called before the first device is welcomed.
    pub(crate) fn set_push_key(&mut self, key: &[u8]) {
        self.brain.set_push_key(key);
    }

    /// Sets the rules that apply to all accounts of this relay.
    pub(crate) fn govern(&mut self, policy: Arc<Policy>) {
        self.brain.set_policy(policy);
        self.brain.set_newcomers(NEWCOMERS.with(Arc::clone));
    }

    /// Sets which push services are called.
    pub(crate) fn set_push_services(&mut self, services: Services) {
        self.brain.set_push_services(services);
    }

    /// The relay's own authority, if any device has asked for it.
    pub(crate) fn host(&self) -> Option<String> {
        self.host.clone()
    }

    /// When to look for sockets on which nobody has signed in.
    pub(crate) fn sign_in_deadline(&self) -> Option<u64> {
        self.brain.sign_in_deadline()
    }

    /// Takes in an event and carries out the replies, except for what has to be awaited.
    pub(crate) fn handle(&mut self, event: Event, now: u64) -> Rest {
        let gone = if let Event::Closed { conn } = event { Some(conn) } else { None };
        let mut rest = Rest::default();
        // A frame for many sockets is copied out of wasm only once.
        let mut last: Option<(Arc<[u8]>, ArrayBuffer)> = None;
        for reply in self.brain.handle(event, now) {
            match reply {
                Reply::Send { conn, frame } => {
                    let buffer = match last.take() {
                        Some((known, buffer)) if Arc::ptr_eq(&known, &frame) => buffer,
                        _ => Uint8Array::from(&*frame).buffer(),
                    };
                    if let Some(socket) = self.sockets.get(&conn) {
                        count(&COUNTERS.sent);
                        // A socket that fails reports that in an event of its own.
                        let _ = socket.send_with_array_buffer(&buffer);
                    }
                    last = Some((frame, buffer));
                }
                Reply::Close { conn, code } => {
                    if let Some(socket) = self.sockets.remove(&conn) {
                        close(&socket, code);
                    }
                }
                Reply::Attach { conn, session } => {
                    if let Some(socket) = self.sockets.get(&conn)
                        && socket.serialize_attachment(Uint8Array::from(&*session).into()).is_err()
                    {
                        worker::console_error!("a session was not attached to its socket");
                    }
                }
                Reply::SetAlarm { at_ms } => rest.alarm = Some(at_ms),
                Reply::TakeNameplate { nameplate, until_ms } => rest.nameplates.push((nameplate, until_ms)),
                Reply::Wake { device, endpoint } => rest.wakes.push((device, endpoint)),
            }
        }
        if let Some(conn) = gone {
            self.sockets.remove(&conn);
        }
        rest
    }
}

/// What an event leaves to be done.
#[derive(Default)]
pub(crate) struct Rest {
    /// The time to set the alarm for.
    pub(crate) alarm: Option<u64>,
    /// Nameplates to take, and until when.
    pub(crate) nameplates: Vec<(u32, u64)>,
    /// Devices to wake, and at which address.
    pub(crate) wakes: Vec<(DeviceId, String)>,
}

/// Closes a socket, which may already be closed. Without an attachment it belongs to nobody after a hibernation, even
/// if the other side never answers.
pub(crate) fn close(socket: &WebSocket, code: CloseCode) {
    let _ = socket.serialize_attachment(JsValue::NULL);
    let _ = socket.close_with_code_and_reason(code.code(), code.reason());
}

fn attached(socket: &WebSocket) -> Option<Vec<u8>> {
    Some(socket.deserialize_attachment().ok()?.dyn_into::<Uint8Array>().ok()?.to_vec())
}
