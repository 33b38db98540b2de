//! What sockets tell the core.

use std::time::Instant;

use crate::budget::Room;
use crate::outbox::Outbox;
use hushclip_mailbox::Peer;
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId, Nonce};

/// Something that happened, mostly on a socket.
#[derive(Debug)]
pub(crate) enum Call {
    /// It was opened.
    Open {
        /// Its fresh name.
        conn: ConnId,
        /// Its fresh challenge.
        nonce: Nonce,
        /// What it asked for.
        target: Target,
        /// The relay, as the device calls it.
        host: String,
        /// Who asks.
        peer: Peer,
        /// Where replies go, until they do.
        outbox: Option<Outbox>,
    },
    /// A binary message came.
    Frame {
        /// On this socket.
        conn: ConnId,
        /// The message.
        bytes: Vec<u8>,
        /// When it had come whole.
        came: Instant,
        /// Room for it among all messages that wait.
        _room: Option<Room>,
    },
    /// A text message came that is no ping.
    Text {
        /// On this socket.
        conn: ConnId,
    },
    /// More pings came than it may send.
    Pinged {
        /// On this socket.
        conn: ConnId,
    },
    /// It is gone.
    Closed {
        /// Which.
        conn: ConnId,
    },
    /// A push service knows no such subscription any more.
    WakeGone {
        /// The account.
        home: MailboxId,
        /// The device that was to be woken.
        device: DeviceId,
        /// The address that was asked.
        endpoint: String,
    },
    /// The process ends.
    Stop,
}

/// What a socket leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An account.
    Mailbox(MailboxId),
    /// Whatever account this nameplate leads to.
    Nameplate(Option<u32>),
}
