//! What sockets tell the core.

use std::time::Instant;

use crate::budget::Room;
use crate::outbox::Outbox;
use hushclip_mailbox::Peer;
use hushclip_protocol::ids::{ConnId, DeviceId, MailboxId, Nonce};

/// Something that happened, mostly on a socket.
#[derive(Debug)]
pub(crate) enum Call {
    /// A socket was opened.
    Open {
        /// Its fresh name.
        conn: ConnId,
        /// Its fresh challenge.
        nonce: Nonce,
        /// What it asked for.
        target: Target,
        /// The relay's own authority, as the device asked for it.
        host: String,
        /// Who is asking.
        peer: Peer,
        /// Where replies go; `None` once the core has taken it.
        outbox: Option<Outbox>,
    },
    /// A binary message arrived.
    Frame {
        /// On this socket.
        conn: ConnId,
        /// The message.
        bytes: Vec<u8>,
        /// When all of it had arrived.
        came: Instant,
        /// Its room among all messages that are queued.
        _room: Option<Room>,
    },
    /// A text message arrived that is not a ping.
    Text {
        /// On this socket.
        conn: ConnId,
    },
    /// More pings arrived than it may send.
    Pinged {
        /// On this socket.
        conn: ConnId,
    },
    /// A socket is gone.
    Closed {
        /// Which.
        conn: ConnId,
    },
    /// A push service no longer knows a subscription.
    WakeGone {
        /// The account.
        home: MailboxId,
        /// The device that was to be woken.
        device: DeviceId,
        /// The address that was asked.
        endpoint: String,
    },
    /// The process is ending.
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
