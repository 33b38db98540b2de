//! What a device tells its listeners.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, unfold};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use hushclip_model::{Content, Notice, View};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::task::unconstrained;

use crate::error::Result;

/// The state of a device.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Everything a person would be shown, except the clips, which are many.
    pub view: View,
    /// Why the relay was not reached last time, in words for people.
    pub trouble: Option<String>,
}

impl std::fmt::Debug for Status {
    /// Reveals no name, link or digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Status({:?}, {:?})", self.view.stage, self.view.connection)
    }
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The state of the device has changed to this.
    Status(Box<Status>),
    /// A piece of news: a clip came, a device wants in, work in the background failed.
    Notice(Notice),
    /// For programs that sync a clipboard: put this there. Its digest is already noted, so seeing it there does not
    /// count as a copy.
    WriteClipboard {
        /// What.
        content: Content,
        /// Other programs should neither keep it nor pass it on.
        secret: bool,
    },
    /// Likewise: remove the text with this [`digest`](crate::digest), if it is still there.
    ClearClipboard {
        /// In hexadecimal.
        digest: String,
    },
    /// This listener was too slow and has missed events.
    Missed {
        /// How many.
        count: u64,
    },
}

/// Everything that happens from now on. Ends with the device.
pub struct Events {
    events: BoxStream<'static, Event>,
}

impl Events {
    pub(crate) fn new(events: broadcast::Receiver<Event>, end: watch::Receiver<Option<Result<()>>>) -> Self {
        let next = |(mut events, mut end): (broadcast::Receiver<Event>, watch::Receiver<_>)| async move {
            let event = tokio::select! {
                // What happened before the end comes before it.
                biased;
                event = events.recv() => event,
                () = ended(&mut end) => return None,
            };
            let event = match event {
                Ok(event) => event,
                Err(RecvError::Lagged(count)) => Event::Missed { count },
                Err(RecvError::Closed) => return None,
            };
            Some((event, (events, end)))
        };
        Self { events: unfold((events, end), next).boxed() }
    }

    /// The next one; `None` when the device has ended. Cancel-safe: nothing is lost if this is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.next().await
    }

    /// The next one, if it has happened already.
    pub fn try_next(&mut self) -> Option<Event> {
        // Tokio's budget could make it look as if nothing had.
        unconstrained(self.events.next()).now_or_never().flatten()
    }
}

/// Waits until a device has ended.
async fn ended(end: &mut watch::Receiver<Option<Result<()>>>) {
    let _ = end.wait_for(Option::is_some).await;
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_next_unpin(context)
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}
