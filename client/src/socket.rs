//! How a device reaches its relay. It owns the trait and the two ends of a connection; [`crate::WebSocket`] is the one
//! that is built in.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long closing in order may take.
const CLOSE: Duration = Duration::from_secs(1);
/// Messages that are read ahead.
const AHEAD: usize = 64;

/// Opens sockets to relays.
pub trait Connect: Send + 'static {
    /// Connects to `url` (`ws://…` or `wss://…`, RFC 6455) and carries messages until either side ends. It says `Opened`
    /// first, `Closed` last, and takes no longer than a few seconds to find out that nobody answers. It runs on the
    /// client's own thread, in a Tokio runtime with I/O and time, and must not block.
    fn connect(&self, url: String, socket: Socket) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// What a socket is to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A binary message.
    Frame(Vec<u8>),
    /// The text message `ping`, which a relay answers with `pong`.
    Ping,
}

/// What a socket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// It is open.
    Opened,
    /// A binary message came.
    Frame(Vec<u8>),
    /// The text message `pong` came.
    Pong,
    /// It is gone, or never opened.
    Closed {
        /// The close code (RFC 6455, section 7.4), where there was one.
        code: Option<u16>,
        /// For people; `None` when the relay closed in order.
        why: Option<String>,
        /// How long nothing had passed, when it broke and was open.
        silent: Option<Duration>,
    },
}

/// One connection, as whoever carries it sees it.
#[derive(Debug)]
pub struct Socket {
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
    incoming: mpsc::Sender<Incoming>,
}

impl Socket {
    /// What is to be sent next; `None` when it is time to close in order.
    pub async fn next(&mut self) -> Option<Outgoing> {
        self.outgoing.recv().await
    }

    /// Tells the client. Waits while it is busy.
    pub async fn say(&self, said: Incoming) {
        // What nobody listens for any more is not missed.
        let _ = self.incoming.send(said).await;
    }

    /// Waits until nobody listens any more: what is still to be sent need not be.
    pub async fn dropped(&self) {
        self.incoming.closed().await;
    }
}

/// The same, as the client sees it.
pub(crate) struct Link {
    out: mpsc::UnboundedSender<Outgoing>,
    said: mpsc::Receiver<Incoming>,
    task: JoinHandle<()>,
    opened: bool,
}

impl Link {
    /// Begins to connect.
    pub(crate) fn open(connect: &dyn Connect, url: String) -> Self {
        let (out, outgoing) = mpsc::unbounded_channel();
        let (incoming, said) = mpsc::channel(AHEAD);
        let task = tokio::spawn(connect.connect(url, Socket { outgoing, incoming }));
        Self { out, said, task, opened: false }
    }

    pub(crate) fn send(&self, message: Outgoing) {
        // Fails only when the socket is gone, which it says itself.
        let _ = self.out.send(message);
    }

    /// The next thing that happens.
    pub(crate) async fn next(&mut self) -> Incoming {
        let said = self.said.recv().await.unwrap_or(Incoming::Closed { code: None, why: None, silent: None });
        self.opened |= matches!(said, Incoming::Opened);
        said
    }

    /// Lets what was queued leave, closes, and waits for both, but not for long.
    pub(crate) async fn close(self) {
        let Self { out, said: mut unread, task, opened } = self;
        drop(out);
        if !opened {
            return task.abort();
        }
        // Reads on, because a relay that cannot write does not read either.
        let closed = timeout(CLOSE, async { while unread.recv().await.is_some() {} }).await;
        if closed.is_err() {
            task.abort();
        }
    }
}
