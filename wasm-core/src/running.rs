//! A driver in the browser: does what it says is to be done, and tells it what became of it. When the browser does not
//! store a change, everything stands still until it does. It may be stopped at any moment, as a process may.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use gloo_timers::callback::Timeout;
use hushclip_crypto::archive::Archive;
use hushclip_crypto::vault::VaultKey;
use hushclip_driver::{Driver, LineId, Said, Step};
use hushclip_engine::{Engine, Event};
use hushclip_model::{Answered, CommandId, Outcome, Problem, Query, View};
use wasm_bindgen_futures::spawn_local;

use crate::failure::StoreError;
use crate::queue::Queue;
use crate::shell::Host;
use crate::socket::Socket;
use crate::store::{Guard, Store};
use crate::{archive, rng, time};

/// A running engine.
pub(crate) struct Running {
    driver: RefCell<Driver>,
    /// Something has happened: the driver may know what to do.
    woken: Queue<()>,
    rekeys: Queue<Rekey>,
    store: Rc<Store>,
    key: RefCell<VaultKey>,
    host: Rc<dyn Host>,
    socket: RefCell<Option<Socket>>,
    timer: RefCell<Option<Timeout>>,
    /// What files of the history are to be sealed with that are being made.
    passphrases: RefCell<Vec<(CommandId, String)>>,
    stopped: Cell<bool>,
    sleeper: Cell<Option<Waker>>,
}

/// Everything is to be sealed under another key.
struct Rekey(VaultKey, Guard, Answer);

/// Where the outcome of a [`Rekey`] goes. Dropped, it has failed.
struct Answer(Rc<Queue<Result<(), StoreError>>>);

impl Drop for Answer {
    fn drop(&mut self) {
        // Only the first is read.
        self.0.push(Err(StoreError::Failed));
    }
}

impl Running {
    /// Starts an engine over the records that this key opens.
    pub(crate) async fn start(store: Rc<Store>, key: VaultKey, host: Rc<dyn Host>) -> Result<Rc<Self>, Problem> {
        let records = store.records(&key).await?;
        let mut driver = Driver::open(records).map_err(|_| Problem::StorageDamaged)?;
        driver.push(Event::Started);
        let this = Rc::new(Self {
            driver: RefCell::new(driver),
            woken: Queue::new(),
            rekeys: Queue::new(),
            store,
            key: RefCell::new(key),
            host,
            socket: RefCell::default(),
            timer: RefCell::default(),
            passphrases: RefCell::default(),
            stopped: Cell::default(),
            sleeper: Cell::default(),
        });
        spawn_local(Rc::clone(&this).run_until_stopped());
        Ok(this)
    }

    /// Ends everything at once: the socket is closed, and with the last handle the engine is gone.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
        self.socket.take();
        self.timer.take();
        // Whoever waits for one hears that it was not done.
        self.rekeys.take();
        self.passphrases.take();
        let answers = self.driver.borrow_mut().abandon(&Problem::Locked);
        for answered in answers {
            self.host.answer(answered);
        }
        if let Some(sleeper) = self.sleeper.take() {
            sleeper.wake();
        }
    }

    /// Seals everything that is stored under another key, after what was asked for before.
    pub(crate) async fn rekey(&self, key: VaultKey, guard: Guard) -> Result<(), StoreError> {
        if self.stopped.get() {
            return Err(StoreError::Failed);
        }
        let answer = Rc::new(Queue::new());
        self.rekeys.push(Rekey(key, guard, Answer(Rc::clone(&answer))));
        self.woken.push(());
        answer.next().await
    }

    pub(crate) fn find(&self, query: &Query) -> View {
        self.driver.borrow().find(query)
    }

    pub(crate) fn with_engine<T>(&self, ask: impl FnOnce(&Engine) -> T) -> T {
        ask(self.driver.borrow().engine())
    }

    pub(crate) fn view_without_clips(&self) -> View {
        self.driver.borrow().view_without_clips()
    }

    /// Queues an event.
    pub(crate) fn accept(&self, event: Event) {
        self.drive(|driver| driver.push(event));
    }

    /// Queues a copy that the person made just now; what comes from elsewhere is older than that.
    pub(crate) fn accept_copy(&self, copy: Event) {
        self.drive(|driver| driver.push_copy(copy));
    }

    /// Reads all of a clip.
    pub(crate) fn read(&self, id: CommandId, clip: String) {
        self.drive(|driver| driver.read(id, clip));
    }

    /// Makes a file of the history.
    pub(crate) fn export(&self, id: CommandId, passphrase: String) {
        self.passphrases.borrow_mut().push((id, passphrase));
        self.drive(|driver| driver.archive(id));
    }

    fn take_passphrase(&self, id: CommandId) -> Option<String> {
        self.passphrases.borrow_mut().extract_if(.., |(of, _)| *of == id).next().map(|(_, passphrase)| passphrase)
    }

    fn seal(&self, id: CommandId, archive: &Archive, lost: u32) {
        let Some(passphrase) = self.take_passphrase(id) else { return };
        let outcome = archive::seal(archive, lost, &passphrase).unwrap_or_else(Outcome::from);
        self.host.answer(Answered { id, outcome });
    }

    /// Closes the socket and lets the engine believe that it broke.
    pub(crate) fn hang_up(&self) {
        // A page that is put away may never come to the driver's next step.
        self.socket.take();
        self.drive(Driver::hang_up);
    }

    fn drive(&self, act: impl FnOnce(&mut Driver)) {
        act(&mut self.driver.borrow_mut());
        self.woken.push(());
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
        self.show();
        loop {
            let step = self.driver.borrow_mut().next(time::now(), &mut rng::system());
            match step {
                Some(Step::Store(writes)) => {
                    let key = self.key.borrow().clone();
                    let outcome = self.store.apply(&key, &writes).await;
                    let mut driver = self.driver.borrow_mut();
                    match outcome {
                        Ok(()) => driver.stored(),
                        Err(error) => driver.failed(error.stall(), time::now()),
                    }
                }
                Some(Step::Load(names)) => {
                    let key = self.key.borrow().clone();
                    let outcome = self.store.read(&key, names).await;
                    let mut driver = self.driver.borrow_mut();
                    match outcome {
                        Ok(records) => driver.loaded(records, time::now()),
                        Err(_) => driver.failed(Problem::StorageUnread, time::now()),
                    }
                }
                Some(step) => self.carry_out(step),
                None => self.idle().await,
            }
        }
    }

    /// Nothing is to be done, until something happens or a change is to be stored once more.
    async fn idle(self: &Rc<Self>) {
        let again_at = self.driver.borrow().again_at();
        if again_at.is_none()
            && let Some(Rekey(key, guard, answer)) = self.rekeys.pop()
        {
            let from = self.key.borrow().clone();
            let outcome = self.store.rekey(&from, &key, &guard).await;
            if outcome.is_ok() {
                self.key.replace(key);
            }
            return answer.0.push(outcome);
        }
        let _again = again_at.map(|at| time::call_at(at, self.waking(|_| {})));
        self.woken.next().await;
        // All of them are answered at once.
        self.woken.take();
    }

    /// A callback that does something with the driver, for as long as there is one.
    fn waking(self: &Rc<Self>, act: impl Fn(&mut Driver) + 'static) -> impl Fn() + 'static {
        let this = Rc::downgrade(self);
        move || {
            if let Some(this) = this.upgrade() {
                this.drive(&act);
            }
        }
    }

    fn carry_out(self: &Rc<Self>, step: Step) {
        match step {
            // Awaited where it comes from.
            Step::Store(_) | Step::Load(_) => {}
            Step::Open { line, url } => self.open(line, &url),
            Step::Send { frame, .. } => self.with_socket(|socket| socket.send(&frame)),
            Step::Ping { .. } => self.with_socket(Socket::ping),
            Step::Close { .. } => drop(self.socket.take()),
            Step::WakeAt(at) => {
                let timer = time::call_at(at, self.waking(|driver| driver.push(Event::Timer)));
                self.timer.replace(Some(timer));
            }
            Step::WriteClipboard { content, picked } => self.host.write_clipboard(content, picked),
            Step::ClearClipboard(digest) => self.host.clear_clipboard(digest.to_hex()),
            Step::Archive { id, archive, lost } => self.seal(id, &archive, lost),
            Step::Answer(answered) => {
                self.take_passphrase(answered.id);
                self.host.answer(answered);
            }
            Step::Notice(notice) => self.host.notice(notice),
            Step::Show => self.show(),
        }
    }

    fn open(self: &Rc<Self>, line: LineId, url: &str) {
        let this = Rc::downgrade(self);
        let heard = move |said| {
            if let Some(this) = this.upgrade() {
                this.drive(|driver| driver.line(line, said));
            }
        };
        match Socket::open(url, heard.clone()) {
            Ok(socket) => *self.socket.borrow_mut() = Some(socket),
            Err(_) => heard(Said::Closed { code: None }),
        }
    }

    fn with_socket(&self, act: impl FnOnce(&Socket)) {
        if let Some(socket) = &*self.socket.borrow() {
            act(socket);
        }
    }

    fn show(&self) {
        self.host.view_changed(&|query| self.find(query));
    }
}
