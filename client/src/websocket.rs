//! One WebSocket (RFC 6455) to the relay, over TLS with the certificates that the system trusts. It knows frames only as
//! bytes.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::limits;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::socket::{Connect, Incoming, Outgoing, Socket};
use crate::trouble::explain;

/// How long opening may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long closing cleanly may take.
const CLOSE: Duration = Duration::from_secs(1);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The built-in way to reach a relay. To use a certificate authority of your own, set the variable `SSL_CERT_FILE`.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebSocket;

impl Connect for WebSocket {
    fn connect(&self, url: String, socket: Socket) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(run(url, socket))
    }
}

/// Connects within a time limit; fails with a reason for people.
pub(crate) async fn connect(url: &str) -> Result<Stream, String> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits::FRAME_BYTES))
        .max_frame_size(Some(limits::FRAME_BYTES));
    match timeout(CONNECT, connect_async_with_config(url, Some(config), true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err("no answer".into()),
    }
}

async fn run(url: String, mut socket: Socket) {
    let opened = tokio::select! {
        opened = connect(&url) => opened,
        // Nobody wants it any more.
        () = socket.dropped() => return,
    };
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(why) => return socket.say(Incoming::Closed { code: None, why: Some(why), silent: None }).await,
    };
    socket.say(Incoming::Opened).await;
    let mut heard = Instant::now();
    let mut last = loop {
        tokio::select! {
            message = socket.next() => {
                let Some(message) = message else {
                    let _ = timeout(CLOSE, hang_up(&mut stream)).await;
                    return;
                };
                let sent = tokio::select! {
                    biased;
                    sent = stream.send(message_of(message)) => sent,
                    // A dead peer must not hold a socket that was dropped.
                    () = socket.dropped() => return,
                };
                if let Err(error) = sent {
                    break Incoming::Closed { code: None, why: Some(explain(&error)), silent: None };
                }
                heard = Instant::now();
            }
            message = stream.next() => match said(message) {
                Some(said @ Incoming::Closed { .. }) => break said,
                Some(said) => {
                    heard = Instant::now();
                    // Nobody is listening any more, but what is queued may still have to go out.
                    socket.say(said).await;
                }
                None => {}
            },
        }
    };
    if let Incoming::Closed { code: None, silent, .. } = &mut last {
        *silent = Some(heard.elapsed());
    }
    socket.say(last).await;
}

/// Closes, and reads until the relay has closed too: stopping earlier can lose what was sent last.
async fn hang_up(stream: &mut Stream) {
    if stream.close(None).await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}

fn message_of(outgoing: Outgoing) -> Message {
    match outgoing {
        Outgoing::Frame(frame) => Message::Binary(frame.into()),
        Outgoing::Ping => Message::text("ping"),
    }
}

fn said(message: Option<Result<Message, Error>>) -> Option<Incoming> {
    match message {
        Some(Ok(Message::Binary(bytes))) => Some(Incoming::Frame(bytes.into())),
        Some(Ok(Message::Text(text))) => (text.as_str() == "pong").then_some(Incoming::Pong),
        Some(Ok(Message::Close(frame))) => {
            let code = frame.map(|frame| frame.code.into());
            let why = code.and_then(CloseCode::from_code).and_then(closed_because).map(str::to_owned);
            Some(Incoming::Closed { code, why, silent: None })
        }
        Some(Ok(_)) => None,
        Some(Err(error)) => Some(Incoming::Closed { code: None, why: Some(explain(&error)), silent: None }),
        None => Some(Incoming::Closed { code: None, why: None, silent: None }),
    }
}

/// A few words on why the relay hung up, where the engine says nothing.
fn closed_because(code: CloseCode) -> Option<&'static str> {
    Some(match code {
        CloseCode::BadFrame => "the relay could not read what this device sent",
        CloseCode::NotAMember => "the relay does not count this device as part of the account",
        CloseCode::SignInTimeout => "signing in took too long",
        CloseCode::TooManySockets => "too many connections to this account are open",
        CloseCode::RateLimited => "the relay is asking for a pause",
        CloseCode::Internal => "the relay had an internal error",
        _ => return None,
    })
}
