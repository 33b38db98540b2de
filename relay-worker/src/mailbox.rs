//! The Durable Object of one account: hands workerd's events to the brain in `hushclip-mailbox` and carries out its
//! replies. It holds nothing that it cannot rebuild after hibernation, and keeps events in order: nothing is awaited
//! between taking one in and carrying out the replies.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_mailbox::{Event, Peer};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::{PING, PONG};
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId, Nonce};
use hushclip_protocol::limits;
use hushclip_vapid::Answer;
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_sys::{Request, Response, Url, WebSocket};
use worker::worker_sys::{DurableObjectState, WebSocketRequestResponsePair};
use worker::{Env, ScheduledTime, State, WebSocketPair};

use crate::ADDRESS;
use crate::live::{Live, close};
use crate::metrics::{COUNTERS, count};
use crate::nameplate;
use crate::number::number;
use crate::policy;
use crate::push;
use crate::timer::Timer;

/// Called by the worker's entry point. Written out by hand instead of using `#[durable_object]`, which would copy a
/// message of any size before this crate sees it.
#[wasm_bindgen]
pub struct Mailbox {
    shell: Rc<Shell>,
}

struct Shell {
    state: State,
    env: Env,
    live: RefCell<Option<Live>>,
    /// Runs while there are sockets on which nobody has signed in.
    timer: RefCell<Option<Timer>>,
}

#[wasm_bindgen]
impl Mailbox {
    /// Called on the first event after the object was loaded into memory.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        let shell = Shell { state: State::from(state), env, live: RefCell::default(), timer: RefCell::default() };
        Self { shell: Rc::new(shell) }
    }

    /// Accepts a WebSocket; the router lets nothing else through.
    pub async fn fetch(&self, request: Request) -> Result<Response, JsValue> {
        let host = Url::new(&request.url())?.host();
        let pair = WebSocketPair::new()?;
        let peer = Peer::named(request.headers().get(ADDRESS)?.as_deref());
        self.shell.accept(pair.server.as_ref(), host, peer).await?;
        Ok(worker::Response::from_websocket(pair.client)?.into())
    }

    /// The alarm is due. An error makes the platform try again.
    pub async fn alarm(&self) -> Result<(), JsValue> {
        self.shell.wake(None).await?;
        self.shell.deliver(Event::Alarm).await;
        Ok(())
    }

    /// A message arrived that the platform did not answer itself. There is a promise only if there is something to
    /// wait for: a promise costs as much as the rest of a message.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn web_socket_message(&self, socket: WebSocket, message: JsValue) -> Option<Promise> {
        count(&COUNTERS.received);
        let Some(conn) = self.shell.conn(&socket) else {
            close(&socket, CloseCode::Internal);
            return None;
        };
        let event = match message.dyn_into::<ArrayBuffer>() {
            // Anything too long is not a frame, and not worth the memory.
            Ok(long) if long.byte_length() as usize > limits::FRAME_BYTES => Event::Frame { conn, bytes: Vec::new() },
            Ok(frame) => Event::Frame { conn, bytes: Uint8Array::new(&frame).to_vec() },
            Err(_) => Event::Text { conn },
        };
        #[cfg(feature = "faults")]
        if let Event::Frame { bytes, .. } = &event {
            crate::faults::strike(bytes, "now");
            if bytes.starts_with(b"panic") {
                let (shell, bytes) = (Rc::clone(&self.shell), bytes.clone());
                return Some(promise(async move {
                    // Something to wait for.
                    let _ = shell.state.storage().get_alarm().await;
                    crate::faults::strike(&bytes, "later");
                }));
            }
        }
        if self.shell.is_awake() {
            let alarm = self.shell.take_in(event)?;
            let shell = Rc::clone(&self.shell);
            return Some(promise(async move { shell.set_alarm(alarm).await }));
        }
        let shell = Rc::clone(&self.shell);
        Some(promise(async move {
            match shell.wake(None).await {
                Ok(()) => shell.deliver(event).await,
                Err(_) => close(&socket, CloseCode::Internal),
            }
        }))
    }

    /// The other side closed.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub async fn web_socket_close(&self, socket: WebSocket) {
        self.shell.closed(&socket).await;
    }

    /// The connection broke.
    #[wasm_bindgen(js_name = webSocketError)]
    pub async fn web_socket_error(&self, socket: WebSocket) {
        self.shell.closed(&socket).await;
    }
}

impl Shell {
    async fn accept(self: &Rc<Self>, socket: &WebSocket, host: String, peer: Peer) -> Result<(), JsValue> {
        count(&COUNTERS.sockets);
        // Asked for first: nothing may come between the socket and the event that announces it.
        let push_key = push::key(&self.env).await;
        let woken = self.wake(None).await;
        let (conn, nonce) = (ConnId::from_bytes(random()?), Nonce::from_bytes(random()?));
        let state = self.state.as_raw();
        state.set_websocket_auto_response(&WebSocketRequestResponsePair::new(PING, PONG)?)?;
        state.accept_websocket_with_tags(socket, vec![conn.to_hex().into()])?;
        if woken.is_err() {
            close(socket, CloseCode::Internal);
            return Ok(());
        }
        if let Some(live) = self.live.borrow_mut().as_mut() {
            live.insert(conn, socket.clone(), &host);
            if let Some(key) = push_key {
                live.set_push_key(&key.public());
            }
        }
        self.deliver(Event::Opened { conn, nonce, host, peer }).await;
        Ok(())
    }

    async fn closed(self: &Rc<Self>, socket: &WebSocket) {
        if let Some(conn) = self.conn(socket)
            && self.wake(Some(socket)).await.is_ok()
        {
            self.deliver(Event::Closed { conn }).await;
        }
        // Answers the closing handshake; fails if it is already over.
        let _ = socket.close();
    }

    /// Rebuilds what hibernation dropped. `closing` is a socket that workerd may no longer list.
    async fn wake(&self, closing: Option<&WebSocket>) -> Result<(), JsValue> {
        if self.is_awake() {
            return Ok(());
        }
        let alarm = self.state.storage().get_alarm().await?;
        if self.is_awake() {
            return Ok(());
        }
        let id = self.id().ok_or("this object has no mailbox's name")?;
        match Live::restore(id, &self.state, closing, alarm.and_then(|at| u64::try_from(at).ok())) {
            Ok(mut live) => {
                live.set_push_services(push::services(&self.env));
                live.govern(policy::read(&self.env)?);
                *self.live.borrow_mut() = Some(live);
                Ok(())
            }
            Err(error) => {
                count(&COUNTERS.faults);
                worker::console_error!("a mailbox cannot be restored: {error}");
                Err(error.to_string().into())
            }
        }
    }

    /// Takes in an event and carries out what follows from it.
    async fn deliver(self: &Rc<Self>, event: Event) {
        if let Some(alarm) = self.take_in(event) {
            self.set_alarm(alarm).await;
        }
    }

    /// The part of [`Self::deliver`] that nothing may come between. Returns the alarm to set.
    fn take_in(self: &Rc<Self>, event: Event) -> Option<u64> {
        let live = &mut *self.live.borrow_mut();
        let rest = live.as_mut().map(|live| live.handle(event, now_ms())).unwrap_or_default();
        let deadline = live.as_ref().and_then(Live::sign_in_deadline);
        self.watch_sign_in(deadline);
        for (nameplate, until_ms) in rest.nameplates {
            let shell = Rc::clone(self);
            spawn_local(async move { shell.take_nameplate(nameplate, until_ms).await });
        }
        for (device, endpoint) in rest.wakes {
            let shell = Rc::clone(self);
            spawn_local(async move { shell.wake_device(device, endpoint).await });
        }
        rest.alarm
    }

    async fn set_alarm(&self, at: u64) {
        let date = js_sys::Date::new(&number(at));
        if self.state.storage().set_alarm(ScheduledTime::new(date)).await.is_err() {
            worker::console_error!("the alarm was not set");
            // The brain believes that it was; the next one asks.
            *self.live.borrow_mut() = None;
        }
    }

    fn is_awake(&self) -> bool {
        self.live.borrow().is_some()
    }

    async fn take_nameplate(self: &Rc<Self>, nameplate: u32, until_ms: u64) {
        let mailbox = self.id();
        let taken = match mailbox {
            Some(mailbox) => nameplate::take(&self.env, nameplate, mailbox, until_ms).await.unwrap_or(false),
            None => false,
        };
        // Boxed, because this is part of what `deliver` starts.
        Box::pin(self.deliver(Event::Nameplate { nameplate, taken })).await;
    }

    async fn wake_device(self: &Rc<Self>, device: DeviceId, endpoint: String) {
        let host = self.live.borrow().as_ref().and_then(Live::host);
        let gone = push::wake(&self.env, &endpoint, host.as_deref(), now_ms()).await == Answer::Gone;
        // Nobody may have been there meanwhile, and the answer may be the first event.
        if self.wake(None).await.is_ok() {
            Box::pin(self.deliver(Event::WakeAnswered { device, endpoint, gone })).await;
        }
    }

    /// The mailbox that this object is named after.
    fn id(&self) -> Option<MailboxId> {
        self.state.as_raw().id().ok()?.name().as_deref().and_then(MailboxId::from_hex)
    }

    /// Keeps the timer running as long as there are sockets on which nobody has signed in.
    fn watch_sign_in(self: &Rc<Self>, deadline: Option<u64>) {
        let mut timer = self.timer.borrow_mut();
        match deadline {
            None => *timer = None,
            Some(at) if timer.is_none() => {
                let shell = Rc::downgrade(self);
                let ring = move || {
                    if let Some(shell) = shell.upgrade() {
                        spawn_local(async move { shell.ring().await });
                    }
                };
                let wait = u32::try_from(at.saturating_sub(now_ms())).unwrap_or(u32::MAX);
                *timer = Timer::start(wait, ring).ok();
            }
            Some(_) => {}
        }
    }

    async fn ring(self: &Rc<Self>) {
        *self.timer.borrow_mut() = None;
        self.deliver(Event::Tick).await;
    }

    /// The name that this socket was given when it was accepted.
    fn conn(&self, socket: &WebSocket) -> Option<ConnId> {
        if let Some(conn) = self.live.borrow().as_ref().and_then(|live| live.name(socket)) {
            return Some(conn);
        }
        let tags = self.state.as_raw().get_tags(socket).ok()?;
        ConnId::from_hex(tags.first()?)
    }
}

fn promise(work: impl Future<Output = ()> + 'static) -> Promise {
    future_to_promise(async move {
        work.await;
        Ok(JsValue::UNDEFINED)
    })
}

/// Milliseconds since 1970.
#[expect(clippy::cast_sign_loss, reason = "it is later than 1970")]
fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

fn random<const N: usize>() -> Result<[u8; N], JsValue> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| "no randomness")?;
    Ok(bytes)
}
