//! What an envelope seals. Everything about the content is in here and nowhere else: its types, its name, when it was
//! copied. A later version may add fields at the end of each list; they are skipped.

use hushclip_protocol::codec;
use hushclip_protocol::frame::Capabilities;
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::limits;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::OpenError;

/// Plain text, UTF-8.
pub const TEXT: &str = "text/plain";
/// HTML, UTF-8; it may hold anything.
pub const HTML: &str = "text/html";

/// The sender thinks that this is a secret: not shown unasked, and kept only as long as the header says.
pub const FLAG_SENSITIVE: u32 = 1;
/// Forget it after the first paste (best effort).
pub const FLAG_BURN: u32 = 2;
/// The sender had a newer clip when it sent this one: for the list, not for the clipboard.
pub const FLAG_SUPERSEDED: u32 = 4;

/// `[at, flags, file name, [[media type, bytes] …]]`.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ClipBody {
    /// When it was copied, by the sender's clock, milliseconds since 1970.
    #[n(0)]
    pub at_ms: u64,
    /// [`FLAG_SENSITIVE`], [`FLAG_BURN`], [`FLAG_SUPERSEDED`].
    #[n(1)]
    pub flags: u32,
    /// File name, or empty.
    #[n(2)]
    pub file_name: String,
    /// The same content in one or more forms, the plainest first.
    #[n(3)]
    pub parts: Vec<Part>,
}

/// One form of the content.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Part {
    /// Media type, such as [`TEXT`].
    #[n(0)]
    pub media: String,
    /// The content.
    #[n(1)]
    pub bytes: ByteVec,
}

/// Body of a tombstone: `[at, [[device, counter, item, digest] …]]`. Nothing is to be expected from these senders at
/// these counters; clips that did arrive are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Tombstone {
    /// When it was sent, by the sender's clock, milliseconds since 1970.
    #[n(0)]
    pub at_ms: u64,
    /// What is gone, at most [`Tombstone::MOST`].
    #[n(1)]
    pub gone: Vec<Gone>,
}

/// An item that is gone, or was never sent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Gone {
    /// Its sender.
    #[n(0)]
    pub device: DeviceId,
    /// Its counter.
    #[n(1)]
    pub counter: u64,
    /// Its name.
    #[n(2)]
    pub item: ItemId,
    /// [`DedupKey::digest`](crate::epoch::DedupKey::digest) of the SHA-256 of a deleted text, under the key of the
    /// tombstone's epoch: by it, a device that never got the clip recognises the text should it be on a clipboard.
    /// `None` for what was never sent, and for secrets.
    #[n(3)]
    pub text: Option<Hash>,
}

impl Tombstone {
    /// Items that one tombstone may name.
    pub const MOST: usize = limits::NAMED;
}

/// Body of a state item: `[at, [[item, pinned] …], capabilities]`. The last one, in the relay's order, counts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct State {
    /// When it was sent, by the sender's clock, milliseconds since 1970.
    #[n(0)]
    pub at_ms: u64,
    /// Clips that are pinned or unpinned, at most [`State::MOST`].
    #[n(1)]
    pub pins: Vec<Pin>,
    /// What the sender can do from now on beyond what every device can. `None` says nothing about it.
    #[n(2)]
    pub capabilities: Option<Capabilities>,
}

/// Whether a clip is pinned.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Pin {
    /// Its name.
    #[n(0)]
    pub item: ItemId,
    /// Whether it is pinned.
    #[n(1)]
    pub pinned: bool,
}

impl State {
    /// Clips that one state item may name.
    pub const MOST: usize = limits::NAMED;
}

/// Body of a heartbeat: `[at]`. The counter and log position in its header are the news.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Heartbeat {
    /// When it was sent, by the sender's clock, milliseconds since 1970.
    #[n(0)]
    pub at_ms: u64,
}

/// Body of a payload: `[at, channel, bytes]`. What the bytes mean is for the programs on that channel to know.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PayloadBody {
    /// When it was sent, by the sender's clock, milliseconds since 1970.
    #[n(0)]
    pub at_ms: u64,
    /// The channel that it is on: see [`hushclip_protocol::channel::is_channel`].
    #[n(1)]
    pub channel: String,
    /// The content.
    #[n(2)]
    pub bytes: ByteVec,
}

/// The content is larger than an envelope may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes do not fit; the limit is {max}", max = limits::CLIP_BYTES)]
pub struct TooLarge {
    /// Encoded size.
    pub bytes: usize,
}

impl ClipBody {
    /// The part with a media type, as text.
    pub fn text_of(&self, media: &str) -> Option<&str> {
        let part = self.parts.iter().find(|p| p.media == media)?;
        core::str::from_utf8(&part.bytes).ok()
    }

    /// Whether it fits into an envelope.
    pub fn check(&self) -> Result<(), TooLarge> {
        self.encode().map(drop)
    }

    pub(crate) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, TooLarge> {
        let bytes = Zeroizing::new(codec::encode(self));
        if bytes.len() > limits::CLIP_BYTES { Err(TooLarge { bytes: bytes.len() }) } else { Ok(bytes) }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, OpenError> {
        codec::decode_growing(bytes, limits::CLIP_BYTES).map_err(|_| OpenError)
    }
}

impl PayloadBody {
    /// Whether it fits into an envelope.
    pub fn check(&self) -> Result<(), TooLarge> {
        let bytes = Zeroizing::new(codec::encode(self)).len();
        if bytes > limits::CLIP_BYTES { Err(TooLarge { bytes }) } else { Ok(()) }
    }
}

impl core::fmt::Debug for PayloadBody {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PayloadBody({} bytes)", self.bytes.len())
    }
}

impl Part {
    /// A part from its media type and bytes.
    pub fn new(media: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { media: media.into(), bytes: bytes.into().into() }
    }
}

impl core::fmt::Debug for ClipBody {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ClipBody({} parts)", self.parts.len())
    }
}
