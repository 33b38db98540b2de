//! The process that owns a home: runs the client, and tells all sessions, in this process and in others, what happens.

use std::fs::File;

use hushclip_client::{Client, Error, Event, Events, Status};
use hushclip_model::{Outcome, Problem};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::agent::Agent;
use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::passphrase::Asking;
use crate::store::{Printed, StoreError};
use crate::vault::{self, Keys, Vault};
use crate::wire::{Answer, Ask, Done, Picture, Put, Request, Told, Which};

/// How much a session may leave unread before it has to start afresh.
pub(crate) const UNREAD: usize = 1024;

/// What sessions send to the owner.
pub(crate) enum Input {
    /// A session starts, and wants to be told everything.
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
        let printed = Printed::open(&home.state()).map_err(|error| vault::cannot_read(home, &error))?;
        let client = Client::builder().store(store).open().await.map_err(|error| failure(home, error))?;
        let (inputs, asked) = mpsc::channel(UNREAD);
        let (stop, stopped) = oneshot::channel();
        let agent = Agent::listen(home, inputs.clone());
        let shell = Shell {
            events: client.events(),
            client,
            printed,
            keys,
            home: home.clone(),
            listeners: Vec::new(),
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

    /// Stops it cleanly; if it had already stopped, says why.
    pub(crate) async fn stop(self) -> Result<()> {
        drop(self.stop);
        self.task.await.unwrap_or_else(|_| {
            Err(Failure::new(
                Code::Bug,
                "Something went wrong inside Hushclip. Try again; if it happens again, report it as a bug.",
            ))
        })
    }
}

struct Shell {
    client: Client,
    events: Events,
    printed: Printed,
    keys: Keys,
    home: Home,
    listeners: Vec<mpsc::Sender<Told>>,
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
        let mut outcome = Ok(());
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                Some(input) = asked.recv() => {
                    outcome = self.input(input).await;
                    if self.locked {
                        outcome = Err(Failure::locked());
                    }
                    if outcome.is_err() {
                        break;
                    }
                }
                event = self.events.next() => match event {
                    Some(event) => self.hear(event),
                    // Closing says why.
                    None => break,
                },
                () = agent.accept() => {}
            }
        }
        self.listeners.clear();
        drop(asked);
        agent.close().await;
        let closed = self.client.close().await.map_err(|error| failure(&self.home, error));
        outcome.and(closed)
    }

    async fn input(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Attach(listener) => {
                // What happened before the first thing it is told is not for it.
                self.hear_all();
                let picture = self.picture(self.client.status());
                let _ = listener.try_send(Told::Picture(Box::new(picture)));
                self.listeners.push(listener);
            }
            Input::Ask(request, asker) => {
                let answer = self.answer(request.ask).await?;
                // What came of it is reported before the answer.
                self.hear_all();
                if let Some(asker) = asker.upgrade() {
                    let _ = asker.try_send(Told::Answer { number: request.number, answer });
                }
            }
        }
        Ok(())
    }

    async fn answer(&mut self, ask: Ask) -> Result<Answer> {
        let mut done = Done::default();
        match ask {
            Ask::Command(command) => match self.client.command(command).await {
                Ok(Outcome::Queued { clip }) => done.clip = Some(clip),
                Ok(_) => {}
                Err(Error::Problem(problem)) => done.problem = Some(problem),
                Err(error) => return Err(failure(&self.home, error)),
            },
            Ask::Copied(copied) => {
                let copied = self.client.copied(copied.into()).await.map_err(|error| failure(&self.home, error))?;
                (done.news, done.problem) = (copied.news, copied.problem);
            }
            Ask::Printed(order) => self.printed.set(order).map_err(|error| self.cannot_write(&error))?,
            Ask::Lock if self.keys.passphrase => self.locked = true,
            Ask::Lock => done.problem = Some(Problem::NoPassphrase),
            Ask::Clips(which) => {
                let clips = match which {
                    Which::All => self.client.history().await,
                    Which::Unprinted => {
                        self.client.pull(self.printed.get().map_err(|error| self.cannot_write(&error))?).await
                    }
                    Which::After(order) => self.client.pull(order).await,
                };
                return clips.map(Answer::Clips).map_err(|error| failure(&self.home, error));
            }
        }
        Ok(Answer::Done(done))
    }

    fn hear_all(&mut self) {
        while let Some(event) = self.events.try_next() {
            self.hear(event);
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Status(status) => self.tell(&Told::Picture(Box::new(self.picture(*status)))),
            Event::Notice(notice) => self.tell(&Told::Notice(notice)),
            Event::WriteClipboard { content, secret } => {
                self.tell(&Told::Write(Put { content: content.into(), secret }));
            }
            Event::ClearClipboard { digest } => self.tell(&Told::Clear(digest)),
            // They have missed it too, and start afresh.
            Event::Missed { .. } => self.listeners.clear(),
            _ => {}
        }
    }

    fn picture(&self, status: Status) -> Picture {
        Picture { view: status.view, trouble: status.trouble, keys: Some(self.keys) }
    }

    /// Tells all sessions. One that has stopped listening, or cannot keep up, is dropped and has to start afresh.
    fn tell(&mut self, told: &Told) {
        self.listeners.retain(|listener| listener.try_send(told.clone()).is_ok());
    }

    fn cannot_write(&self, error: &StoreError) -> Failure {
        self.home.storage("Cannot write to", error)
    }
}

/// Why the client has ended, or did not start.
fn failure(home: &Home, error: Error) -> Failure {
    match error {
        Error::Problem(problem) => problem.into(),
        Error::Read(error) => vault::cannot_read(home, &error),
        Error::Write(error) => home.storage("Cannot write to", &error),
        error => Failure::new(Code::System, format!("{error}.")),
    }
}
