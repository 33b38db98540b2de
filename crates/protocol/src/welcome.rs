//! What the relay says to a device that has signed in: where it stands, who is there, and every bound
//! it enforces.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::frame::Delivered;
use crate::ids::{DeviceId, Hash};
use crate::limits;

/// The answer to a valid [`crate::frame::Hello`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Welcome {
    /// The version both will speak.
    #[n(0)]
    pub version: u16,
    /// The newest cursor assigned.
    #[n(1)]
    pub max_cursor: u64,
    /// Position of the newest log entry.
    #[n(2)]
    pub log_seq: u64,
    /// Hash of that entry.
    #[n(3)]
    pub log_head: Hash,
    /// The relay's clock, milliseconds since 1970.
    #[n(4)]
    pub time_ms: u64,
    /// The bounds the relay enforces.
    #[n(5)]
    pub limits: Limits,
    /// Devices signed in at this moment.
    #[n(6)]
    pub online: Vec<DeviceId>,
    /// Up to where each device has said that it has stored everything.
    #[n(7)]
    pub delivered: Vec<Delivered>,
    /// The key that the relay signs its Web Push requests with (RFC 8292), an uncompressed P-256 point
    /// of 65 bytes, for the browser to subscribe with. Empty if this relay pushes nothing.
    #[n(8)]
    pub push_key: ByteVec,
    /// The greatest cursor among the device's anchors that is this relay's own; 0 if none is. The device
    /// reads on from there.
    #[n(9)]
    pub resume_after: u64,
    /// What this relay can do beyond what every relay can. `None` means nothing.
    #[n(10)]
    pub capabilities: Option<Capabilities>,
}

/// What a relay or a device can do beyond what this version says of every one: a set of bits. None has been assigned
/// yet; unknown ones are ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Capabilities(#[n(0)] pub u64);

/// Bounds the relay enforces, as told in [`Welcome`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Limits {
    /// Largest envelope, bytes.
    #[n(0)]
    pub envelope_bytes: u32,
    /// Items kept.
    #[n(1)]
    pub items: u32,
    /// Bytes of items kept.
    #[n(2)]
    pub item_bytes: u64,
    /// Longest life of an item, seconds.
    #[n(3)]
    pub ttl_s: u32,
    /// Frames a device may send in one minute.
    #[n(4)]
    pub frames_per_minute: u32,
    /// Devices in the account.
    #[n(5)]
    pub devices: u32,
    /// Largest frame, bytes.
    #[n(6)]
    pub frame_bytes: u32,
    /// Sockets open at once to the account.
    #[n(7)]
    pub sockets: u32,
    /// How long a socket may stay open without signing in, milliseconds.
    #[n(8)]
    pub sign_in_ms: u32,
    /// Invites open at once.
    #[n(9)]
    pub invites: u32,
    /// How long an invite can be claimed, milliseconds.
    #[n(10)]
    pub invite_ms: u32,
    /// Entries of the log.
    #[n(11)]
    pub log_entries: u32,
    /// Bytes of items that may be on their way to a socket, not yet acknowledged.
    #[n(12)]
    pub unacked_bytes: u32,
}

impl Limits {
    /// The bounds of [`limits`].
    pub const CURRENT: Self = Self {
        envelope_bytes: limits::ENVELOPE_BYTES as u32,
        items: limits::ITEMS as u32,
        item_bytes: limits::ITEM_BYTES,
        ttl_s: limits::TTL_S,
        frames_per_minute: limits::FRAMES_PER_MINUTE,
        devices: limits::DEVICES as u32,
        frame_bytes: limits::FRAME_BYTES as u32,
        sockets: limits::SOCKETS as u32,
        sign_in_ms: limits::SIGN_IN_MS as u32,
        invites: limits::INVITES as u32,
        invite_ms: limits::INVITE_MS as u32,
        log_entries: limits::LOG_ENTRIES as u32,
        unacked_bytes: limits::UNACKED_BYTES as u32,
    };
}
