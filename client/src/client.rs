//! A handle on a device. It owns nothing but the way to the device's thread: what can be asked for stands in `account`,
//! `clips`, `channel` and `pairing`.

use std::sync::Arc;

use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Command, Outcome, Problem};
use tokio::sync::{mpsc, oneshot, watch};

use crate::device::{Ask, Reply, Seen};
use crate::error::{Error, Result};
use crate::event::{Events, Status};

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
    pub(crate) fn new(asks: mpsc::UnboundedSender<Ask>, seen: Seen) -> Self {
        Self { asks, seen: Arc::new(seen) }
    }

    /// The state of the device.
    pub fn status(&self) -> Status {
        self.seen.status.borrow().clone()
    }

    /// Everything that happens from now on.
    pub fn events(&self) -> Events {
        Events::new(self.seen.events.subscribe(), self.seen.end.subscribe())
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
