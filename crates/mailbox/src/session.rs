//! One open socket. Encoded, it is the socket's attachment, and survives hibernation with it.

use hushclip_protocol::codec;
use hushclip_protocol::ids::{ConnId, DeviceId, InviteId, Nonce};
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};

/// Largest encoding of a session; platforms bound what can be attached to a socket.
const BYTES: usize = 1024;

/// One open socket.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Session {
    /// Name of the socket.
    #[n(0)]
    pub conn: ConnId,
    #[n(1)]
    pub(crate) nonce: Nonce,
    /// The challenge has been answered, well or badly.
    #[n(2)]
    pub(crate) answered: bool,
    #[n(3)]
    pub(crate) opened_ms: u64,
    #[n(4)]
    pub(crate) host: String,
    #[n(5)]
    pub(crate) state: State,
    /// Token bucket: frames that may still come at `filled_ms`.
    #[n(6)]
    tokens: u32,
    #[n(7)]
    filled_ms: u64,
    /// Frames that came without allowance since the bucket was last full.
    #[n(8)]
    excess: u32,
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
}

impl Session {
    pub(crate) const fn new(conn: ConnId, nonce: Nonce, host: String, now: u64) -> Self {
        Self {
            conn,
            nonce,
            answered: false,
            opened_ms: now,
            host,
            state: State::Challenged,
            tokens: limits::FRAMES_PER_MINUTE,
            filled_ms: now,
            excess: 0,
        }
    }

    pub(crate) const fn device(&self) -> Option<&DeviceId> {
        match &self.state {
            State::Member { device, .. } => Some(device),
            State::Challenged | State::Joiner { .. } => None,
        }
    }

    /// When this socket is closed unless somebody signs in.
    pub(crate) const fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Challenged => Some(self.opened_ms + limits::SIGN_IN_MS),
            State::Member { .. } | State::Joiner { .. } => None,
        }
    }

    /// Takes one frame from the allowance, or says in how many milliseconds there is one.
    pub(crate) fn spend(&mut self, now: u64) -> Result<(), u64> {
        const MS_PER_FRAME: u64 = 60_000 / limits::FRAMES_PER_MINUTE as u64;
        let earned = now.saturating_sub(self.filled_ms) / MS_PER_FRAME;
        if earned > 0 {
            self.tokens = u64::from(self.tokens).saturating_add(earned).min(limits::FRAMES_PER_MINUTE.into()) as u32;
            self.filled_ms += earned * MS_PER_FRAME;
        }
        if self.tokens == limits::FRAMES_PER_MINUTE {
            self.excess = 0;
        }
        if let Some(rest) = self.tokens.checked_sub(1) {
            self.tokens = rest;
            return Ok(());
        }
        self.excess = self.excess.saturating_add(1);
        Err(MS_PER_FRAME)
    }

    /// Whether as many frames came after the rate limit as before it.
    pub(crate) const fn floods(&self) -> bool {
        self.excess > limits::FRAMES_PER_MINUTE
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
