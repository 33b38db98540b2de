//! One command's connection to the engine, wherever it runs: in this process, if it could take the home, otherwise in
//! the process that has it. When that one ends, the session carries on by itself.

use std::collections::VecDeque;
use std::fs::File;
use std::time::Duration;

use hushclip_model::view::{Connection, Stage};
use hushclip_model::{ClipView, Command, Notice, Problem};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::passphrase::Asking;
use crate::shell::Owner;
use crate::wire::{Answer, Ask, Copied, Done, Picture, Put, Request, Told, Which};

/// How long another process may keep the home without answering.
const BUSY: Duration = Duration::from_secs(10);
/// How long to wait before trying a taken home again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a session hears.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // Passed on one at a time.
pub(crate) enum News {
    /// `Session::picture` is new.
    Picture,
    /// Something happened.
    Notice(Notice),
    /// This belongs on the clipboard.
    Write(Put),
    /// This no longer belongs there.
    Clear(String),
    /// Another process owns the home now, and notices may have been missed.
    Reopened,
}

enum Line {
    Own(Owner, mpsc::WeakSender<Told>, mpsc::Receiver<Told>),
    #[cfg(unix)]
    Served(crate::agent::Client),
}

/// A connection to the engine.
pub(crate) struct Session {
    home: Home,
    line: Option<Line>,
    /// How things stand.
    pub(crate) picture: Picture,
    asked: u64,
    /// What was heard while waiting for an answer.
    backlog: VecDeque<News>,
}

impl Session {
    /// Opens the home, and creates it if it is missing. A passphrase is asked for now or never: a command that is
    /// already running must not start asking because somebody has locked.
    pub(crate) async fn open(home: &Home, asking: Asking) -> Result<Self> {
        home.make()?;
        let mut session =
            Self { home: home.clone(), line: None, picture: Picture::default(), asked: 0, backlog: VecDeque::new() };
        session.open_line(asking).await?;
        // The picture comes first.
        while session.next().await? != News::Picture {}
        Ok(session)
    }

    /// The next thing that happens. Cancel-safe: nothing is lost if this is dropped.
    pub(crate) async fn next(&mut self) -> Result<News> {
        if let Some(news) = self.backlog.pop_front() {
            return Ok(news);
        }
        while let Some(told) = self.told().await? {
            if let Some(news) = self.hear(told) {
                return Ok(news);
            }
        }
        self.open_line(Asking::Nobody).await?;
        Ok(News::Reopened)
    }

    /// Hands a command to the engine; again, if its owner ended before it answered.
    pub(crate) async fn command(&mut self, command: Command) -> Result<Done> {
        loop {
            if let Some(done) = self.command_once(command.clone()).await? {
                return Ok(done);
            }
        }
    }

    /// Hands a command to the engine; `None` if its owner ended and may or may not have done it.
    pub(crate) async fn command_once(&mut self, command: Command) -> Result<Option<Done>> {
        Ok(self.ask(Ask::Command(command)).await?.map(|answer| match answer {
            Answer::Done(done) => done,
            Answer::Clips(_) => Done::default(),
        }))
    }

    /// Clips, oldest first.
    pub(crate) async fn clips(&mut self, which: Which) -> Result<Vec<ClipView>> {
        loop {
            if let Some(Answer::Clips(clips)) = self.ask(Ask::Clips(which)).await? {
                return Ok(clips);
            }
        }
    }

    /// Hands over what is new on the clipboard. If the engine's owner ends meanwhile, the next one is asked: it knows
    /// what was accepted.
    pub(crate) async fn copied(&mut self, copied: Copied) -> Result<Done> {
        loop {
            if let Some(Answer::Done(done)) = self.ask(Ask::Copied(copied.clone())).await? {
                return Ok(done);
            }
        }
    }

    /// Notes that clips of other devices are printed up to this place in the list.
    pub(crate) async fn printed(&mut self, order: u64) -> Result<()> {
        while self.ask(Ask::Printed(order)).await?.is_none() {}
        Ok(())
    }

    /// Listens until the picture is as wanted or time is up; says which.
    pub(crate) async fn wait_until(&mut self, until: Instant, wanted: impl Fn(&Picture) -> bool) -> Result<bool> {
        while !wanted(&self.picture) {
            match timeout_at(until, self.next()).await {
                Ok(news) => drop(news?),
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Fails unless this device is in an account.
    pub(crate) async fn require_member(&mut self) -> Result<()> {
        let soon = Instant::now() + Duration::from_secs(5);
        self.wait_until(soon, |picture| picture.view.stage != Stage::Joining).await?;
        match self.picture.view.stage {
            Stage::Member => Ok(()),
            Stage::Removed => Err(Failure::removed()),
            Stage::New | Stage::Joining => Err(Failure::no_account()),
        }
    }

    /// Why the relay cannot be used although it can be reached, if so.
    pub(crate) fn refused(&self) -> Option<Failure> {
        let problem = self.picture.view.problem.clone();
        // Each attempt to connect runs into them again.
        let refuses = |problem: &Problem| {
            matches!(problem, Problem::SignInRefused | Problem::RelayGarbled | Problem::RelayEndless)
        };
        problem.filter(refuses).map(Failure::from)
    }

    /// Why the engine has stopped talking to the relay for good, if it has.
    pub(crate) fn halted(&self) -> Option<Failure> {
        let view = &self.picture.view;
        match view.stage {
            Stage::New => None,
            Stage::Removed => Some(Failure::removed()),
            Stage::Joining | Stage::Member => {
                view.problem.clone().filter(|_| view.connection == Connection::Idle).map(Failure::from)
            }
        }
    }

    /// The same for a command that keeps running: the account may also have been forgotten.
    pub(crate) fn ended(&self) -> Option<Failure> {
        if self.picture.view.stage == Stage::New { Some(Failure::no_account()) } else { self.halted() }
    }

    /// Ends the session, and the engine if it runs in this process. What was sent goes out first.
    pub(crate) async fn close(mut self) -> Result<()> {
        match self.line.take() {
            Some(Line::Own(owner, ..)) => owner.stop().await,
            _ => Ok(()),
        }
    }

    fn hear(&mut self, told: Told) -> Option<News> {
        match told {
            Told::Picture(picture) => {
                self.picture = *picture;
                Some(News::Picture)
            }
            Told::Notice(notice) => Some(News::Notice(notice)),
            Told::Write(put) => Some(News::Write(put)),
            Told::Clear(digest) => Some(News::Clear(digest)),
            // To a question that nobody is waiting on any more; the other one ends the line.
            Told::Answer { .. } | Told::NotUnderstood => None,
        }
    }

    /// Asks the owner; `None` if it ended before it answered.
    async fn ask(&mut self, ask: Ask) -> Result<Option<Answer>> {
        self.asked += 1;
        let request = Request { number: self.asked, ask };
        let sent = match &mut self.line {
            Some(Line::Own(owner, answers, _)) => owner.ask(request, answers.clone()).await,
            #[cfg(unix)]
            Some(Line::Served(client)) => client.ask(&request).await,
            None => false,
        };
        if sent {
            while let Some(told) = self.told().await? {
                match told {
                    Told::Answer { number, answer } if number == self.asked => return Ok(Some(answer)),
                    told => {
                        let news = self.hear(told);
                        self.backlog.extend(news);
                    }
                }
            }
        }
        self.open_line(Asking::Nobody).await?;
        self.backlog.push_back(News::Reopened);
        Ok(None)
    }

    /// What the owner says next; `None` if the line to it has ended.
    async fn told(&mut self) -> Result<Option<Told>> {
        match &mut self.line {
            Some(Line::Own(_, _, told)) => Ok(told.recv().await),
            #[cfg(unix)]
            Some(Line::Served(client)) => client.told().await,
            None => Ok(None),
        }
    }

    /// Takes the home, or connects to the process that has it.
    async fn open_line(&mut self, asking: Asking) -> Result<()> {
        if let Some(Line::Own(owner, ..)) = self.line.take() {
            // It stopped because of a failure, or dropped a session that was too slow.
            owner.stop().await?;
        }
        let until = Instant::now() + BUSY;
        while Instant::now() < until {
            if let Some(lock) = self.home.try_own()? {
                let owner = Owner::start(&self.home, lock, asking).await?;
                let (answers, told) = owner.attach();
                self.line = Some(Line::Own(owner, answers, told));
                return Ok(());
            }
            #[cfg(unix)]
            if let Some(client) = crate::agent::Client::connect(&self.home)? {
                self.line = Some(Line::Served(client));
                return Ok(());
            }
            sleep(LOOK_AGAIN).await;
        }
        Err(busy())
    }
}

/// Keeps asking whatever uses the home until it has ended; then owns the home without an engine.
pub(crate) async fn clear(home: &Home, ask: Ask) -> Result<File> {
    let until = Instant::now() + BUSY;
    // What an owner of another version says is not understood, but it may do what it was asked.
    let mut other = None;
    #[cfg(unix)]
    let mut asked = None;
    loop {
        if let Some(lock) = home.try_own()? {
            return Ok(lock);
        }
        if Instant::now() >= until {
            return Err(other.unwrap_or_else(busy));
        }
        #[cfg(unix)]
        if other.is_none()
            && let Some(connected) = crate::agent::Client::connect(home)?
        {
            let client = asked.insert(connected);
            let sent = client.ask(&Request { number: 1, ask: ask.clone() }).await;
            while sent && let Ok(told) = timeout_at(until, client.told()).await {
                let told = match told {
                    Ok(told) => told,
                    Err(failure) => {
                        other = Some(failure);
                        break;
                    }
                };
                match told {
                    Some(Told::Answer { answer: Answer::Done(done), .. }) => {
                        if let Some(problem) = done.problem {
                            return Err(problem.into());
                        }
                        break;
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn busy() -> Failure {
    Failure::new(Code::Busy, "Another hushclip is using this home and is not answering. Stop it, then try again.")
}
