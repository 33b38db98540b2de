//! One WebSocket to the relay, as a task that reads and writes until it is dropped. It knows frames
//! only as bytes.

use std::time::{Duration, Instant};

use crate::trouble::explain;
use futures_util::{SinkExt as _, StreamExt as _};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::limits;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long opening may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long closing in order may take.
const CLOSE: Duration = Duration::from_secs(1);
/// Messages that are read ahead.
const AHEAD: usize = 64;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What happens on a link.
pub(crate) enum LinkEvent {
    Opened,
    Frame(Vec<u8>),
    Pong,
    /// Comes once, last.
    Closed {
        code: Option<u16>,
        /// For people; `None` when the relay closed in order.
        why: Option<String>,
        /// How long nothing had passed when a line broke that was up.
        silent: Option<Duration>,
    },
}

/// A socket that is being opened or is open.
pub(crate) struct Link {
    out: mpsc::UnboundedSender<Message>,
    events: mpsc::Receiver<LinkEvent>,
    task: JoinHandle<()>,
    opened: bool,
}

impl Link {
    /// Begins to connect.
    pub(crate) fn open(url: String) -> Self {
        let (out, outgoing) = mpsc::unbounded_channel();
        let (incoming, events) = mpsc::channel(AHEAD);
        let task = tokio::spawn(run(url, outgoing, incoming));
        Self { out, events, task, opened: false }
    }

    /// Queues a frame.
    pub(crate) fn send(&self, frame: Vec<u8>) {
        // Fails only when the socket is gone, which `event` says.
        let _ = self.out.send(Message::Binary(frame.into()));
    }

    /// Queues the text that the relay answers without waking anything.
    pub(crate) fn ping(&self) {
        let _ = self.out.send(Message::text("ping"));
    }

    /// The next thing that happens.
    pub(crate) async fn event(&mut self) -> LinkEvent {
        let event = self.events.recv().await.unwrap_or(LinkEvent::Closed { code: None, why: None, silent: None });
        self.opened |= matches!(event, LinkEvent::Opened);
        event
    }

    /// Lets what was queued leave, closes, and waits for both, but not for long.
    pub(crate) async fn close(self) {
        let Self { out, events: mut unread, task, opened } = self;
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

/// Connects, within a bounded time; fails with a reason for people.
pub(crate) async fn connect(url: &str) -> Result<Socket, String> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits::FRAME_BYTES))
        .max_frame_size(Some(limits::FRAME_BYTES));
    match timeout(CONNECT, connect_async_with_config(url, Some(config), true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err("no answer".into()),
    }
}

async fn run(url: String, mut outgoing: mpsc::UnboundedReceiver<Message>, incoming: mpsc::Sender<LinkEvent>) {
    let opened = tokio::select! {
        opened = connect(&url) => opened,
        // Nobody wants it any more.
        () = incoming.closed() => return,
    };
    let mut socket = match opened {
        Ok(socket) => socket,
        Err(why) => {
            let _ = incoming.send(LinkEvent::Closed { code: None, why: Some(why), silent: None }).await;
            return;
        }
    };
    let _ = incoming.send(LinkEvent::Opened).await;
    let mut heard = Instant::now();
    let mut last = loop {
        tokio::select! {
            message = outgoing.recv() => {
                let Some(message) = message else {
                    let _ = timeout(CLOSE, hang_up(&mut socket)).await;
                    return;
                };
                let sent = tokio::select! {
                    biased;
                    sent = socket.send(message) => sent,
                    // A dead peer must not hold a link that was dropped.
                    () = incoming.closed() => return,
                };
                if let Err(error) = sent {
                    break LinkEvent::Closed { code: None, why: Some(explain(&error)), silent: None };
                }
                heard = Instant::now();
            }
            message = socket.next() => match event_of(message) {
                Some(event @ LinkEvent::Closed { .. }) => break event,
                Some(event) => {
                    heard = Instant::now();
                    // Nobody listens any more, but what is queued may still have to leave.
                    let _ = incoming.send(event).await;
                }
                None => {}
            },
        }
    };
    if let LinkEvent::Closed { code: None, silent, .. } = &mut last {
        *silent = Some(heard.elapsed());
    }
    let _ = incoming.send(last).await;
}

/// Closes, and reads until the relay has closed too: leaving earlier can lose what was sent last.
async fn hang_up(socket: &mut Socket) {
    if socket.close(None).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

fn event_of(message: Option<Result<Message, Error>>) -> Option<LinkEvent> {
    match message {
        Some(Ok(Message::Binary(bytes))) => Some(LinkEvent::Frame(bytes.into())),
        Some(Ok(Message::Text(text))) => (text.as_str() == "pong").then_some(LinkEvent::Pong),
        Some(Ok(Message::Close(frame))) => {
            let code = frame.map(|frame| frame.code.into());
            let why = code.and_then(CloseCode::from_code).and_then(closed_because).map(str::to_owned);
            Some(LinkEvent::Closed { code, why, silent: None })
        }
        Some(Ok(_)) => None,
        Some(Err(error)) => Some(LinkEvent::Closed { code: None, why: Some(explain(&error)), silent: None }),
        None => Some(LinkEvent::Closed { code: None, why: None, silent: None }),
    }
}

/// A few words on why the relay hung up, where the engine has none.
fn closed_because(code: CloseCode) -> Option<&'static str> {
    Some(match code {
        CloseCode::BadFrame => "the relay could not read what this device sent",
        CloseCode::NotAMember => "the relay does not take this device for one of the account",
        CloseCode::SignInTimeout => "signing in took too long",
        CloseCode::TooManySockets => "too many connections to this account are open",
        CloseCode::RateLimited => "the relay asks for a pause",
        CloseCode::Internal => "the relay has a fault",
        _ => return None,
    })
}
