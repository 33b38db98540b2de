//! An engine and the loop around it: takes one event, carries its effects out strictly in order, and
//! only then takes the next. It refuses to send what is not stored: when the browser does not store
//! a change, everything stands still until it does. It may be stopped at any moment, as a process may.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use hushclip_crypto::vault::VaultKey;
use hushclip_engine::{Effect, Engine, Event, Write};
use hushclip_model::view::Connection;
use hushclip_model::{Answered, Command, CommandId, Notice, Problem, Query, View};
use js_sys::Function;
use wasm_bindgen_futures::spawn_local;

use crate::failure::StoreError;
use crate::queue::Queue;
use crate::rng;
use crate::shell::Host;
use crate::socket::Socket;
use crate::store::{Guard, Store};
use crate::time::{self, Timer};

/// How long at most the view lags behind while events come without a pause, milliseconds.
const VIEW_LAG_MS: u64 = 100;
/// How often a change that was not stored is tried again, milliseconds.
const STORE_AGAIN_MS: u64 = 30_000;

/// A running engine.
pub(crate) struct Running {
    engine: RefCell<Engine>,
    inputs: Queue<Input>,
    /// What the engine is at, if somebody waits for the answer.
    current: Cell<Option<CommandId>>,
    /// How many of the person's copies wait among the inputs.
    copies: Cell<u32>,
    store: Rc<Store>,
    key: RefCell<VaultKey>,
    host: Rc<dyn Host>,
    socket: RefCell<Option<Socket>>,
    /// Counts sockets: what an old one said is not the new one's.
    generation: Cell<u64>,
    timer: RefCell<Option<Timer>>,
    stall: RefCell<Option<Stall>>,
    view_is_old: Cell<bool>,
    shown_at: Cell<u64>,
    stopped: Cell<bool>,
    sleeper: Cell<Option<Waker>>,
}

enum Input {
    Event(Event),
    /// The person copied something just now.
    Copy(Event),
    /// From the socket of a generation.
    Socket(u64, Event),
    /// Seal everything under another key.
    Rekey(VaultKey, Guard, Answer),
}

/// Where the outcome of a [`Input::Rekey`] goes. Dropped, it has failed.
struct Answer(Rc<Queue<Result<(), StoreError>>>);

impl Drop for Answer {
    fn drop(&mut self) {
        // Only the first is read.
        self.0.push(Err(StoreError::Failed));
    }
}

/// A change could not be stored, and all else waits for it.
struct Stall {
    problem: Problem,
    try_again: Option<Function>,
}

impl Stall {
    fn try_again(&self) {
        if let Some(try_again) = &self.try_again {
            let _ = try_again.call0(&js_sys::global());
        }
    }
}

impl Running {
    /// Starts an engine over the records that this key opens.
    pub(crate) async fn start(store: Rc<Store>, key: VaultKey, host: Rc<dyn Host>) -> Result<Rc<Self>, Problem> {
        let records = store.records(&key).await?;
        let engine = Engine::restore(records).map_err(|_| Problem::StorageDamaged)?;
        let this = Rc::new(Self {
            engine: RefCell::new(engine),
            inputs: Queue::new(),
            current: Cell::default(),
            copies: Cell::default(),
            store,
            key: RefCell::new(key),
            host,
            socket: RefCell::default(),
            generation: Cell::default(),
            timer: RefCell::default(),
            stall: RefCell::default(),
            view_is_old: Cell::new(true),
            shown_at: Cell::default(),
            stopped: Cell::default(),
            sleeper: Cell::default(),
        });
        this.inputs.push(Input::Event(Event::Started));
        spawn_local(Rc::clone(&this).run_until_stopped());
        Ok(this)
    }

    /// Ends everything at once: the socket is closed, and with the last handle the engine is gone.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
        self.disconnect();
        self.timer.take();
        let waiting = self.inputs.take().into_iter().filter_map(|input| match input {
            Input::Event(event) => awaited(&event),
            _ => None,
        });
        for id in self.current.take().into_iter().chain(waiting) {
            self.host.answer(Answered { id, outcome: Problem::Locked.into() });
        }
        if let Some(sleeper) = self.sleeper.take() {
            sleeper.wake();
        }
    }

    /// Seals everything that is stored under another key, after what was asked for before.
    pub(crate) async fn rekey(&self, key: VaultKey, guard: Guard) -> Result<(), StoreError> {
        let answer = Rc::new(Queue::new());
        self.inputs.push(Input::Rekey(key, guard, Answer(Rc::clone(&answer))));
        answer.next().await
    }

    pub(crate) fn find(&self, query: &Query) -> View {
        self.stalled(self.engine.borrow().find(query))
    }

    pub(crate) fn with_engine<T>(&self, ask: impl FnOnce(&Engine) -> T) -> T {
        ask(&self.engine.borrow())
    }

    pub(crate) fn view_without_clips(&self) -> View {
        self.stalled(self.engine.borrow().view_without_clips())
    }

    /// Queues an event; while a change is not stored, also tries that again.
    pub(crate) fn accept(&self, event: Event) {
        if let Some(stall) = &*self.stall.borrow() {
            if awaited(&event).is_some() {
                self.host.notice(Notice::Failed { problem: stall.problem.clone() });
            }
            stall.try_again();
        }
        self.inputs.push(Input::Event(event));
    }

    /// Queues a copy that the person made just now; what comes from elsewhere is older than that.
    pub(crate) fn accept_copy(&self, copy: Event) {
        if let Some(stall) = &*self.stall.borrow() {
            stall.try_again();
        }
        self.copies.set(self.copies.get() + 1);
        self.inputs.push(Input::Copy(copy));
    }

    async fn run_until_stopped(self: Rc<Self>) {
        let mut run = pin!(Rc::clone(&self).run());
        poll_fn(|context| {
            if self.stopped.get() {
                return Poll::Ready(());
            }
            self.sleeper.set(Some(context.waker().clone()));
            run.as_mut().poll(context)
        })
        .await;
    }

    async fn run(self: Rc<Self>) {
        loop {
            if let Some(event) = self.admit(self.inputs.next().await).await {
                let picked = matches!(&event, Event::Command { command: Command::Take { .. }, .. });
                self.current.set(awaited(&event));
                let effects = self.engine.borrow_mut().handle(event, time::now(), &mut rng::system());
                for effect in effects {
                    self.carry_out(effect, picked).await;
                }
            }
            let lag = time::now().saturating_sub(self.shown_at.get());
            if self.view_is_old.get() && (self.inputs.is_empty() || lag >= VIEW_LAG_MS) {
                self.show();
            }
        }
    }

    /// What of an input is for the engine.
    async fn admit(&self, input: Input) -> Option<Event> {
        match input {
            Input::Event(event) => Some(event),
            Input::Copy(copy) => {
                self.copies.set(self.copies.get() - 1);
                Some(copy)
            }
            Input::Socket(generation, event) => (generation == self.generation.get()).then_some(event),
            Input::Rekey(key, guard, answer) => {
                let from = self.key.borrow().clone();
                let outcome = self.store.rekey(&from, &key, &guard).await;
                if outcome.is_ok() {
                    self.key.replace(key);
                }
                answer.0.push(outcome);
                None
            }
        }
    }

    async fn carry_out(self: &Rc<Self>, effect: Effect, picked: bool) {
        match effect {
            Effect::Persist(writes) => self.persist(&writes).await,
            Effect::Connect { url } => self.connect(&url),
            Effect::Send(frame) => self.with_socket(|socket| socket.send(&frame)),
            Effect::Ping => self.with_socket(Socket::ping),
            Effect::Disconnect => self.disconnect(),
            Effect::WakeAt(at) => {
                let this = Rc::downgrade(self);
                let fired = move || {
                    if let Some(this) = this.upgrade() {
                        this.inputs.push(Input::Event(Event::Timer));
                    }
                };
                self.timer.replace(Some(Timer::at(at, fired)));
            }
            Effect::WriteClipboard(content) if picked || self.copies.get() == 0 => {
                self.host.write_clipboard(content, picked);
            }
            Effect::WriteClipboard(_) => {}
            Effect::ClearClipboard(content) => self.host.clear_clipboard(content),
            Effect::Answer(answered) => {
                self.current.take();
                self.host.answer(answered);
            }
            Effect::Notice(notice) => self.host.notice(notice),
            Effect::ViewChanged => self.view_is_old.set(true),
        }
    }

    /// Stores the changes, for as long as it takes.
    async fn persist(&self, writes: &[Write]) {
        let key = self.key.borrow().clone();
        while let Err(error) = self.store.apply(&key, writes).await {
            let problem = error.stall();
            // The relay's frames would only pile up; the engine hears of it once it goes on.
            self.hang_up();
            let (again, try_again) = time::sleep_or_call(STORE_AGAIN_MS);
            if self.stall.replace(Some(Stall { problem: problem.clone(), try_again })).is_none() {
                self.host.notice(Notice::Failed { problem });
            }
            self.show();
            again.await;
        }
        if self.stall.take().is_some() {
            self.view_is_old.set(true);
        }
    }

    fn connect(self: &Rc<Self>, url: &str) {
        self.disconnect();
        let generation = self.generation.get();
        let this = Rc::downgrade(self);
        let heard = move |event| {
            if let Some(this) = this.upgrade() {
                this.inputs.push(Input::Socket(generation, event));
            }
        };
        match Socket::open(url, heard.clone()) {
            Ok(socket) => *self.socket.borrow_mut() = Some(socket),
            Err(_) => heard(Event::SocketClosed { code: None }),
        }
    }

    /// Closes the socket and lets the engine believe that it broke.
    pub(crate) fn hang_up(&self) {
        if self.socket.take().is_some() {
            self.inputs.push(Input::Socket(self.generation.get(), Event::SocketClosed { code: None }));
        }
    }

    fn disconnect(&self) {
        self.generation.set(self.generation.get() + 1);
        self.socket.take();
    }

    fn with_socket(&self, act: impl FnOnce(&Socket)) {
        if let Some(socket) = &*self.socket.borrow() {
            act(socket);
        }
    }

    fn show(&self) {
        self.view_is_old.set(false);
        self.shown_at.set(time::now());
        self.host.view_changed(&|query| self.find(query));
    }

    fn stalled(&self, view: View) -> View {
        match &*self.stall.borrow() {
            Some(stall) => View { problem: Some(stall.problem.clone()), connection: Connection::Idle, ..view },
            None => view,
        }
    }
}

/// By what name somebody waits for the answer to this.
fn awaited(event: &Event) -> Option<CommandId> {
    match event {
        Event::Command { id, .. } | Event::Import { id, .. } => Some(*id),
        _ => None,
    }
}
