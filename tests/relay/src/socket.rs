//! One WebSocket to a mailbox, from the device's side.

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Anchor, Challenge, Item, PONG, ToDevice, ToRelay};
use hushclip_protocol::ids::MailboxId;
use hushclip_protocol::limits;
use tungstenite::client::{IntoClientRequest as _, client};
use tungstenite::{Error, Message, WebSocket};

use crate::{Relay, Shell};

/// How long the relay may take to answer.
const LIMIT: Duration = Duration::from_secs(8);

/// An open socket whose challenge has been read.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocket<TcpStream>,
    /// The relay's first frame.
    pub challenge: Challenge,
    /// The authority that was dialled.
    pub host: String,
}

impl Socket {
    /// Opens a socket to a mailbox.
    pub fn open(relay: &Relay, mailbox: MailboxId) -> Self {
        Self::open_at(relay, &format!("mailbox/{mailbox}"))
    }

    /// Opens a socket to whatever a nameplate leads to.
    pub fn open_nameplate(relay: &Relay, nameplate: impl std::fmt::Display) -> Self {
        Self::open_at(relay, &format!("nameplate/{nameplate}"))
    }

    /// Opens a socket to a mailbox through Cloudflare, or a proxy, that was asked by this address.
    pub fn open_from(relay: &Relay, mailbox: MailboxId, address: &str) -> Self {
        Self::open_as(relay, &format!("mailbox/{mailbox}"), Some(address))
    }

    fn open_at(relay: &Relay, path: &str) -> Self {
        Self::open_as(relay, path, None)
    }

    fn open_as(relay: &Relay, path: &str, address: Option<&str>) -> Self {
        let mut stream = Self::dial_as(relay, path, address);
        let challenge = match frame(read(&mut stream, LIMIT)) {
            ToDevice::Challenge(challenge) => challenge,
            other => panic!("first came {other:?}"),
        };
        Self { stream, challenge, host: relay.authority().to_owned() }
    }

    /// Opens a socket that is expected to be closed at once; says with which code.
    pub fn open_refused(relay: &Relay, mailbox: MailboxId) -> Option<CloseCode> {
        close_code(read(&mut Self::dial(relay, &format!("mailbox/{mailbox}")), LIMIT))
    }

    /// Opens a socket, sends one frame, and says what comes of it: a frame, or that the relay closed.
    pub fn open_and_ask(relay: &Relay, mailbox: MailboxId, frame: &ToRelay) -> Result<ToDevice, Option<CloseCode>> {
        let mut stream = Self::dial(relay, &format!("mailbox/{mailbox}"));
        let frame_or_close = |stream: &mut WebSocket<TcpStream>| match read(stream, LIMIT) {
            Message::Binary(bytes) => Ok(ToDevice::decode(&bytes).expect("the relay sends frames")),
            other => Err(close_code(other)),
        };
        let challenge = frame_or_close(&mut stream)?;
        assert!(matches!(challenge, ToDevice::Challenge(_)), "first came {challenge:?}");
        // Where the relay has closed already, reading says so.
        let _ = stream.send(Message::binary(frame.encode()));
        frame_or_close(&mut stream)
    }

    /// The newest item that the relay keeps.
    pub fn newest_anchor(&mut self) -> Option<Anchor> {
        let mut newest = None;
        loop {
            let after = newest.map_or(0, |anchor: Anchor| anchor.cursor);
            self.send(&ToRelay::Pull { after, limit: limits::PULL_ITEMS });
            let (items, has_more) = loop {
                let Message::Binary(bytes) = read(&mut self.stream, LIMIT) else { panic!("no frame came") };
                let frame = ToDevice::decode(&bytes).expect("the relay sends frames");
                if let ToDevice::Items { items, has_more, .. } = frame {
                    break (items, has_more);
                }
            };
            newest = items.last().map(Item::anchor).or(newest);
            if !has_more {
                return newest;
            }
        }
    }

    fn dial(relay: &Relay, path: &str) -> WebSocket<TcpStream> {
        Self::dial_as(relay, path, None)
    }

    fn dial_as(relay: &Relay, path: &str, address: Option<&str>) -> WebSocket<TcpStream> {
        let stream = TcpStream::connect(relay.authority()).expect("the relay listens");
        stream.set_nodelay(true).expect("TCP has that");
        stream.set_write_timeout(Some(LIMIT)).expect("sockets have timeouts");
        stream.set_read_timeout(Some(LIMIT)).expect("sockets have timeouts");
        let url = format!("ws://{}/v1/{path}", relay.authority());
        let mut request = url.into_client_request().expect("it is an address");
        if let Some(address) = address {
            let header = match Shell::wanted() {
                Shell::Native => "X-Forwarded-For",
                Shell::Workerd => "CF-Connecting-IP",
            };
            request.headers_mut().insert(header, address.parse().expect("it fits into a header"));
        }
        client(request, stream).expect("the relay upgrades").0
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &ToRelay) {
        self.send_bytes(frame.encode());
    }

    /// Sends a frame; `false` if the line is broken.
    pub fn try_send(&mut self, frame: &ToRelay) -> bool {
        self.stream.send(Message::binary(frame.encode())).is_ok()
    }

    /// The next frame; `None` if the line breaks, or if none comes.
    pub fn try_recv(&mut self) -> Option<ToDevice> {
        match self.stream.read() {
            Ok(message @ Message::Binary(_)) => Some(frame(message)),
            _ => None,
        }
    }

    /// Passes over what comes until the relay ends the socket, by a close or without; `false` if it does not.
    pub fn recv_end(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < LIMIT {
            match self.stream.read() {
                Ok(Message::Close(_)) => return true,
                Ok(_) => {}
                Err(Error::Io(why)) => return !matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                Err(_) => return true,
            }
        }
        false
    }

    /// Sends any binary message.
    pub fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.stream.send(Message::binary(bytes)).expect("the socket is open");
    }

    /// Sends bytes as they are, below the WebSocket.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("the socket is open");
    }

    /// Sends a text message.
    pub fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).expect("the socket is open");
    }

    /// The next frame.
    pub fn recv(&mut self) -> ToDevice {
        frame(read(&mut self.stream, LIMIT))
    }

    /// The next frame that `wanted` takes; passes over others.
    pub fn recv_some<T>(&mut self, mut wanted: impl FnMut(ToDevice) -> Option<T>) -> T {
        let started = Instant::now();
        while started.elapsed() < LIMIT {
            if let Some(found) = wanted(self.recv()) {
                return found;
            }
        }
        panic!("other frames kept coming");
    }

    /// The next frame behind any number of answers to pings.
    pub fn recv_after_pongs(&mut self) -> ToDevice {
        loop {
            match read(&mut self.stream, LIMIT) {
                Message::Pong(_) => {}
                Message::Text(text) if text.as_str() == PONG => {}
                message => return frame(message),
            }
        }
    }

    /// The code of the next error.
    pub fn recv_error(&mut self) -> ErrorCode {
        self.recv_some(|frame| if let ToDevice::Error { code, .. } = frame { Some(code) } else { None })
    }

    /// The next text message.
    pub fn recv_text(&mut self) -> String {
        match read(&mut self.stream, LIMIT) {
            Message::Text(text) => text.as_str().to_owned(),
            other => panic!("instead of text came {other:?}"),
        }
    }

    /// The same, as it stands on the wire.
    pub fn recv_close_number(&mut self) -> Option<u16> {
        loop {
            match read(&mut self.stream, LIMIT) {
                Message::Binary(_) => {}
                Message::Close(close) => return close.map(|close| close.code.into()),
                other => panic!("instead of a close came {other:?}"),
            }
        }
    }

    /// Passes over frames until the relay closes the socket within `limit`.
    pub fn recv_close_within(&mut self, limit: Duration) -> Option<CloseCode> {
        let started = Instant::now();
        loop {
            let rest = limit.saturating_sub(started.elapsed());
            match read(&mut self.stream, rest) {
                Message::Binary(_) | Message::Pong(_) => {}
                Message::Text(text) if text.as_str() == PONG => {}
                other => return close_code(other),
            }
        }
    }

    /// Passes over frames until the relay closes the socket.
    pub fn recv_close(&mut self) -> Option<CloseCode> {
        self.recv_close_within(LIMIT)
    }

    /// Closes the socket as a device does that goes away.
    pub fn close(mut self) {
        self.stream.close(None).expect("the socket is open");
        let _ = self.recv_close();
    }
}

fn read(socket: &mut WebSocket<TcpStream>, limit: Duration) -> Message {
    let limit = limit.max(Duration::from_millis(1));
    socket.get_ref().set_read_timeout(Some(limit)).expect("sockets have timeouts");
    match socket.read() {
        Ok(message) => message,
        Err(Error::Io(why)) => panic!("nothing came in {} ms: {why}", limit.as_millis()),
        Err(why) => panic!("the relay broke the socket: {why}"),
    }
}

fn frame(message: Message) -> ToDevice {
    match message {
        Message::Binary(bytes) => unmarked(ToDevice::decode(&bytes).expect("the relay sends frames")),
        other => panic!("instead of a frame came {other:?}"),
    }
}

/// The frame without marks, which are random, so that it can be compared. Where they matter,
/// [`Socket::newest_anchor`] tells them.
fn unmarked(mut frame: ToDevice) -> ToDevice {
    match &mut frame {
        ToDevice::Item(item) => item.mark = 0,
        ToDevice::Items { items, .. } => items.iter_mut().for_each(|item| item.mark = 0),
        ToDevice::Pushed { mark, .. } => *mark = 0,
        _ => {}
    }
    frame
}

fn close_code(message: Message) -> Option<CloseCode> {
    match message {
        Message::Close(Some(close)) => CloseCode::from_code(close.code.into()),
        Message::Close(None) => None,
        other => panic!("instead of a close came {other:?}"),
    }
}
