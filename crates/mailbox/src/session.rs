//! One open socket. Encoded, it is the socket's attachment, and survives hibernation with it.

use std::collections::VecDeque;

use hushclip_protocol::codec;
use hushclip_protocol::ids::{ConnId, DeviceId, InviteId, Nonce};
use hushclip_protocol::{label, limits};
use minicbor::{Decode, Encode};

use crate::peer::Peer;
use crate::rate::Bucket;

/// Largest encoding of a session; platforms bound what can be attached to a socket.
const BYTES: usize = 1024;
/// The range of marks: what a JavaScript number can hold (2^53 - 1).
const MARKS: u64 = (1 << 53) - 1;
/// Frames on their way that are tracked one by one.
const UNACKED: usize = 64;
/// How long a removed device may take to fetch what it has missed, in milliseconds. It may come back.
const REMOVAL_MS: u64 = 60 * 1000;

/// One open socket.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Session {
    /// Name of the socket.
    #[n(0)]
    pub conn: ConnId,
    #[n(1)]
    pub(crate) nonce: Nonce,
    /// Whether the challenge has been answered, correctly or not.
    #[n(2)]
    pub(crate) answered: bool,
    #[n(3)]
    pub(crate) opened_ms: u64,
    #[n(4)]
    pub(crate) host: String,
    #[n(5)]
    pub(crate) state: State,
    /// Where it comes from. Kept so that after a hibernation nobody is taken for this machine itself.
    #[n(6)]
    pub(crate) peer: Peer,
    /// Frames from somebody who is not a member yet.
    #[cbor(skip)]
    pub(crate) frames: Bucket,
    /// Items on their way, by the last cursor of each frame, until the device says that it has stored them. After a
    /// hibernation nothing is on its way.
    #[cbor(skip)]
    unacked: VecDeque<(u64, usize)>,
    /// The greatest cursor that this socket has been told about.
    #[cbor(skip)]
    told: u64,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub(crate) enum State {
    /// Nobody knows yet.
    #[n(0)]
    Challenged,
    /// A device of the account.
    #[n(1)]
    Member {
        #[n(0)]
        device: DeviceId,
        /// Everything up to this cursor is stored there.
        #[n(1)]
        acked: u64,
    },
    /// Whoever claimed an invite.
    #[n(2)]
    Joiner {
        #[n(0)]
        invite: InviteId,
    },
    /// A device that was removed, and has not yet been shown everything up to its removal.
    #[n(3)]
    Removed {
        /// Position of the last entry that it will be shown.
        #[n(0)]
        last: u64,
    },
}

impl Session {
    pub(crate) fn new(conn: ConnId, nonce: Nonce, host: String, peer: Peer, now: u64) -> Self {
        Self {
            conn,
            nonce,
            answered: false,
            opened_ms: now,
            host,
            state: State::Challenged,
            peer,
            frames: Bucket::default(),
            unacked: VecDeque::new(),
            told: 0,
        }
    }

    pub(crate) const fn device(&self) -> Option<&DeviceId> {
        match &self.state {
            State::Member { device, .. } => Some(device),
            State::Challenged | State::Removed { .. } | State::Joiner { .. } => None,
        }
    }

    /// The mark of an item that is stored through this socket. Its challenge was drawn after whatever put this relay
    /// back to an earlier state, so no earlier item has both this cursor and this mark.
    pub(crate) fn mark(&self, cursor: u64) -> u64 {
        let hash = label::hash(label::MARK, &[self.nonce.as_bytes(), &cursor.to_be_bytes()]);
        hash.as_bytes().iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte)) & MARKS
    }

    /// Authority (`host[:port]`) that the device asked for.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// When this socket is closed unless somebody signs in.
    pub(crate) const fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Challenged => Some(self.opened_ms + limits::SIGN_IN_MS),
            State::Removed { .. } => Some(self.opened_ms + REMOVAL_MS),
            State::Member { .. } | State::Joiner { .. } => None,
        }
    }

    /// Notes that items are sent, up to `cursor`; returns whether the device still keeps up.
    pub(crate) fn sending(&mut self, cursor: u64, bytes: usize) -> bool {
        self.was_sent(cursor);
        let is_long = self.unacked.len() >= UNACKED;
        match self.unacked.back_mut() {
            Some(last) if last.0 == cursor || is_long => *last = (cursor, last.1 + bytes),
            _ => self.unacked.push_back((cursor, bytes)),
        }
        self.unacked.iter().map(|(_, bytes)| bytes).sum::<usize>() <= limits::UNACKED_BYTES
    }

    /// Notes that the device has been told about everything up to here.
    pub(crate) fn was_sent(&mut self, cursor: u64) {
        self.told = self.told.max(cursor);
    }

    /// The device says that it has everything up to here, which can be true at most of what it was told about;
    /// returns the cursor up to which it is.
    pub(crate) fn has_stored(&mut self, cursor: u64) -> u64 {
        let cursor = cursor.min(self.told);
        while self.unacked.front().is_some_and(|(until, _)| *until <= cursor) {
            self.unacked.pop_front();
        }
        cursor
    }

    /// Whether a device of the account is at the other end.
    pub const fn is_member(&self) -> bool {
        self.device().is_some()
    }

    /// The attachment.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads an attachment.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        codec::decode(bytes, BYTES).ok()
    }
}
