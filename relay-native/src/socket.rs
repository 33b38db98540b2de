//! One WebSocket: moves messages between the wire and the core, answers pings itself, and never waits forever.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hushclip_mailbox::{Peer, Pings};
use hushclip_protocol::frame::{PING, PONG};
use hushclip_protocol::ids::{ConnId, Nonce};
use hushclip_protocol::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::budget::{Budget, Room};
use crate::core::{Call, Calls, Target, now_ms};
use crate::metered::Metered;
use crate::outbox::{Out, Outgoing, cost, outbox};

/// How long the other side may take to read what is sent to it.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long one message may take to arrive.
const MESSAGE_LIMIT: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(30) };
/// How long the other side may take to answer a close.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How long a side that was told to go may stay silent, and how long it may go on sending.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);
const LINGER_LIMIT: Duration = Duration::from_secs(10);
/// An idle socket costs this much in each direction.
const BUFFER: usize = 4 * 1024;

/// What all sockets share.
#[derive(Debug, Clone)]
pub(crate) struct Sockets {
    calls: Calls,
    budget: Budget,
}

impl Sockets {
    /// Sockets that all talk to this core.
    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls, budget: Budget::default() }
    }

    /// Serves one socket until it ends.
    pub(crate) async fn serve<S>(self, stream: S, target: Target, host: String, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (Some(conn), Some(nonce)) = (random().map(ConnId::from_bytes), random().map(Nonce::from_bytes)) else {
            return;
        };
        let (outbox, mut outgoing) = outbox(self.budget.clone());
        let cut = outgoing.cut();
        let open = Call::Open { conn, nonce, target, host, peer, outbox: Some(outbox) };
        if self.calls.send(open).await.is_err() {
            return;
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_message_size(Some(limits::FRAME_BYTES))
            .max_frame_size(Some(limits::FRAME_BYTES));
        let stream = Metered::new(stream, Room::new(self.budget.clone()), outgoing.is_member());
        let mut stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        tokio::select! {
            () = self.relay(&mut stream, conn, &mut outgoing) => {}
            () = cut => {}
        }
        // Fails only when the core has ended.
        let _ = self.calls.send(Call::Closed { conn }).await;
    }

    async fn relay<S>(&self, stream: &mut WebSocketStream<Metered<S>>, conn: ConnId, outgoing: &mut Outgoing)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut pings = Pings::default();
        loop {
            if stream.get_ref().is_overdue(MESSAGE_LIMIT) {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(MESSAGE_LIMIT) => {}
                out = outgoing.next() => match out {
                    None => return,
                    Some(out) => match timeout(WRITE_LIMIT, send(stream, out, outgoing)).await {
                        Ok(Ok(false)) => {}
                        Ok(Ok(true)) => return hang_up(stream).await,
                        Ok(Err(_)) | Err(_) => return,
                    },
                },
                message = stream.next() => {
                    let is_ping = matches!(&message, Some(Ok(message)) if is_ping(message));
                    if is_ping && !pings.take(now_ms()) {
                        if self.calls.send(Call::Pinged { conn }).await.is_err() {
                            return;
                        }
                        return self.say_goodbye(stream, outgoing).await;
                    }
                    let call = match message {
                        Some(Ok(Message::Binary(bytes))) => {
                            {
                                let room = Some(stream.get_mut().finish());
                                Call::Frame { conn, bytes: bytes.into(), came: Instant::now(), _room: room }
                            }
                        }
                        Some(Ok(Message::Text(text))) if text.as_str() == PING => {
                            drop(stream.get_mut().finish());
                            match timeout(WRITE_LIMIT, stream.send(Message::text(PONG))).await {
                                Ok(Ok(())) => continue,
                                Ok(Err(_)) | Err(_) => return,
                            }
                        }
                        Some(Ok(Message::Text(_))) => Call::Text { conn },
                        Some(Ok(Message::Ping(payload) | Message::Pong(payload))) => {
                            stream.get_mut().finish_control(payload.len());
                            continue;
                        }
                        Some(Ok(Message::Frame(_))) => continue,
                        Some(Ok(Message::Close(_))) => {
                            // The answer to it is already queued.
                            let _ = timeout(CLOSE_LIMIT, stream.flush()).await;
                            return;
                        }
                        // Anything too long, or not a valid message, is not a frame.
                        Some(Err(error)) if is_no_frame(&error) => {
                            if self.calls.send(Call::Frame { conn, bytes: Vec::new(), came: Instant::now(), _room: None }).await.is_err() {
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

    /// Sends whatever is still queued to a side that is no longer read from.
    async fn say_goodbye<S>(&self, stream: &mut WebSocketStream<Metered<S>>, outgoing: &mut Outgoing)
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

/// Sends this and whatever else is queued; returns whether it ended with a close.
async fn send<S>(stream: &mut WebSocketStream<Metered<S>>, out: Out, outgoing: &mut Outgoing) -> Result<bool, Error>
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

/// Whether this is a ping of either kind, or a pong that nobody asked for.
fn is_ping(message: &Message) -> bool {
    match message {
        Message::Ping(_) | Message::Pong(_) => true,
        Message::Text(text) => text.as_str() == PING,
        _ => false,
    }
}

/// Whether what arrived is too long, or not a valid message.
fn is_no_frame(error: &Error) -> bool {
    match error {
        Error::Capacity(_) | Error::Utf8(_) | Error::Protocol(_) => true,
        Error::Io(error) => error.kind() == ErrorKind::FileTooLarge,
        _ => false,
    }
}

/// Shuts the connection down after the close has been sent, and goes on reading for a while: as long as something
/// that arrived is left unread, the other side might not get the close. It may be busy, and in the middle of a long
/// frame. What is read is discarded, so it is not counted either.
async fn hang_up<S>(stream: &mut WebSocketStream<Metered<S>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = stream.get_mut().unmetered();
    let _ = timeout(CLOSE_LIMIT, stream.shutdown()).await;
    let mut waste = [0; BUFFER];
    let read = async { while let Ok(Ok(1..)) = timeout(SILENCE_LIMIT, stream.read(&mut waste)).await {} };
    let _ = timeout(LINGER_LIMIT, read).await;
}

fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::calls;

    /// Whether a socket that receives its bytes one by one has ended after a while.
    async fn ends(mut bytes: impl Iterator<Item = u8>) -> bool {
        let (calls, mut core) = calls();
        let (ours, mut theirs) = tokio::io::duplex(BUFFER);
        tokio::spawn(Sockets::new(calls).serve(ours, Target::Nameplate(None), "relay".into(), Peer::Local));
        let Some(Call::Open { outbox, .. }) = core.recv().await else { panic!("it opens") };
        let outbox = outbox.unwrap();
        outbox.signed_in();
        for _ in 0..60 {
            if let Some(byte) = bytes.next() {
                // The socket may already be gone.
                let _ = theirs.write_all(&[byte]).await;
            }
            if let Ok(call) = timeout(MESSAGE_LIMIT / 20, core.recv()).await {
                return matches!(call, Some(Call::Closed { .. }));
            }
        }
        false
    }

    #[tokio::test]
    async fn a_message_that_never_ends_ends_its_socket_and_silence_does_not() {
        let endless = [0x82, 0xfe, 0x10, 0, 0, 0, 0, 0].into_iter().chain(std::iter::repeat(7));
        // Pings in the middle of a message do not end it.
        let ping = [0x89, 0x80, 0, 0, 0, 0];
        let pinging = [0x02, 0x81, 0, 0, 0, 0, 7].into_iter().chain(std::iter::repeat(ping).flatten());
        let (endless, pinging, silent) = tokio::join!(ends(endless), ends(pinging), ends(std::iter::empty()));
        assert!(endless && pinging && !silent);
    }

    #[tokio::test]
    async fn a_stranger_whose_frame_is_too_long_may_finish_it_and_hears_why_it_is_closed() {
        let (calls, mut core) = calls();
        let (ours, mut theirs) = tokio::io::duplex(BUFFER);
        tokio::spawn(Sockets::new(calls).serve(ours, Target::Nameplate(None), "relay".into(), Peer::Local));
        let Some(Call::Open { outbox: Some(outbox), .. }) = core.recv().await else { panic!("it opens") };
        tokio::spawn(async move {
            while let Some(call) = core.recv().await {
                if matches!(call, Call::Frame { .. }) {
                    outbox.send(Out::Close { code: 4000, reason: "" });
                }
            }
        });
        let length = u32::try_from(limits::FRAME_BYTES).unwrap();
        theirs.write_all(&[0x82, 0xff, 0, 0, 0, 0]).await.unwrap();
        theirs.write_all(&length.to_be_bytes()).await.unwrap();
        theirs.write_all(&[0; 4]).await.unwrap();
        theirs.write_all(&vec![0x83; limits::FRAME_BYTES]).await.unwrap();
        let mut close = [0; 4];
        theirs.read_exact(&mut close).await.unwrap();
        assert_eq!(close, [0x88, 2, 0x0f, 0xa0]);
    }
}
