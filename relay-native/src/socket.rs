//! One WebSocket: moves messages between the wire and the core, answers pings by itself, and never
//! waits for ever.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hushclip_protocol::frame::{PING, PONG};
use hushclip_protocol::ids::{ConnId, Nonce};
use hushclip_protocol::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::core::{Call, Calls, Target};
use crate::outbox::{Out, Outgoing, cost, outbox};

/// Bytes of frames that may wait for the core, of all sockets together.
const ROOM: usize = 64 * limits::FRAME_BYTES;
/// How long the other side may take to read what is sent to it.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to answer a close.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// An idle socket costs this much for each direction.
const BUFFER: usize = 4 * 1024;

/// What sockets share.
#[derive(Debug, Clone)]
pub(crate) struct Sockets {
    calls: Calls,
    room: Arc<Semaphore>,
}

impl Sockets {
    /// All of them talk to this core.
    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls, room: Arc::new(Semaphore::new(ROOM)) }
    }

    /// Serves one socket until it ends.
    pub(crate) async fn serve<S>(self, stream: S, target: Target, host: String)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (Some(conn), Some(nonce)) = (random().map(ConnId::from_bytes), random().map(Nonce::from_bytes)) else {
            return;
        };
        let (outbox, mut outgoing) = outbox();
        let cut = outgoing.cut();
        let open = Call::Open { conn, nonce, target, host, outbox };
        if self.calls.send(open).await.is_err() {
            return;
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_message_size(Some(limits::FRAME_BYTES))
            .max_frame_size(Some(limits::FRAME_BYTES));
        let mut stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        tokio::select! {
            () = self.relay(&mut stream, conn, &mut outgoing) => {}
            () = cut => {}
        }
        // Fails only when the core has ended.
        let _ = self.calls.send(Call::Closed { conn }).await;
    }

    async fn relay<S>(&self, stream: &mut WebSocketStream<S>, conn: ConnId, outgoing: &mut Outgoing)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            tokio::select! {
                out = outgoing.next() => match out {
                    None => return,
                    Some(out) => match timeout(WRITE_LIMIT, send(stream, out, outgoing)).await {
                        Ok(Ok(false)) => {}
                        Ok(Ok(true)) => return hang_up(stream).await,
                        Ok(Err(_)) | Err(_) => return,
                    },
                },
                message = stream.next() => {
                    let call = match message {
                        Some(Ok(Message::Binary(bytes))) => self.frame(conn, bytes.into()).await,
                        Some(Ok(Message::Text(text))) if text.as_str() == PING => {
                            match timeout(WRITE_LIMIT, stream.send(Message::text(PONG))).await {
                                Ok(Ok(())) => continue,
                                Ok(Err(_)) | Err(_) => return,
                            }
                        }
                        Some(Ok(Message::Text(_))) => Call::Text { conn },
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                        Some(Ok(Message::Close(_))) => {
                            // What answers it is queued already.
                            let _ = timeout(CLOSE_LIMIT, stream.flush()).await;
                            return;
                        }
                        // What is too long or no message is no frame.
                        Some(Err(Error::Capacity(_) | Error::Utf8(_) | Error::Protocol(_))) => {
                            if self.calls.send(Call::Frame { conn, bytes: Vec::new(), room: None }).await.is_err() {
                                return;
                            }
                            return self.say_goodbye(stream, outgoing).await;
                        }
                        Some(Err(_)) | None => return,
                    };
                    if self.calls.send(call).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn frame(&self, conn: ConnId, bytes: Vec<u8>) -> Call {
        let wanted = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(wanted).await.ok();
        Call::Frame { conn, bytes, room }
    }

    /// Sends what is left to be sent to a side that nothing more is read from.
    async fn say_goodbye<S>(&self, stream: &mut WebSocketStream<S>, outgoing: &mut Outgoing)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Ok(Some(out)) = timeout(CLOSE_LIMIT, outgoing.next()).await {
            match timeout(CLOSE_LIMIT, send(stream, out, outgoing)).await {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => return hang_up(stream).await,
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }
}

/// Sends this and what else waits; says whether it was the last.
async fn send<S>(stream: &mut WebSocketStream<S>, out: Out, outgoing: &mut Outgoing) -> Result<bool, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut next = Some(out);
    let mut sent = 0;
    while let Some(out) = next {
        sent += cost(&out);
        match out {
            Out::Frame(frame) => stream.feed(Message::Binary(Bytes::from_owner(frame))).await?,
            Out::Close { code, reason } => {
                let close = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
                stream.send(Message::Close(Some(close))).await?;
                return Ok(true);
            }
        }
        next = outgoing.try_next();
    }
    stream.flush().await?;
    outgoing.sent(sent);
    Ok(false)
}

/// Reads on for a while, so that the other side gets the close before its line breaks.
async fn hang_up<S>(stream: &mut WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut waste = [0; BUFFER];
    let read = async { while let Ok(1..) = stream.get_mut().read(&mut waste).await {} };
    let _ = timeout(CLOSE_LIMIT, read).await;
}

fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}
