//! The process that owns a home: does what the driver says is to be done, and tells all sessions, its own and those
//! of other processes, what happens. A change that cannot be stored ends it, because nothing may be sent that is not
//! on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;

use getrandom::SysRng;
use hushclip_driver::{Driver, LineId, Said, Step};
use hushclip_engine::Event;
use hushclip_model::{Answered, ClipView, CommandId, Notice, Outcome, Problem};
use rand_core::UnwrapErr;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::agent::Agent;
use crate::clock::{SleepWatch, now_ms};
use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::link::{Link, LinkEvent};
use crate::passphrase::Asking;
use crate::store::{Store, StoreError};
use crate::trouble;
use crate::vault::{self, Keys, Vault};
use crate::wire::{Answer, Ask, Done, Picture, Put, Request, Told, Which};

/// What a session may leave unread before it has to begin anew.
pub(crate) const UNREAD: usize = 1024;
/// Longest sleep, so that a change of the clock is noticed soon.
const NAP: Duration = Duration::from_secs(10);

/// What sessions send to the owner.
pub(crate) enum Input {
    /// A session begins, and wants to be told everything.
    Attach(mpsc::Sender<Told>),
    /// A session asks; the answer goes where the rest goes. Weak, because an owner that drops a
    /// session says so by dropping the only strong end.
    Ask(Request, mpsc::WeakSender<Told>),
}

/// A handle on the running owner.
pub(crate) struct Owner {
    inputs: mpsc::Sender<Input>,
    /// Dropped to stop it.
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Owner {
    /// Starts the engine with what the home holds. `lock` is kept until the owner has stopped.
    pub(crate) async fn start(home: &Home, lock: File, asking: Asking) -> Result<Self> {
        let Vault { store, keys, .. } = vault::open(home, asking).await?;
        let records = store.records().map_err(|error| vault::cannot_read(home, &error))?;
        let driver = Driver::open(records).map_err(|error| vault::cannot_read(home, &error))?;
        let (inputs, asked) = mpsc::channel(UNREAD);
        let (stop, stopped) = oneshot::channel();
        let agent = Agent::listen(home, inputs.clone());
        let shell = Shell {
            driver,
            store,
            keys,
            home: home.clone(),
            link: None,
            wake: None,
            trouble: None,
            hint: None,
            silent: None,
            parting: None,
            listeners: Vec::new(),
            commands: 0,
            locked: false,
            _lock: lock,
        };
        Ok(Self { inputs, stop, task: tokio::spawn(shell.run(asked, stopped, agent)) })
    }

    /// Begins a session in this process.
    pub(crate) fn attach(&self) -> (mpsc::WeakSender<Told>, mpsc::Receiver<Told>) {
        let (told, listen) = mpsc::channel(UNREAD);
        let answers = told.downgrade();
        // Cannot be full: nobody has asked anything yet.
        let _ = self.inputs.try_send(Input::Attach(told));
        (answers, listen)
    }

    /// Asks; false when the owner has stopped.
    pub(crate) async fn ask(&self, request: Request, answers: mpsc::WeakSender<Told>) -> bool {
        self.inputs.send(Input::Ask(request, answers)).await.is_ok()
    }

    /// Stops it in order; says why it had stopped before, if it had.
    pub(crate) async fn stop(self) -> Result<()> {
        drop(self.stop);
        self.task.await.unwrap_or_else(|_| Err(Failure::new(Code::Bug, "Something went wrong inside Hushclip.")))
    }
}

struct Shell {
    driver: Driver,
    store: Store,
    keys: Keys,
    home: Home,
    link: Option<(LineId, Link)>,
    /// When the engine wants to be woken, milliseconds since 1970.
    wake: Option<u64>,
    /// Why the relay was not reached last time.
    trouble: Option<String>,
    /// What cuts the line again and again, though it comes back at once.
    hint: Option<String>,
    /// How long nothing had passed when the line broke last.
    silent: Option<Duration>,
    /// A link that was given up, while what was queued leaves.
    parting: Option<JoinHandle<()>>,
    listeners: Vec<mpsc::Sender<Told>>,
    /// How many commands the engine has had.
    commands: u64,
    /// Somebody asked to lock, so this ends.
    locked: bool,
    _lock: File,
}

impl Shell {
    async fn run(
        mut self,
        mut asked: mpsc::Receiver<Input>,
        mut stopped: oneshot::Receiver<()>,
        mut agent: Agent,
    ) -> Result<()> {
        self.handle(Event::Started)?;
        let mut watch = SleepWatch::start();
        let mut outcome = Ok(());
        loop {
            let nap = tokio::time::sleep(self.nap());
            tokio::select! {
                _ = &mut stopped => break,
                Some(input) = asked.recv() => {
                    self.input(input)?;
                    if self.locked {
                        outcome = Err(Failure::locked());
                        break;
                    }
                }
                (line, event) = link_event(&mut self.link) => self.link_event(line, event)?,
                () = agent.accept() => {}
                () = nap => {
                    if self.wake.is_some_and(|at| at <= now_ms()) {
                        self.wake = None;
                        self.handle(Event::Timer)?;
                    }
                }
            }
            if watch.has_slept() {
                self.handle(Event::Online)?;
            }
        }
        self.listeners.clear();
        drop(asked);
        agent.close().await;
        if let Some((_, link)) = self.link {
            link.close().await;
        }
        if let Some(parting) = self.parting {
            // It has an end of its own.
            let _ = parting.await;
        }
        outcome
    }

    fn nap(&self) -> Duration {
        self.wake.map_or(NAP, |at| Duration::from_millis(at.saturating_sub(now_ms())).min(NAP))
    }

    fn input(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Attach(listener) => {
                let _ = listener.try_send(Told::Picture(Box::new(self.picture())));
                self.listeners.push(listener);
            }
            Input::Ask(request, asker) => {
                let answer = self.answer(request.ask)?;
                if let Some(asker) = asker.upgrade() {
                    let _ = asker.try_send(Told::Answer { number: request.number, answer });
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, ask: Ask) -> Result<Answer> {
        let mut done = Done::default();
        match ask {
            Ask::Command(command) => {
                self.commands += 1;
                let id = CommandId(self.commands);
                done = self.take_in(Event::Command { id, command }, true)?;
            }
            Ask::Copied(copied) => {
                let before = self.driver.view_without_clips();
                done = self.take_in(Event::LocalCopy(copied.into()), true)?;
                let after = self.driver.view_without_clips();
                done.news = after.waiting > before.waiting || after.held != before.held;
            }
            Ask::Printed(order) => self.store.set_printed(order).map_err(|error| self.cannot_write(&error))?,
            Ask::Lock if self.keys.passphrase => self.locked = true,
            Ask::Lock => done.problem = Some(Problem::NoPassphrase),
            Ask::Clips(which) => {
                let mut clips = self.driver.engine().view().clips;
                clips.reverse();
                let after = match which {
                    Which::All => None,
                    Which::Unprinted => Some(self.store.printed().map_err(|error| self.cannot_write(&error))?),
                    Which::After(order) => Some(order),
                };
                if let Some(after) = after {
                    clips.retain(|clip| !clip.own && clip.order > after);
                }
                for clip in clips.iter_mut().filter(|clip| clip.cut) {
                    self.fill(clip)?;
                }
                return Ok(Answer::Clips(clips));
            }
        }
        Ok(Answer::Done(done))
    }

    /// Puts all that a clip holds into it; what is lost of it stays out.
    fn fill(&self, clip: &mut ClipView) -> Result<()> {
        let Some(source) = self.driver.engine().source(&clip.id) else { return Ok(()) };
        if let Some(content) = source.content(&self.read(source.keys())?) {
            (clip.text, clip.html, clip.cut) = (content.text, content.html, false);
        }
        Ok(())
    }

    fn read(&self, keys: Vec<String>) -> Result<BTreeMap<String, Vec<u8>>> {
        self.store.read(keys).map_err(|error| vault::cannot_read(&self.home, &error))
    }

    fn link_event(&mut self, line: LineId, event: LinkEvent) -> Result<()> {
        let said = match event {
            LinkEvent::Opened => {
                self.trouble = None;
                Said::Opened
            }
            LinkEvent::Frame(bytes) => Said::Frame(bytes),
            LinkEvent::Pong => {
                // It has outlived a silence.
                self.hint = None;
                Said::Pong
            }
            LinkEvent::Closed { code, why, silent } => {
                self.link = None;
                let known = silent.and_then(|this| trouble::silence(this, self.silent));
                self.hint = known.or(self.hint.take());
                self.trouble = self.hint.clone().or(why);
                self.silent = silent;
                Said::Closed { code }
            }
        };
        self.driver.line(line, said);
        self.carry_out(false).map(drop)
    }

    fn handle(&mut self, event: Event) -> Result<()> {
        self.take_in(event, false).map(drop)
    }

    /// Hands an event to the driver and does what comes of it. When somebody asked for it, that is returned to the
    /// asker alone.
    fn take_in(&mut self, event: Event, asked: bool) -> Result<Done> {
        self.driver.push(event);
        self.carry_out(asked)
    }

    fn carry_out(&mut self, asked: bool) -> Result<Done> {
        let mut done = Done::default();
        while let Some(step) = self.driver.next(now_ms(), &mut UnwrapErr(SysRng)) {
            match step {
                Step::Store(writes) => {
                    self.store.persist(&writes).map_err(|error| self.cannot_write(&error))?;
                    self.driver.stored();
                }
                Step::Load(keys) => {
                    let mut found = self.read(keys.clone())?;
                    let records = keys.into_iter().map(|key| {
                        let value = found.remove(&key);
                        (key, value)
                    });
                    self.driver.loaded(records.collect(), now_ms());
                }
                // Nobody asks for one here.
                Step::Archive { .. } => {}
                Step::Open { line, url } => self.link = Some((line, Link::open(url))),
                Step::Send { frame, .. } => {
                    if let Some((_, link)) = &self.link {
                        link.send(frame);
                    }
                }
                Step::Ping { .. } => self.link.iter().for_each(|(_, link)| link.ping()),
                Step::Close { .. } => {
                    let parting = self.link.take().map(|(_, link)| tokio::spawn(link.close()));
                    self.parting = parting.or(self.parting.take());
                }
                Step::WakeAt(at) => self.wake = Some(at),
                Step::Answer(Answered { outcome: Outcome::Queued { clip }, .. }) => done.clip = Some(clip),
                Step::Answer(Answered { outcome, .. }) => done.problem = outcome.problem().cloned(),
                // What was copied is no command, and has no other answer.
                Step::Notice(Notice::Failed { problem: problem @ Problem::TooLarge { .. } }) if asked => {
                    done.problem = Some(problem);
                }
                Step::Notice(notice) => self.tell(&Told::Notice(notice)),
                Step::Show => self.tell(&Told::Picture(Box::new(self.picture()))),
                Step::ClearClipboard(digest) => self.tell(&Told::Clear(digest.to_hex())),
                // Only `watch --clipboard` has one.
                Step::WriteClipboard { content, .. } => {
                    let secret = self.driver.engine().is_secret(&content.text);
                    self.tell(&Told::Write(Put { content: content.into(), secret }));
                }
            }
        }
        Ok(done)
    }

    fn picture(&self) -> Picture {
        Picture {
            view: self.driver.view_without_clips(),
            trouble: self.trouble.clone().or_else(|| self.hint.clone()),
            keys: Some(self.keys),
        }
    }

    /// Tells all sessions. One that has stopped listening, or cannot keep up, is dropped and has to
    /// begin anew.
    fn tell(&mut self, told: &Told) {
        self.listeners.retain(|listener| listener.try_send(told.clone()).is_ok());
    }

    fn cannot_write(&self, error: &StoreError) -> Failure {
        self.home.storage("Cannot write to", error)
    }
}

/// Waits for ever when there is no link.
async fn link_event(link: &mut Option<(LineId, Link)>) -> (LineId, LinkEvent) {
    match link {
        Some((id, open)) => (*id, open.event().await),
        None => std::future::pending().await,
    }
}
