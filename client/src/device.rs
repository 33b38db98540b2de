//! The thread that a device lives on: it does what the driver says, answers questions, and tells everybody what
//! happens. It makes no decisions about the protocol.

use std::collections::BTreeMap;
use std::time::Duration;

use getrandom::SysRng;
use hushclip_driver::{Driver, LineId, Said, Step};
use hushclip_model::{Answered, ClipView, Command, CommandId, Content, Delivery, Notice, Outcome, Problem};
use rand_core::UnwrapErr;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::clock::{SleepWatch, now_ms};
use crate::content::{Form, Payload};
use crate::error::{Error, Result};
use crate::event::{Event, Status};
use crate::socket::{Connect, Incoming, Link, Outgoing};
use crate::store::{Store, StoreError};
use crate::trouble;

/// The longest sleep, so that a change of the clock is noticed soon.
const NAP: Duration = Duration::from_secs(10);

/// Bytes of payloads that are read at once, and what the last one has beyond that.
const AT_ONCE: usize = 1024 * 1024;

/// Where an answer goes. There may be nobody waiting for it any more.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// A question to the device.
pub(crate) enum Ask {
    Command(Command, Reply<Outcome>),
    /// The same, if the invite with this identifier is still open and, where one is named, this device has answered it.
    OfInvite {
        invite: String,
        device: Option<String>,
        command: Command,
        reply: Reply<Option<Outcome>>,
    },
    Copied(Content, Reply<Copied>),
    Clips(Which, Reply<Vec<ClipView>>),
    NewestOrder(Reply<u64>),
    /// How many items wait for the relay.
    Unsent(Reply<usize>),
    /// All forms of a clip; `None` if it is not there or lost.
    Read(String, Reply<Option<Vec<Form>>>),
    Delivery(String, Reply<Option<Delivery>>),
    /// Some of what came on a channel after a place.
    Payloads {
        channel: String,
        after: u64,
        reply: Reply<Vec<Payload>>,
    },
    Close(Reply<()>),
}

/// Which clips.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// All that the device keeps.
    All,
    /// Those from other devices after a place in the list.
    After(u64),
}

/// What became of something copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// It is a real copy, not an echo: it is going to be sent, or waits for an answer.
    pub news: bool,
    /// Why it is not going to be sent.
    pub problem: Option<Problem>,
}

/// What the holder of a client sees of the device.
#[derive(Clone)]
pub(crate) struct Seen {
    /// The current state; every notice marks it as changed, too.
    pub(crate) status: watch::Sender<Status>,
    /// The place in the list of the clip that came in last.
    pub(crate) newest: watch::Sender<u64>,
    pub(crate) events: broadcast::Sender<Event>,
    /// How it ended, once it has.
    pub(crate) end: watch::Sender<Option<Result<()>>>,
}

pub(crate) struct Device {
    driver: Driver,
    store: Box<dyn Store>,
    connect: Box<dyn Connect>,
    seen: Seen,
    link: Option<(LineId, Link)>,
    /// When the engine wants to be woken, milliseconds since 1970.
    wake: Option<u64>,
    /// Why the relay was not reached last time.
    trouble: Option<String>,
    /// What keeps cutting the line, though it comes back at once.
    hint: Option<String>,
    /// How long nothing had passed when the line last broke.
    silent: Option<Duration>,
    /// A link that was given up, while what was queued goes out.
    parting: Option<JoinHandle<()>>,
    /// How many commands the engine has had.
    commands: u64,
}

/// What the asker is told.
#[derive(Default)]
struct Done {
    outcome: Option<Outcome>,
    problem: Option<Problem>,
}

impl Device {
    pub(crate) fn open(mut store: Box<dyn Store>, connect: Box<dyn Connect>, seen: Seen) -> Result<Self> {
        let records = store.records().map_err(Error::Read)?;
        let driver = Driver::open(records).map_err(|error| Error::Read(StoreError::new(error)))?;
        let mut device = Self {
            driver,
            store,
            connect,
            seen,
            link: None,
            wake: None,
            trouble: None,
            hint: None,
            silent: None,
            parting: None,
            commands: 0,
        };
        // The first look at it already shows whether it connects.
        device.handle(hushclip_driver::Event::Started)?;
        device.seen.status.send_replace(device.status());
        device.seen.newest.send_replace(device.driver.engine().newest_order());
        Ok(device)
    }

    /// Runs until it is closed, nobody holds a client any more, or the store fails.
    pub(crate) async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let outcome = self.live(&mut asked).await;
        let outcome = outcome.and_then(|closed| self.handle(hushclip_driver::Event::Closing).map(|()| closed));
        let (result, closed) = match outcome {
            Ok(closed) => (Ok(()), closed),
            Err(error) => (Err(error), None),
        };
        if let Some((_, link)) = self.link.take() {
            link.close().await;
        }
        if let Some(parting) = self.parting.take() {
            // It has a time limit of its own.
            let _ = parting.await;
        }
        // The database is closed before anybody is told so.
        let seen = self.seen.clone();
        drop(self);
        seen.end.send_replace(Some(result));
        if let Some(closed) = closed {
            let _ = closed.send(());
        }
    }

    async fn live(&mut self, asked: &mut mpsc::UnboundedReceiver<Ask>) -> Result<Option<Reply<()>>> {
        let mut watch = SleepWatch::start();
        loop {
            let nap = sleep(self.nap());
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(Ask::Close(closed)) => return Ok(Some(closed)),
                    Some(ask) => self.answer(ask)?,
                    None => return Ok(None),
                },
                (line, said) = said_by(&mut self.link) => self.heard(line, said)?,
                () = nap => {
                    if self.wake.is_some_and(|at| at <= now_ms()) {
                        self.wake = None;
                        self.handle(hushclip_driver::Event::Timer)?;
                    }
                }
            }
            if watch.has_slept() {
                self.handle(hushclip_driver::Event::Online)?;
            }
        }
    }

    fn nap(&self) -> Duration {
        self.wake.map_or(NAP, |at| Duration::from_millis(at.saturating_sub(now_ms())).min(NAP))
    }

    fn answer(&mut self, ask: Ask) -> Result<()> {
        // The asker may have stopped waiting, so an answer need not arrive.
        match ask {
            Ask::Command(command, reply) => {
                let outcome = self.command(command)?;
                let _ = reply.send(outcome);
            }
            Ask::OfInvite { invite, device, command, reply } => {
                let open = self.driver.view_without_clips().invite.filter(|open| open.id == invite);
                let is_meant = open.is_some_and(|open| device.is_none() || open.device == device);
                let outcome = if is_meant { Some(self.command(command)?) } else { None };
                let _ = reply.send(outcome);
            }
            Ask::Copied(content, reply) => {
                let before = self.driver.view_without_clips();
                self.driver.push(hushclip_driver::Event::LocalCopy(content));
                let problem = self.carry_out(Some(CommandId(0)))?.problem;
                let after = self.driver.view_without_clips();
                let news = after.waiting > before.waiting || after.held != before.held;
                let _ = reply.send(Copied { news, problem });
            }
            Ask::Clips(which, reply) => {
                let _ = reply.send(self.clips(which)?);
            }
            Ask::NewestOrder(reply) => {
                let _ = reply.send(self.driver.engine().newest_order());
            }
            Ask::Unsent(reply) => {
                let _ = reply.send(self.driver.engine().unsent());
            }
            Ask::Read(clip, reply) => {
                let _ = reply.send(self.forms(&clip)?);
            }
            Ask::Delivery(id, reply) => {
                let _ = reply.send(self.driver.engine().delivery(&id));
            }
            Ask::Payloads { channel, after, reply } => {
                let _ = reply.send(self.payloads(&channel, after)?);
            }
            Ask::Close(_) => {}
        }
        Ok(())
    }

    fn command(&mut self, command: Command) -> Result<Outcome> {
        self.commands += 1;
        let id = CommandId(self.commands);
        self.driver.push(hushclip_driver::Event::Command { id, command });
        Ok(self.carry_out(Some(id))?.outcome.unwrap_or(Outcome::Done))
    }

    /// Oldest first, with all their content.
    fn clips(&mut self, which: Which) -> Result<Vec<ClipView>> {
        let engine = self.driver.engine();
        let mut clips = match which {
            Which::All => engine.view().clips,
            Which::After(order) => engine.received_after(order),
        };
        clips.reverse();
        for clip in clips.iter_mut().filter(|clip| clip.cut) {
            let Some(source) = self.driver.engine().source(&clip.id) else { continue };
            let records = self.store.read(&source.keys()).map_err(Error::Read)?;
            // Whatever is lost of it is left out.
            if let Some(content) = source.content(&records) {
                (clip.text, clip.html, clip.cut) = (content.text, content.html, false);
            }
        }
        Ok(clips)
    }

    fn forms(&mut self, clip: &str) -> Result<Option<Vec<Form>>> {
        let Some(source) = self.driver.engine().source(clip) else { return Ok(None) };
        let records = self.store.read(&source.keys()).map_err(Error::Read)?;
        let forms = source.forms(&records);
        Ok(forms.map(|forms| forms.into_iter().map(|(media, bytes)| Form { media, bytes }).collect()))
    }

    fn payloads(&mut self, channel: &str, after: u64) -> Result<Vec<Payload>> {
        let (mut payloads, mut bytes) = (Vec::new(), 0);
        for about in self.driver.engine().payloads(channel, after) {
            let Some(key) = self.driver.engine().payload_key(&about.id) else { continue };
            match self.store.read(std::slice::from_ref(&key)).map_err(Error::Read)?.remove(&key) {
                Some(content) => {
                    bytes += content.len();
                    payloads.push(Payload { about, bytes: content });
                }
                None => self.tell(Event::Notice(Notice::Failed { problem: Problem::ContentLost })),
            }
            if bytes >= AT_ONCE {
                break;
            }
        }
        Ok(payloads)
    }

    fn heard(&mut self, line: LineId, said: Incoming) -> Result<()> {
        let said = match said {
            Incoming::Opened => {
                self.trouble = None;
                Said::Opened
            }
            Incoming::Frame(bytes) => Said::Frame(bytes),
            Incoming::Pong => {
                // It has survived a silence.
                self.hint = None;
                Said::Pong
            }
            Incoming::Closed { code, why, silent } => {
                self.link = None;
                let known = silent.and_then(|this| trouble::silence(this, self.silent));
                self.hint = known.or(self.hint.take());
                self.trouble = self.hint.clone().or(why);
                self.silent = silent;
                Said::Closed { code }
            }
        };
        self.driver.line(line, said);
        self.carry_out(None).map(drop)
    }

    fn handle(&mut self, event: hushclip_driver::Event) -> Result<()> {
        self.driver.push(event);
        self.carry_out(None).map(drop)
    }

    /// Does everything that is due now. The answer to a question goes only to whoever asked it.
    fn carry_out(&mut self, asked: Option<CommandId>) -> Result<Done> {
        let mut done = Done::default();
        while let Some(step) = self.driver.next(now_ms(), &mut UnwrapErr(SysRng)) {
            match step {
                Step::Store(writes) => {
                    self.store.persist(&writes).map_err(Error::Write)?;
                    self.driver.stored();
                    // Whoever waits for something that nobody is told of looks again.
                    self.seen.status.send_modify(|_| {});
                }
                Step::Load(names) => {
                    let mut found = self.store.read(&names).map_err(Error::Read)?;
                    let records: BTreeMap<_, _> = names
                        .into_iter()
                        .map(|name| {
                            let value = found.remove(&name);
                            (name, value)
                        })
                        .collect();
                    self.driver.loaded(records, now_ms());
                }
                Step::Open { line, url } => self.link = Some((line, Link::open(&*self.connect, url))),
                Step::Send { frame, .. } => self.send(Outgoing::Frame(frame)),
                Step::Ping { .. } => self.send(Outgoing::Ping),
                Step::Close { .. } => {
                    let parting = self.link.take().map(|(_, link)| tokio::spawn(link.close()));
                    self.parting = parting.or(self.parting.take());
                }
                Step::WakeAt(at) => self.wake = Some(at),
                Step::Answer(Answered { id, outcome }) if asked == Some(id) => done.outcome = Some(outcome),
                // Nobody is waiting for that one, and nobody can ask for a file here.
                Step::Answer(_) | Step::Archive { .. } => {}
                // A copy is not a command, and has no other answer.
                Step::Notice(Notice::Failed { problem: problem @ Problem::TooLarge { .. } }) if asked.is_some() => {
                    done.problem = Some(problem);
                }
                Step::Notice(notice) => self.notice(notice),
                Step::Show => {
                    let status = self.status();
                    self.seen.status.send_replace(status.clone());
                    self.tell(Event::Status(Box::new(status)));
                }
                Step::ClearClipboard(digest) => self.tell(Event::ClearClipboard { digest: digest.to_hex() }),
                Step::WriteClipboard { content, .. } => {
                    let secret = self.driver.engine().is_secret(&content.text);
                    self.tell(Event::WriteClipboard { content, secret });
                }
            }
        }
        Ok(done)
    }

    fn send(&self, message: Outgoing) {
        if let Some((_, link)) = &self.link {
            link.send(message);
        }
    }

    fn notice(&mut self, notice: Notice) {
        if let Notice::Received { clip: ClipView { order, .. } } | Notice::PayloadReceived { order, .. } = &notice {
            self.seen.newest.send_replace(*order);
        }
        self.seen.status.send_modify(|_| {});
        self.tell(Event::Notice(notice));
    }

    fn tell(&self, event: Event) {
        // Nobody has to listen.
        let _ = self.seen.events.send(event);
    }

    fn status(&self) -> Status {
        Status { view: self.driver.view_without_clips(), trouble: self.trouble.clone().or_else(|| self.hint.clone()) }
    }
}

/// Waits forever when there is no link.
async fn said_by(link: &mut Option<(LineId, Link)>) -> (LineId, Incoming) {
    match link {
        Some((id, open)) => (*id, open.next().await),
        None => std::future::pending().await,
    }
}
