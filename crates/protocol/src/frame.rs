//! One WebSocket binary message in either direction: a tagged union `[tag, field…]` each way.
//! Text messages carry only `ping` and `pong`, which the platform answers by itself.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::codec::{self, CodecError};
use crate::error::ErrorCode;
use crate::ids::{AccountId, Claim, ConnId, DeviceId, Hash, InviteId, ItemId, JoinToken, Nonce, Signature};
use crate::limits;
use crate::log::SignedEntry;
use crate::numbered::numbered;

pub use crate::tag::Tag;
pub use crate::welcome::{Capabilities, Limits, Welcome};

/// Keep-alive text from a device.
pub const PING: &str = "ping";
/// The platform's answer to [`PING`].
pub const PONG: &str = "pong";

/// The relay's first frame. Valid for [`limits::CHALLENGE_MS`], once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Challenge {
    /// Protocol versions the relay speaks.
    #[n(0)]
    pub versions: Vec<u16>,
    /// Random.
    #[n(1)]
    pub nonce: Nonce,
    /// Name of this connection.
    #[n(2)]
    pub conn: ConnId,
}

/// A member's first frame: answers the challenge. Signed as in [`crate::signin`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hello {
    /// Protocol versions the device speaks.
    #[n(0)]
    pub versions: Vec<u16>,
    /// The account.
    #[n(1)]
    pub account: AccountId,
    /// The device.
    #[n(2)]
    pub device: DeviceId,
    /// Position of the device's newest log entry.
    #[n(3)]
    pub log_seq: u64,
    /// Hash of that entry.
    #[n(4)]
    pub log_head: Hash,
    /// Items that the device has, ascending, at most [`limits::ANCHORS`]. Whatever came before the newest one that the
    /// relay has too is stored on the device.
    #[n(5)]
    pub anchors: Vec<Anchor>,
    /// By the device's signing key.
    #[n(6)]
    pub signature: Signature,
}

/// An item's place at a relay, and the mark that came with it. Two relays, or one before and after a restored backup,
/// may assign the same place twice, but not with the same mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Anchor {
    /// As in [`Item`].
    #[n(0)]
    pub cursor: u64,
    /// As in [`Item`].
    #[n(1)]
    pub mark: u64,
}

/// A stored envelope and the position the relay gave it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Item {
    /// Assigned by the relay, one more for each stored item. A delivery hint, never to be trusted.
    #[n(0)]
    pub cursor: u64,
    /// The envelope as it was pushed.
    #[n(1)]
    pub envelope: ByteVec,
    /// Drawn by the relay when it stored the item; below 2^53.
    #[n(2)]
    pub mark: u64,
}

impl Item {
    /// Its place and mark.
    pub const fn anchor(&self) -> Anchor {
        Anchor { cursor: self.cursor, mark: self.mark }
    }
}

/// Where an item is stored. It is the one that is meant only if both match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Place {
    /// Its position.
    #[n(0)]
    pub cursor: u64,
    /// Its name.
    #[n(1)]
    pub item: ItemId,
}

/// Up to which cursor a device has stored everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Delivered {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its cursor.
    #[n(1)]
    pub cursor: u64,
}

/// A sealed pairing message, passed on by the relay between inviter and joiner.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InviteNote {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// Which step of the exchange.
    #[n(1)]
    pub step: InviteStep,
    /// Sealed or MACed by the two devices, opaque to the relay.
    #[n(2)]
    pub bytes: ByteVec,
}

numbered! {
    /// The steps of the pairing exchange, in order.
    InviteStep {
        /// Inviter to relay: ephemeral key and commitment, given to whoever claims.
        Offer = 0,
        /// Joiner to inviter: its keys, sealed.
        Request = 1,
        /// Inviter to joiner: opens the commitment.
        Reveal = 2,
        /// Inviter to joiner: the account, sealed. Ends the exchange.
        Welcome = 3,
        /// Inviter to joiner: refused. Ends the exchange.
        Refuse = 4,
    }
}

/// Frames from a device to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum ToRelay {
    /// Signs in a member.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// Before `Hello`, if the relay does not have the account, or has a shorter log: the first log entry. `LogAppend`
    /// may follow, entry by entry, and then `Hello`. Idempotent.
    #[n(1)]
    Register {
        /// The entry.
        #[n(0)]
        entry: SignedEntry,
        /// The token that a relay wants if it is not open to everybody, at most
        /// [`limits::REGISTRATION_TOKEN_BYTES`]; else empty.
        #[n(1)]
        token: String,
    },
    /// Instead of `Hello`: claims an invite. The same token may claim again after a lost connection.
    #[n(2)]
    Claim {
        /// Protocol versions the joiner speaks.
        #[n(0)]
        versions: Vec<u16>,
        /// The invite.
        #[n(1)]
        invite: InviteId,
        /// Derived from the invite's secret.
        #[n(2)]
        claim: Claim,
        /// Random; identifies this joiner when it reconnects.
        #[n(3)]
        token: JoinToken,
    },
    /// Stores an envelope, if the device has everything before it. Answered by `Pushed` after the
    /// commit, or by the error `Behind`.
    #[n(3)]
    Push {
        /// The newest cursor the device has. Compared with the relay's, so that a device never sends
        /// what another one on the same clipboard has just sent.
        #[n(0)]
        after: u64,
        /// The envelope.
        #[n(1)]
        envelope: ByteVec,
    },
    /// Asks for items after a cursor.
    #[n(4)]
    Pull {
        /// The first item wanted has a greater cursor.
        #[n(0)]
        after: u64,
        /// At most this many, capped at [`limits::PULL_ITEMS`].
        #[n(1)]
        limit: u16,
    },
    /// Everything up to this cursor is stored on the device.
    #[n(5)]
    Ack {
        /// The cursor.
        #[n(0)]
        cursor: u64,
    },
    /// Appends a log entry; its `prev` must be the current head.
    #[n(6)]
    LogAppend(#[n(0)] SignedEntry),
    /// Asks for log entries from a position on.
    #[n(7)]
    LogPull {
        /// The first entry wanted.
        #[n(0)]
        from: u64,
    },
    /// Opens an invite. Idempotent for the device that opened it.
    #[n(8)]
    InviteOpen {
        /// The invite.
        #[n(0)]
        invite: InviteId,
        /// `SHA-256("hushclip/1 claim" ‖ 0 ‖ claim)`.
        #[n(1)]
        claim_hash: Hash,
        /// The inviter's [`InviteStep::Offer`].
        #[n(2)]
        offer: ByteVec,
        /// Whether the relay had it before: an invite that has ended is not opened a second time.
        #[n(3)]
        again: bool,
    },
    /// Ends an invite, whatever its state.
    #[n(9)]
    InviteCancel {
        /// The invite.
        #[n(0)]
        invite: InviteId,
    },
    /// The next step of a pairing exchange.
    #[n(10)]
    InviteNote(#[n(0)] InviteNote),
    /// Opens an invite that is found by a typed code. Idempotent like `InviteOpen`; answered by
    /// `CodeOpened`, or by the error `NameplateTaken`.
    #[n(11)]
    CodeOpen {
        /// The invite.
        #[n(0)]
        invite: InviteId,
        /// The number at the start of the code, 1 to [`limits::NAMEPLATE`].
        #[n(1)]
        nameplate: u32,
        /// The inviter's [`InviteStep::Offer`].
        #[n(2)]
        offer: ByteVec,
        /// As in `InviteOpen`.
        #[n(3)]
        again: bool,
    },
    /// Instead of `Hello`, on a nameplate's address: claims the invite behind it. The same token may
    /// claim again.
    #[n(12)]
    CodeClaim {
        /// Protocol versions the joiner speaks.
        #[n(0)]
        versions: Vec<u16>,
        /// The number at the start of the code.
        #[n(1)]
        nameplate: u32,
        /// Random; identifies this joiner when it reconnects.
        #[n(2)]
        token: JoinToken,
    },
    /// Where a push service takes wake-ups for this device (RFC 8030): an `https` address of at most
    /// [`limits::PUSH_ENDPOINT_BYTES`]. Empty for no more wake-ups. Replaces the previous one.
    #[n(13)]
    PushSubscribe {
        /// The address.
        #[n(0)]
        endpoint: String,
    },
    /// This device forgets the account. The relay deletes everything it keeps if no other device is in the account, and
    /// closes the socket.
    #[n(14)]
    Leave,
    /// Stores a tombstone, as `Push` does, and deletes the items that it names. Answered as `Push` is.
    #[n(15)]
    Delete {
        /// As in `Push`.
        #[n(0)]
        after: u64,
        /// The tombstone's envelope.
        #[n(1)]
        envelope: ByteVec,
        /// What is deleted, at most [`limits::NAMED`].
        #[n(2)]
        places: Vec<Place>,
    },
}

/// Frames from the relay to a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum ToDevice {
    /// First frame on every socket.
    #[n(0)]
    Challenge(#[n(0)] Challenge),
    /// The device is signed in.
    #[n(1)]
    Welcome(#[n(0)] Welcome),
    /// The first log entry is stored, or one appended before `Hello`.
    #[n(2)]
    Registered {
        /// Position of the newest entry that the relay has.
        #[n(0)]
        log_seq: u64,
        /// Its hash.
        #[n(1)]
        log_head: Hash,
    },
    /// The envelope is stored.
    #[n(3)]
    Pushed {
        /// Its item.
        #[n(0)]
        item: ItemId,
        /// Its position.
        #[n(1)]
        cursor: u64,
        /// As in [`Item`].
        #[n(2)]
        mark: u64,
    },
    /// Answer to `Pull`, in cursor order.
    #[n(4)]
    Items {
        /// The items.
        #[n(0)]
        items: Vec<Item>,
        /// Whether more are waiting after the last of these.
        #[n(1)]
        has_more: bool,
        /// Everything up to here is now known to the device, even where items have expired.
        #[n(2)]
        through: u64,
    },
    /// An item another device has just pushed.
    #[n(5)]
    Item(#[n(0)] Item),
    /// A device says that it has stored items.
    #[n(6)]
    Delivered(#[n(0)] Delivered),
    /// A device came or went.
    #[n(7)]
    Presence {
        /// The device.
        #[n(0)]
        device: DeviceId,
        /// Whether it is signed in.
        #[n(1)]
        online: bool,
    },
    /// Answer to `LogPull` and `LogAppend`, and sent to all when the log grows.
    #[n(8)]
    LogEntries {
        /// Position of the first of these.
        #[n(0)]
        from: u64,
        /// The entries, in order.
        #[n(1)]
        entries: Vec<SignedEntry>,
        /// Whether more follow.
        #[n(2)]
        has_more: bool,
    },
    /// The invite is open until the given time.
    #[n(9)]
    InviteOpened {
        /// The invite.
        #[n(0)]
        invite: InviteId,
        /// Milliseconds since 1970 by the relay's clock.
        #[n(1)]
        expires_ms: u64,
    },
    /// A step of a pairing exchange.
    #[n(10)]
    InviteNote(#[n(0)] InviteNote),
    /// The invite has ended: cancelled, expired or completed.
    #[n(11)]
    InviteEnded {
        /// The invite.
        #[n(0)]
        invite: InviteId,
    },
    /// One frame was refused.
    #[n(12)]
    Error {
        /// Why.
        #[n(0)]
        code: ErrorCode,
        /// How long to wait before trying again, or 0.
        #[n(1)]
        retry_after_ms: u64,
        /// The tag of the refused frame.
        #[n(2)]
        of: u8,
    },
    /// The invite is open, and the nameplate leads to it.
    #[n(13)]
    CodeOpened {
        /// The invite.
        #[n(0)]
        invite: InviteId,
        /// The number at the start of the code.
        #[n(1)]
        nameplate: u32,
        /// Milliseconds since 1970 by the relay's clock.
        #[n(2)]
        expires_ms: u64,
    },
}

impl ToRelay {
    /// Decodes one frame of at most [`limits::FRAME_BYTES`]. What a later version adds to it is skipped, except in
    /// [`Hello`], which is signed as a whole.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let frame = codec::decode_tagged(bytes, limits::FRAME_BYTES, Tag::ALL.len() as u8)?;
        if matches!(frame, Self::Hello(_)) { fixed(frame, bytes) } else { Ok(frame) }
    }

    /// Encodes the frame.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Which kind of frame it is.
    pub const fn tag(&self) -> Tag {
        match self {
            Self::Hello(_) => Tag::Hello,
            Self::Register { .. } => Tag::Register,
            Self::Claim { .. } => Tag::Claim,
            Self::Push { .. } => Tag::Push,
            Self::Pull { .. } => Tag::Pull,
            Self::Ack { .. } => Tag::Ack,
            Self::LogAppend(_) => Tag::LogAppend,
            Self::LogPull { .. } => Tag::LogPull,
            Self::InviteOpen { .. } => Tag::InviteOpen,
            Self::InviteCancel { .. } => Tag::InviteCancel,
            Self::InviteNote(_) => Tag::InviteNote,
            Self::CodeOpen { .. } => Tag::CodeOpen,
            Self::CodeClaim { .. } => Tag::CodeClaim,
            Self::PushSubscribe { .. } => Tag::PushSubscribe,
            Self::Leave => Tag::Leave,
            Self::Delete { .. } => Tag::Delete,
        }
    }
}

impl ToDevice {
    /// How many kinds there are, numbered from 0.
    const TAGS: u8 = 14;

    /// Decodes one frame of at most [`limits::FRAME_BYTES`]. What a later version adds to it is skipped, except in
    /// [`Challenge`], which is signed as a whole.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let frame = codec::decode_tagged(bytes, limits::FRAME_BYTES, Self::TAGS)?;
        if matches!(frame, Self::Challenge(_)) { fixed(frame, bytes) } else { Ok(frame) }
    }

    /// Encodes the frame.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

/// Refuses a frame that holds more than this version knows.
fn fixed<T: Encode<()>>(frame: T, bytes: &[u8]) -> Result<T, CodecError> {
    if codec::encode(&frame) == bytes { Ok(frame) } else { Err(CodecError::NotCanonical) }
}
