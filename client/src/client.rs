//! A handle on a device: what programs ask of it. It owns nothing but the channel to the device's thread.

use std::sync::Arc;
use std::thread;

use futures_util::FutureExt as _;
use hushclip_model::view::{Connection, DeviceView, Stage};
use hushclip_model::{AlertView, ClipView, Command, Content, Outcome, Problem};
use tokio::runtime::Builder as Runtime;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::arrivals::{Arrivals, Source};
use crate::device::{Ask, Copied, Device, Reply, Seen, Which};
use crate::error::{Error, Result};
use crate::event::{Events, Status};
use crate::receipt::Receipt;
use crate::socket::Connect;
use crate::store::{Memory, Store};
use crate::websocket::WebSocket;

/// How many events a listener may leave unread.
const UNREAD: usize = 1024;

/// One form of a clip's content.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Form {
    /// Its media type, such as `text/plain`.
    pub media: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Form {
    /// Leaves the content out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Form({} bytes)", self.bytes.len())
    }
}

/// How a device is set up.
#[must_use = "nothing happens before it is opened"]
pub struct Builder {
    store: Box<dyn Store>,
    connect: Box<dyn Connect>,
}

impl Builder {
    /// Where the device keeps what it knows; [`Memory`] by default.
    pub fn store(self, store: impl Store) -> Self {
        Self { store: Box::new(store), ..self }
    }

    /// How it reaches the relay; [`WebSocket`] by default.
    pub fn connect(self, connect: impl Connect) -> Self {
        Self { connect: Box::new(connect), ..self }
    }

    /// Reads what is stored and starts the device, on a thread of its own. If it is in an account, it connects.
    pub async fn open(self) -> Result<Client> {
        let (asks, asked) = mpsc::unbounded_channel();
        let seen = Seen {
            status: watch::Sender::default(),
            newest: watch::Sender::default(),
            events: broadcast::Sender::new(UNREAD),
            end: watch::Sender::default(),
        };
        let (opened, open) = oneshot::channel();
        let of_device = seen.clone();
        let live = move || {
            let _guard = PanicGuard(of_device.clone());
            let runtime = match Runtime::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened.send(Err(Error::System(error.to_string())))),
            };
            runtime.block_on(async {
                match Device::open(self.store, self.connect, of_device) {
                    Ok(device) => {
                        if opened.send(Ok(())).is_ok() {
                            device.run(asked).await;
                        }
                    }
                    Err(error) => drop(opened.send(Err(error))),
                }
            });
        };
        thread::Builder::new().name("hushclip".into()).spawn(live).map_err(|error| Error::System(error.to_string()))?;
        open.await.unwrap_or(Err(Error::Closed))?;
        Ok(Client { asks, seen: Arc::new(seen) })
    }
}

/// A store or a socket of the program's own may panic: then whoever waits must hear that the device has ended.
struct PanicGuard(Seen);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end.send_replace(Some(Err(Error::System("the device panicked".into()))));
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

/// A device of an account, or one that is going to be. Clones are handles on the same device, which ends when it is
/// [closed](Client::close) or when the last handle goes: clones, channels, receipts, and streams of clips and payloads.
///
/// Dropping any future of this crate before it is done does no harm to the device. What was asked for by then may still
/// be done.
#[derive(Clone)]
pub struct Client {
    asks: mpsc::UnboundedSender<Ask>,
    seen: Arc<Seen>,
}

impl Client {
    /// A device that keeps nothing and speaks WebSocket, unless the builder is told otherwise.
    pub fn builder() -> Builder {
        Builder { store: Box::new(Memory::new()), connect: Box::new(WebSocket) }
    }

    /// The state of the device.
    pub fn status(&self) -> Status {
        self.seen.status.borrow().clone()
    }

    /// Everything that happens from now on.
    pub fn events(&self) -> Events {
        Events::new(self.seen.events.subscribe(), self.seen.end.subscribe())
    }

    /// Starts an account at a relay (`https://host[:port]`), with this device as its first, under a name that the
    /// others will show. Done once the relay has registered it; if the relay cannot be reached or refuses, nothing is
    /// left behind.
    pub async fn create(&self, relay: &str, name: &str) -> Result<()> {
        self.create_with_token(relay, name, None).await
    }

    /// The same at a relay that requires a token to start an account.
    pub async fn create_with_token(&self, relay: &str, name: &str, token: Option<&str>) -> Result<()> {
        let token = token.map(str::to_owned);
        self.command(Command::CreateAccount { relay: relay.into(), name: name.into(), token }).await?;
        let created = self.until(|status| {
            let view = &status.view;
            match (view.stage, view.connection) {
                (Stage::Member, _) => Some(Ok(())),
                (_, Connection::Waiting { .. }) => Some(Err(Error::Unreachable(status.trouble.clone()))),
                (Stage::New | Stage::Removed, _) => {
                    Some(Err(view.problem.clone().map_or(Error::Cancelled, Error::from)))
                }
                (_, Connection::Idle) => view.problem.clone().map(|problem| Err(problem.into())),
                _ => None,
            }
        });
        let created = created.await;
        if created.is_err() {
            // Only takes back what the relay has not registered.
            self.command(Command::CancelJoin).await?;
        }
        created
    }

    /// Queues text for the other devices, and the same as HTML if there is such a form. It is on the disk when this is
    /// done, and goes to the relay from there.
    pub async fn push(&self, content: Content) -> Result<Receipt> {
        let Content { text, html } = content;
        self.queue(Command::Push { text, html }).await
    }

    /// The same with content of any other media type (RFC 6838), such as `application/json`. Devices list such a clip, and
    /// none puts it on a clipboard; programs get it with [`Client::read`].
    pub async fn push_bytes(&self, media: &str, bytes: impl Into<Vec<u8>>) -> Result<Receipt> {
        self.queue(Command::PushBytes { media: media.into(), bytes: bytes.into() }).await
    }

    async fn queue(&self, command: Command) -> Result<Receipt> {
        match self.command(command).await? {
            Outcome::Queued { clip } => Ok(Receipt::new(self.clone(), clip)),
            _ => Err(Error::Gone),
        }
    }

    /// A receipt for a clip or payload of this device, by its identifier: for what was sent before a restart.
    pub fn receipt(&self, id: &str) -> Receipt {
        Receipt::new(self.clone(), id.into())
    }

    /// All forms of a clip, the plainest first; its text is one of them.
    pub async fn read(&self, clip: &str) -> Result<Vec<Form>> {
        let clip = clip.to_owned();
        self.ask(|reply| Ask::Read(clip, reply)).await?.ok_or(Error::Gone)
    }

    /// Clips from other devices that came after a place in this device's list, oldest first, with all their content. 0
    /// is before the first. Clips that the device no longer keeps (5,000 clips and 64 MiB stay) are not among them.
    ///
    /// The place is [`ClipView::order`], not the relay's cursor: a relay restored from a backup starts counting again,
    /// and no clip should be missed because of that.
    pub async fn pull(&self, after: u64) -> Result<Vec<ClipView>> {
        self.ask(|reply| Ask::Clips(Which::After(after), reply)).await
    }

    /// All clips that the device keeps, its own included, oldest first, with all their content.
    pub async fn history(&self) -> Result<Vec<ClipView>> {
        self.ask(|reply| Ask::Clips(Which::All, reply)).await
    }

    /// The place of the newest clip, for [`Client::pull`].
    pub async fn last_order(&self) -> Result<u64> {
        self.ask(Ask::NewestOrder).await
    }

    /// Clips of other devices as they come, whole, from now on.
    pub async fn clips(&self) -> Result<Arrivals<ClipView>> {
        Ok(self.clips_after(self.last_order().await?))
    }

    /// The same from a place in the list on: with the place of the last one that a program has dealt with, it misses none
    /// and sees none twice.
    pub fn clips_after(&self, after: u64) -> Arrivals<ClipView> {
        let source = Source {
            pull: Box::new(|client: Client, after| async move { client.pull(after).await }.boxed()),
            order: |clip: &ClipView| clip.order,
        };
        Arrivals::new(self.clone(), source, after)
    }

    /// Waits until everything that the relay has for this device is here. Where the relay cannot be reached, that is
    /// [`Error::Unreachable`], though the device goes on trying.
    pub async fn caught_up(&self) -> Result<()> {
        self.until(|status| match (status.view.stage, status.view.connection) {
            (Stage::Member, Connection::Online) => Some(Ok(())),
            (_, Connection::Waiting { .. }) => Some(Err(Error::Unreachable(status.trouble.clone()))),
            _ => gone(status).map(Err),
        })
        .await
    }

    /// Waits until the relay has everything that this device was to send, also what it was asked for before a restart.
    pub async fn sent(&self) -> Result<()> {
        let mut status = self.watch_status();
        loop {
            status.mark_unchanged();
            let left = self.ask(Ask::Unsent).await?;
            if let Some(error) = self.gone() {
                return Err(error);
            }
            if left == 0 {
                return Ok(());
            }
            self.changed(&mut status).await?;
        }
    }

    /// The devices of the account, this one first.
    pub fn devices(&self) -> Vec<DeviceView> {
        self.seen.status.borrow().view.devices.clone()
    }

    /// Removes a device, named by its identifier, from the account. Done once the relay has recorded that; if this is
    /// dropped before then, the device keeps trying.
    pub async fn remove(&self, device: &str) -> Result<()> {
        self.command(Command::RemoveDevice { device: device.into() }).await?;
        self.until(|status| {
            let is_there = status.view.devices.iter().any(|one| one.id == device);
            // Whoever is out itself sees no list.
            gone(status).map(Err).or_else(|| (!is_there).then_some(Ok(())))
        })
        .await
    }

    /// What a person should know, until it is [dismissed](Client::dismiss).
    pub fn alerts(&self) -> Vec<AlertView> {
        self.seen.status.borrow().view.alerts.clone()
    }

    /// Dismisses an alert.
    pub async fn dismiss(&self, alert: u64) -> Result<()> {
        self.command(Command::DismissAlert { id: alert }).await.map(drop)
    }

    /// Forgets the account here: keys, clips, and anything waiting to be sent. The other devices are not told.
    pub async fn leave(&self) -> Result<()> {
        self.command(Command::Leave).await.map(drop)
    }

    /// Tells the device that this machine's clipboard holds something new. An echo of what came from elsewhere is
    /// recognised as one.
    pub async fn copied(&self, content: Content) -> Result<Copied> {
        self.ask(|reply| Ask::Copied(content, reply)).await
    }

    /// Asks the device for anything that a person can ask for.
    pub async fn command(&self, command: Command) -> Result<Outcome> {
        match self.ask(|reply| Ask::Command(command, reply)).await? {
            Outcome::Refused { problem } => Err(problem.into()),
            outcome => Ok(outcome),
        }
    }

    /// Ends the device cleanly: what is on the socket by now goes out first, if that takes no more than a second, and the
    /// store is closed when this is done. What still waits is sent when the device is opened again; [`Client::sent`] waits
    /// for it. Other handles get [`Error::Closed`]. Fails with what had ended the device before, if anything had.
    pub async fn close(self) -> Result<()> {
        let (reply, closed) = oneshot::channel();
        if self.asks.send(Ask::Close(reply)).is_ok() {
            let _ = closed.await;
        }
        self.ended().await
    }

    /// Waits until the device has ended; returns how.
    pub(crate) async fn ended(&self) -> Result<()> {
        let mut end = self.seen.end.subscribe();
        let end = end.wait_for(Option::is_some).await;
        end.map_or(Err(Error::Closed), |end| end.clone().unwrap_or(Err(Error::Closed)))
    }

    pub(crate) async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        if self.asks.send(ask(reply)).is_ok()
            && let Ok(answer) = answer.await
        {
            return Ok(answer);
        }
        self.ended().await.and(Err(Error::Closed))
    }

    /// Why the device will not get on, if so.
    pub(crate) fn gone(&self) -> Option<Error> {
        gone(&self.seen.status.borrow())
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.seen.status.borrow().view.stage == Stage::Removed
    }

    pub(crate) fn watch_status(&self) -> watch::Receiver<Status> {
        self.seen.status.subscribe()
    }

    /// The place of what came in last, as it changes.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.seen.newest.subscribe()
    }

    /// Waits for a change, or the end of the device.
    pub(crate) async fn changed<T>(&self, watched: &mut watch::Receiver<T>) -> Result<()> {
        tokio::select! {
            _ = watched.changed() => Ok(()),
            end = self.ended() => end.and(Err(Error::Closed)),
        }
    }

    /// Waits until `look` finds something in the state of the device.
    pub(crate) async fn until<T>(&self, mut look: impl FnMut(&Status) -> Option<Result<T>>) -> Result<T> {
        let mut status = self.seen.status.subscribe();
        loop {
            if let Some(found) = look(&status.borrow_and_update()) {
                return found;
            }
            self.changed(&mut status).await?;
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({:?})", self.seen.status.borrow())
    }
}

/// Why a device will get no further, if so.
pub(crate) fn gone(status: &Status) -> Option<Error> {
    let view = &status.view;
    match view.stage {
        Stage::New => Some(Problem::NoAccount.into()),
        Stage::Removed => Some(Error::Removed),
        Stage::Joining | Stage::Member => {
            view.problem.clone().filter(|_| view.connection == Connection::Idle).map(Error::from)
        }
    }
}
