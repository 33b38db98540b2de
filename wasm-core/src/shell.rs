//! A device in this browser: an engine that runs, or a lock and nothing behind it. It carries out what
//! a person asks of the lock, one request after the other, and locks when nobody is there.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use hushclip_crypto::vault::{LockedKey, UnlockError, VaultKey};
use hushclip_engine::{Event, text_digest};
use hushclip_model::{
    Answered, ArchiveCommand, Ask, Asked, Command, CommandId, Content, LockCommand, LockState, LockView, Notice,
    Outcome, Problem, Query, Settings, View,
};
use wasm_bindgen_futures::spawn_local;

use crate::failure::{self, StoreError};
use crate::idle::{AutoLock, Idle};
use crate::queue::Queue;
use crate::running::Running;
use crate::store::{Guard, Store};
use crate::time;
use crate::tries::Tries;
use crate::{archive, js, rng};

/// Argon2id lets nothing else happen; the page shall have been painted before, milliseconds.
const PAINT_MS: u32 = 60;

/// What the surroundings do for a shell.
pub trait Host {
    /// The view is not what it was; `find` makes the new one.
    fn view_changed(&self, find: &dyn Fn(&Query) -> View);
    /// The lock is not what it was. Once it is locked, whatever was shown is to be forgotten.
    fn lock_changed(&self, lock: LockView);
    /// What became of a command.
    fn answer(&self, answered: Answered);
    /// Something passing happened.
    fn notice(&self, notice: Notice);
    /// Put this on the clipboard; what the person has `picked` from the list goes before all else.
    fn write_clipboard(&self, content: Content, picked: bool);
    /// Clear the clipboard, if it still [`is`] the text with this digest.
    fn clear_clipboard(&self, digest: String);
}

/// A device in this browser. Clones are handles on the same one.
#[derive(Clone)]
pub struct Shell(Rc<Inner>);

struct Inner {
    host: Rc<dyn Host>,
    store: Rc<Store>,
    running: RefCell<Option<Rc<Running>>>,
    lock: RefCell<LockView>,
    tries: RefCell<Tries>,
    idle: RefCell<Idle>,
    timer: RefCell<Option<Timeout>>,
    wanted: Queue<Wanted>,
}

/// What waits for the lock.
enum Wanted {
    Command(CommandId, LockCommand),
    /// The account was forgotten, and with it the passphrase.
    Left,
}

impl Shell {
    /// Opens the store; starts the engine, unless there is a passphrase.
    pub async fn start(host: impl Host + 'static) -> Result<Self, Problem> {
        let store = Rc::new(Store::open().await?);
        let guard = store.guard().await?;
        let inner = Rc::new(Inner {
            host: Rc::new(host),
            store,
            running: RefCell::default(),
            lock: RefCell::default(),
            tries: RefCell::default(),
            idle: RefCell::default(),
            timer: RefCell::default(),
            wanted: Queue::new(),
        });
        match guard {
            Guard::Open(key) => inner.run(key, None).await?,
            Guard::Locked { auto_lock: AutoLock(auto_lock_minutes), .. } => {
                let locked = LockView { state: LockState::Locked, auto_lock_minutes, ..LockView::default() };
                inner.change(|lock| *lock = locked);
            }
        }
        spawn_local(Rc::clone(&inner).serve());
        Ok(Self(inner))
    }

    /// The person asks for something, and hears by [`Host::answer`] what became of it.
    pub fn ask(&self, Asked { id, ask }: Asked) {
        self.person();
        match ask {
            Ask::Command(command) => self.command(id, command),
            Ask::Lock(LockCommand::Lock) => {
                self.0.close();
                self.0.answer(id, Outcome::Done);
            }
            Ask::Lock(command) => self.0.wanted.push(Wanted::Command(id, command)),
            Ask::Archive(command) => spawn_local(Rc::clone(&self.0).archive(id, command)),
            Ask::Read { clip } => match self.0.running() {
                Some(running) => running.read(id, clip),
                None => self.0.answer(id, Problem::Locked.into()),
            },
        }
    }

    fn command(&self, id: CommandId, command: Command) {
        if self.0.running().is_none() {
            return self.0.answer(id, Problem::Locked.into());
        }
        let left = command == Command::Leave;
        self.tell(Event::Command { id, command });
        if left && self.0.lock.borrow().state == LockState::Guarded {
            self.0.wanted.push(Wanted::Left);
        }
    }

    /// A person is here. Whoever comes too late finds the device locked.
    pub fn person(&self) {
        if !self.0.lock_if_idle() {
            self.0.idle.borrow_mut().seen(time::now());
        }
    }

    /// The local clipboard holds something new; `sure` if the person has certainly copied it.
    pub fn local_copy(&self, text: String, html: Option<String>, sure: bool) {
        self.person();
        self.tell(local(Content { text, html }, sure));
    }

    /// The person copied this just now. Unlike [`Self::local_copy`], it stays on the clipboard, whatever comes
    /// from elsewhere before the engine has got to it.
    pub fn copied(&self, text: String, html: Option<String>, sure: bool) {
        self.person();
        if let Some(running) = self.0.running() {
            running.accept_copy(local(Content { text, html }, sure));
        }
    }

    /// The platform says that the network, or the person, is back.
    pub fn online(&self) {
        self.tell(Event::Online);
    }

    /// The network is gone, or the page is put away and may be kept as it is, with its socket: nobody shall believe that
    /// it listens. The engine goes on trying, because the relay may be on this machine.
    pub fn offline(&self) {
        if let Some(running) = self.0.running() {
            running.hang_up();
        }
    }

    /// The process was woken, perhaps at the time that the engine asked for.
    pub fn wake(&self) {
        self.tell(Event::Timer);
    }

    /// Something was pasted here, nobody knows what.
    pub fn pasted(&self) {
        self.tell(Event::Pasted);
    }

    /// Whether copies are looked at that were made on a page of these sites; see [`Settings::catches`].
    pub fn catches(&self, sites: Option<&[String]>) -> bool {
        self.0.running().is_some_and(|running| running.with_engine(|engine| engine.settings().catches(sites)))
    }

    /// What the person chose; the usual while it is locked.
    pub fn settings(&self) -> Settings {
        self.0.running().map(|running| running.with_engine(|engine| engine.settings().clone())).unwrap_or_default()
    }

    /// What a person sees, with the clips that they look for; nothing while it is locked.
    pub fn find(&self, query: &Query) -> View {
        self.0.running().map(|running| running.find(query)).unwrap_or_default()
    }

    /// The same without the clips, which are many.
    pub fn view_without_clips(&self) -> View {
        self.0.running().map(|running| running.view_without_clips()).unwrap_or_default()
    }

    /// How the lock stands.
    pub fn lock(&self) -> LockView {
        self.0.lock.borrow().clone()
    }

    fn tell(&self, event: Event) {
        // A machine that slept has timers that are late.
        self.0.lock_if_idle();
        if let Some(running) = self.0.running() {
            running.accept(event);
        }
    }
}

/// Whether a text has a digest, which is in hexadecimal.
pub fn is(text: &str, digest: &str) -> bool {
    text_digest(text).to_hex() == digest
}

fn local(content: Content, sure: bool) -> Event {
    if sure { Event::Copied(content) } else { Event::LocalCopy(content) }
}

impl Inner {
    async fn serve(self: Rc<Self>) {
        loop {
            let wanted = self.wanted.next().await;
            let working = !matches!(wanted, Wanted::Left | Wanted::Command(_, LockCommand::SetAutoLock { .. }));
            self.change(|lock| lock.busy = working);
            if working {
                TimeoutFuture::new(PAINT_MS).await;
            }
            let (id, outcome) = match wanted {
                Wanted::Left => (None, self.set_guard_open().await),
                Wanted::Command(id, command) => (Some(id), self.carry_out(command).await),
            };
            let retry_at = self.tries.borrow().wait(time::now());
            self.change(|lock| {
                lock.busy = false;
                lock.retry_at = retry_at;
            });
            if let Some(id) = id {
                self.answer(id, outcome.map_or_else(Outcome::from, |()| Outcome::Done));
            }
        }
    }

    fn answer(&self, id: CommandId, outcome: Outcome) {
        self.host.answer(Answered { id, outcome });
    }

    /// Makes a file of the history, or takes one in. Takes 64 MiB and about a second.
    async fn archive(self: Rc<Self>, id: CommandId, command: ArchiveCommand) {
        // What is shown meanwhile is painted first.
        TimeoutFuture::new(PAINT_MS).await;
        let Some(running) = self.running() else { return self.answer(id, Problem::Locked.into()) };
        match command {
            ArchiveCommand::Export { passphrase } => running.export(id, passphrase),
            ArchiveCommand::Import { passphrase, file } => match archive::open(&file, &passphrase) {
                Ok(clips) => running.accept(Event::Import { id, clips }),
                Err(problem) => self.answer(id, problem.into()),
            },
        }
    }

    async fn carry_out(self: &Rc<Self>, command: LockCommand) -> Result<(), Problem> {
        match command {
            LockCommand::Unlock { passphrase } => self.unlock(&passphrase).await,
            LockCommand::SetPassphrase { old, new } => self.set_passphrase(old.as_deref(), &new).await,
            LockCommand::RemovePassphrase { old } => {
                if let Guard::Locked { key, .. } = self.store.guard().await? {
                    self.try_passphrase(&key, &old)?;
                }
                self.set_guard_open().await
            }
            LockCommand::SetAutoLock { minutes } => self.set_auto_lock(AutoLock(minutes)).await,
            LockCommand::Forget => self.forget().await,
            LockCommand::Lock => Ok(()),
        }
    }

    /// Opens, as far as the passphrase is right.
    async fn unlock(self: &Rc<Self>, passphrase: &str) -> Result<(), Problem> {
        if self.running().is_some() {
            return Ok(());
        }
        match self.store.guard().await? {
            Guard::Open(key) => self.run(key, None).await,
            Guard::Locked { key, auto_lock } => {
                let key = self.try_passphrase(&key, passphrase)?;
                self.run(key, Some(auto_lock)).await
            }
        }
    }

    async fn set_passphrase(self: &Rc<Self>, old: Option<&str>, new: &str) -> Result<(), Problem> {
        let running = self.running().ok_or(Problem::Locked)?;
        let auto_lock = match self.store.guard().await? {
            Guard::Open(_) => AutoLock::default(),
            Guard::Locked { key, auto_lock } => {
                self.try_passphrase(&key, old.unwrap_or_default())?;
                auto_lock
            }
        };
        let vault = VaultKey::make(&mut rng::system());
        let key = vault.lock(&js::composed(new), &mut rng::system()).map_err(failure::lock)?;
        running.rekey(vault, Guard::Locked { key, auto_lock }).await.map_err(StoreError::refusal)?;
        self.guarded(auto_lock);
        Ok(())
    }

    /// Keeps the keys without a passphrase from now on.
    async fn set_guard_open(&self) -> Result<(), Problem> {
        let running = self.running().ok_or(Problem::Locked)?;
        let vault = VaultKey::make(&mut rng::system());
        running.rekey(vault.clone(), Guard::Open(vault)).await.map_err(StoreError::refusal)?;
        if self.running().is_none() {
            // It was locked meanwhile; what it is unlocked with does not matter any more.
            return Ok(());
        }
        self.idle.take();
        self.timer.take();
        self.change(|lock| *lock = LockView::default());
        Ok(())
    }

    async fn set_auto_lock(self: &Rc<Self>, auto_lock: AutoLock) -> Result<(), Problem> {
        self.running().ok_or(Problem::Locked)?;
        if let Guard::Locked { key, .. } = self.store.guard().await? {
            let guard = Guard::Locked { key, auto_lock };
            self.store.set_guard(&guard).await.map_err(StoreError::refusal)?;
            self.guarded(auto_lock);
        }
        Ok(())
    }

    /// Deletes everything. Only what is locked: otherwise there is [`Command::Leave`].
    async fn forget(self: &Rc<Self>) -> Result<(), Problem> {
        if self.running().is_some() {
            return Ok(());
        }
        let key = VaultKey::make(&mut rng::system());
        self.store.forget(&Guard::Open(key.clone())).await.map_err(StoreError::refusal)?;
        self.run(key, None).await
    }

    fn try_passphrase(&self, key: &LockedKey, passphrase: &str) -> Result<VaultKey, Problem> {
        if self.tries.borrow().wait(time::now()).is_some() {
            return Err(Problem::TooManyTries);
        }
        let opened = key.unlock(&js::composed(passphrase));
        match &opened {
            Ok(_) => self.tries.borrow_mut().right(),
            Err(UnlockError::WrongPassphrase) => self.tries.borrow_mut().wrong(time::now()),
            Err(_) => {}
        }
        opened.map_err(failure::unlock)
    }

    /// Starts the engine; `guarded` is how long it may run unattended, if there is a passphrase.
    async fn run(self: &Rc<Self>, key: VaultKey, guarded: Option<AutoLock>) -> Result<(), Problem> {
        let running = Running::start(Rc::clone(&self.store), key, Rc::clone(&self.host)).await?;
        self.running.replace(Some(running));
        match guarded {
            Some(auto_lock) => self.guarded(auto_lock),
            None => self.change(|lock| *lock = LockView::default()),
        }
        Ok(())
    }

    /// There is a passphrase, and it was just given.
    fn guarded(self: &Rc<Self>, auto_lock: AutoLock) {
        if self.running().is_none() {
            // It was locked meanwhile.
            return;
        }
        self.idle.replace(Idle::start(auto_lock, time::now()));
        self.watch_idle();
        self.change(|lock| {
            lock.state = LockState::Guarded;
            lock.auto_lock_minutes = auto_lock.0;
        });
    }

    fn watch_idle(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let look = move || {
            let Some(this) = this.upgrade() else { return };
            // Later, because this timer is replaced.
            spawn_local(async move {
                if !this.lock_if_idle() {
                    this.watch_idle();
                }
            });
        };
        let end = self.idle.borrow().ends_at();
        self.timer.replace(end.map(|end| time::call_at(end, look)));
    }

    /// Locks if nobody was here for too long; tells whether it did.
    fn lock_if_idle(&self) -> bool {
        let over = self.idle.borrow().is_over(time::now());
        if over {
            self.close();
        }
        over
    }

    /// Locks: the engine, its keys and its socket are gone.
    fn close(&self) {
        if self.lock.borrow().state != LockState::Guarded {
            return;
        }
        if let Some(running) = self.running.take() {
            running.stop();
        }
        self.idle.take();
        self.timer.take();
        self.change(|lock| {
            lock.state = LockState::Locked;
        });
    }

    fn running(&self) -> Option<Rc<Running>> {
        self.running.borrow().clone()
    }

    fn change(&self, change: impl FnOnce(&mut LockView)) {
        let mut changed = self.lock.borrow().clone();
        change(&mut changed);
        self.lock.replace(changed.clone());
        self.host.lock_changed(changed);
    }
}
