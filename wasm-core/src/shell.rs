//! An engine and the loop around it: takes one event, carries its effects out strictly in order, and
//! only then takes the next. It refuses to send what is not stored: when the browser does not store
//! a change, everything stands still until it does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hushclip_engine::view::{Connection, Problem};
use hushclip_engine::{Command, Content, Effect, Engine, Event, Notice, View, Write};
use js_sys::Function;
use wasm_bindgen_futures::spawn_local;

use crate::failure::StartError;
use crate::queue::Queue;
use crate::rng;
use crate::socket::Socket;
use crate::store::Store;
use crate::time::{self, Timer};

/// How long at most the view lags behind while events come without a pause, milliseconds.
const VIEW_LAG_MS: u64 = 100;
/// How often a change that was not stored is tried again, milliseconds.
const STORE_AGAIN_MS: u64 = 30_000;

/// What the surroundings do for a shell.
pub trait Host {
    /// The view is not what it was; `view` makes the new one, which costs a copy of all clips.
    fn view_changed(&self, view: &dyn Fn() -> View);
    /// Something passing happened.
    fn notice(&self, notice: Notice);
    /// Put this on the clipboard.
    fn write_clipboard(&self, content: Content);
}

/// A running engine. Clones are handles on the same one.
#[derive(Clone)]
pub struct Shell(Rc<Inner>);

struct Inner {
    engine: RefCell<Engine>,
    inputs: Queue<Input>,
    store: Store,
    host: Box<dyn Host>,
    socket: RefCell<Option<Socket>>,
    /// Counts sockets: what an old one said is not the new one's.
    generation: Cell<u64>,
    timer: RefCell<Option<Timer>>,
    stall: RefCell<Option<Stall>>,
    view_is_old: Cell<bool>,
    shown_at: Cell<u64>,
}

enum Input {
    Event(Event),
    /// From the socket of a generation.
    Socket(u64, Event),
}

/// A change could not be stored, and all else waits for it.
struct Stall {
    problem: Problem,
    try_again: Option<Function>,
}

impl Shell {
    /// Opens the store, restores the engine and starts it.
    pub async fn start(host: impl Host + 'static) -> Result<Self, StartError> {
        let (store, records) = Store::open().await?;
        let engine = Engine::restore(records).map_err(|_| StartError::Damaged)?;
        let inner = Rc::new(Inner {
            engine: RefCell::new(engine),
            inputs: Queue::new(),
            store,
            host: Box::new(host),
            socket: RefCell::default(),
            generation: Cell::default(),
            timer: RefCell::default(),
            stall: RefCell::default(),
            view_is_old: Cell::new(true),
            shown_at: Cell::default(),
        });
        inner.inputs.push(Input::Event(Event::Started));
        spawn_local(Rc::clone(&inner).run());
        Ok(Self(inner))
    }

    /// The person asks for something.
    pub fn command(&self, command: Command) {
        self.0.accept(Event::Command(command));
    }

    /// The local clipboard holds something new.
    pub fn local_copy(&self, text: String, html: Option<String>) {
        self.0.accept(Event::LocalCopy(Content { text, html }));
    }

    /// The platform says that the network, or the person, is back.
    pub fn online(&self) {
        self.0.accept(Event::Online);
    }

    /// The process was woken, perhaps at the time that the engine asked for.
    pub fn wake(&self) {
        self.0.accept(Event::Timer);
    }

    /// What a person sees.
    pub fn view(&self) -> View {
        self.0.view()
    }

    /// The same without the clips, which are many.
    pub fn view_without_clips(&self) -> View {
        self.0.stalled(self.0.engine.borrow().view_without_clips())
    }
}

impl Inner {
    async fn run(self: Rc<Self>) {
        loop {
            if let Some(event) = self.admit(self.inputs.next().await) {
                let effects = self.engine.borrow_mut().handle(event, time::now(), &mut rng::system());
                for effect in effects {
                    self.carry_out(effect).await;
                }
            }
            let lag = time::now().saturating_sub(self.shown_at.get());
            if self.view_is_old.get() && (self.inputs.is_empty() || lag >= VIEW_LAG_MS) {
                self.show();
            }
        }
    }

    fn admit(&self, input: Input) -> Option<Event> {
        match input {
            Input::Event(event) => Some(event),
            Input::Socket(generation, event) => (generation == self.generation.get()).then_some(event),
        }
    }

    /// Queues an event; while a change is not stored, also tries that again.
    fn accept(&self, event: Event) {
        if let Some(stall) = &*self.stall.borrow() {
            if matches!(event, Event::Command(_)) {
                self.host.notice(Notice::Failed { problem: stall.problem.clone() });
            }
            if let Some(try_again) = &stall.try_again {
                let _ = try_again.call0(&js_sys::global());
            }
        }
        self.inputs.push(Input::Event(event));
    }

    async fn carry_out(self: &Rc<Self>, effect: Effect) {
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
            Effect::WriteClipboard(content) => self.host.write_clipboard(content),
            Effect::Notice(notice) => self.host.notice(notice),
            Effect::ViewChanged => self.view_is_old.set(true),
        }
    }

    /// Stores the changes, for as long as it takes.
    async fn persist(&self, writes: &[Write]) {
        while let Err(error) = self.store.apply(writes).await {
            let problem = error.problem();
            // The relay's frames would only pile up; the engine hears of it once it goes on.
            if self.socket.take().is_some() {
                self.inputs.push(Input::Socket(self.generation.get(), Event::SocketClosed { code: None }));
            }
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
        self.host.view_changed(&|| self.view());
    }

    fn view(&self) -> View {
        self.stalled(self.engine.borrow().view())
    }

    fn stalled(&self, view: View) -> View {
        match &*self.stall.borrow() {
            Some(stall) => View { problem: Some(stall.problem.clone()), connection: Connection::Idle, ..view },
            None => view,
        }
    }
}
