//! How a device reaches its relay. It owns the trait and the two ends of a connection; [`crate::WebSocket`] is built
//! in.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long closing cleanly may take.
const CLOSE: Duration = Duration::from_secs(1);
/// How many messages are read ahead.
const AHEAD: usize = 64;

/// Opens sockets to relays.
pub trait Connect: Send + 'static {
    /// Connects to `url` (`ws://…` or `wss://…`, RFC 6455) and carries messages until either side ends. It says
    /// `Opened` first and `Closed` last, and takes no more than a few seconds to find out that nobody answers. It runs
    /// on the client's own thread, in a Tokio runtime with I/O and time, and must not block.
    fn connect(&self, url: String, socket: Socket) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// What a socket is to send.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outgoing {
    /// A binary message.
    Frame(Vec<u8>),
    /// The text message `ping`, which a relay answers with `pong`.
    Ping,
}

/// What a socket says.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
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
        /// For people; `None` when the relay closed cleanly.
        why: Option<String>,
        /// How long nothing had passed, if it broke while open.
        silent: Option<Duration>,
    },
}

impl std::fmt::Debug for Outgoing {
    /// Leaves the bytes out: some frames hold tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(frame) => write!(f, "Frame({} bytes)", frame.len()),
            Self::Ping => f.write_str("Ping"),
        }
    }
}

impl std::fmt::Debug for Incoming {
    /// Leaves the bytes out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Opened => f.write_str("Opened"),
            Self::Frame(frame) => write!(f, "Frame({} bytes)", frame.len()),
            Self::Pong => f.write_str("Pong"),
            Self::Closed { code, why, .. } => write!(f, "Closed({code:?}, {why:?})"),
        }
    }
}

/// One connection, as seen by what carries it.
#[derive(Debug)]
pub struct Socket {
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
    incoming: mpsc::Sender<Incoming>,
}

impl Socket {
    /// What to send next; `None` when it is time to close cleanly.
    pub async fn next(&mut self) -> Option<Outgoing> {
        self.outgoing.recv().await
    }

    /// Tells the client. Waits while it is busy.
    pub async fn say(&self, said: Incoming) {
        // If nobody is listening any more, it is not missed.
        let _ = self.incoming.send(said).await;
    }

    /// Waits until nobody is listening any more: what is still queued need not be sent.
    pub async fn dropped(&self) {
        self.incoming.closed().await;
    }
}

/// The same connection, as seen by the client.
pub(crate) struct Link {
    out: mpsc::UnboundedSender<Outgoing>,
    said: mpsc::Receiver<Incoming>,
    task: JoinHandle<()>,
    opened: bool,
}

impl Link {
    /// Starts connecting.
    pub(crate) fn open(connect: &dyn Connect, url: String) -> Self {
        let (out, outgoing) = mpsc::unbounded_channel();
        let (incoming, said) = mpsc::channel(AHEAD);
        let task = tokio::spawn(connect.connect(url, Socket { outgoing, incoming }));
        Self { out, said, task, opened: false }
    }

    pub(crate) fn send(&self, message: Outgoing) {
        // Fails only when the socket is gone, which it reports itself.
        let _ = self.out.send(message);
    }

    /// The next thing that happens.
    pub(crate) async fn next(&mut self) -> Incoming {
        let said = self.said.recv().await.unwrap_or(Incoming::Closed { code: None, why: None, silent: None });
        self.opened |= matches!(said, Incoming::Opened);
        said
    }

    /// Lets what was queued go out, closes, and waits for both, but not for long.
    pub(crate) async fn close(self) {
        let Self { out, said: mut unread, task, opened } = self;
        drop(out);
        if !opened {
            return task.abort();
        }
        // Keeps reading, because a relay that cannot write does not read either.
        let closed = timeout(CLOSE, async { while unread.recv().await.is_some() {} }).await;
        if closed.is_err() {
            task.abort();
        }
    }
}
