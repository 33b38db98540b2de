//! One log entry and what belongs to it, as they travel.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::codec::{self, CodecError};
use crate::ids::{AccountId, BoxPk, DeviceId, Encapsulated, Hash, SealedSecret, SignPk, Signature};
use crate::{label, limits};

/// `[v, account_id, seq, prev, author, [kind, …]]`. In the first entry `account` and `prev` are
/// zeros, because the account is named by that entry's hash.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Entry {
    /// Protocol version.
    #[n(0)]
    pub version: u16,
    /// The account; zeros in the first entry.
    #[n(1)]
    pub account: AccountId,
    /// Position, from 0.
    #[n(2)]
    pub seq: u64,
    /// Hash of the entry before; zeros in the first entry.
    #[n(3)]
    pub prev: Hash,
    /// The device that signs.
    #[n(4)]
    pub author: DeviceId,
    /// What changes.
    #[n(5)]
    pub action: Action,
}

/// What an entry does. Each one starts a new epoch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Action {
    /// The account and its first device come into being.
    #[n(0)]
    Genesis {
        /// Signing key.
        #[n(0)]
        sign_pk: SignPk,
        /// Box key.
        #[n(1)]
        box_pk: BoxPk,
        /// Device name, sealed under the new epoch.
        #[n(2)]
        name: ByteVec,
        /// The first epoch, 0.
        #[n(3)]
        grant: Grant,
    },
    /// A device joins.
    #[n(1)]
    AddDevice {
        /// Signing key.
        #[n(0)]
        sign_pk: SignPk,
        /// Box key.
        #[n(1)]
        box_pk: BoxPk,
        /// Hash of the pairing exchange.
        #[n(2)]
        transcript: Hash,
        /// By the joiner, over [`possession_message`].
        #[n(3)]
        proof: Signature,
        /// Device name, sealed under the new epoch.
        #[n(4)]
        name: ByteVec,
        /// The next epoch.
        #[n(5)]
        grant: Grant,
    },
    /// A device is locked out of everything from here on.
    #[n(2)]
    RemoveDevice {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// The greatest counter seen from it; its later envelopes are refused.
        #[n(1)]
        last_counter: u64,
        /// The next epoch.
        #[n(2)]
        grant: Grant,
    },
    /// A new epoch for the same devices.
    #[n(3)]
    Rotate {
        /// The next epoch.
        #[n(0)]
        grant: Grant,
    },
    /// A new box key for the author, and a new epoch. What was sealed to the old key, which the relay may have kept,
    /// can no longer be opened once the author has dropped that key.
    #[n(4)]
    Rekey {
        /// The author's box key from here on.
        #[n(0)]
        box_pk: BoxPk,
        /// The next epoch, sealed to the author under its new key.
        #[n(1)]
        grant: Grant,
    },
    /// A note that does not change who is in the account, and a new epoch. Room for later versions: no topic has been
    /// assigned yet.
    #[n(5)]
    Memo {
        /// The next epoch.
        #[n(0)]
        grant: Grant,
        /// What it is about.
        #[n(1)]
        topic: u16,
        /// What it says, for whoever knows the topic.
        #[n(2)]
        bytes: ByteVec,
    },
}

impl Action {
    /// The epoch that the entry starts.
    pub const fn grant(&self) -> &Grant {
        match self {
            Self::Genesis { grant, .. }
            | Self::AddDevice { grant, .. }
            | Self::RemoveDevice { grant, .. }
            | Self::Rotate { grant }
            | Self::Rekey { grant, .. }
            | Self::Memo { grant, .. } => grant,
        }
    }
}

/// A new epoch: its number, a commitment to its secret, and the hash of the list that hands it out.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Grant {
    /// One more than the epoch before.
    #[n(0)]
    pub epoch: u64,
    /// Derived from the secret; lets each device check that all were given the same one.
    #[n(1)]
    pub commit: Hash,
    /// `SHA-256("hushclip/1 sealed-list" ‖ 0 ‖ list)`.
    #[n(2)]
    pub sealed_hash: Hash,
}

/// The epoch secret sealed to one device (HPKE Base, RFC 9180).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealedFor {
    /// The recipient.
    #[n(0)]
    pub device: DeviceId,
    /// Encapsulated key.
    #[n(1)]
    pub enc: Encapsulated,
    /// Ciphertext and tag.
    #[n(2)]
    pub secret: SealedSecret,
}

/// One [`SealedFor`] for each member after the entry, in ascending order of device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct SealedList(#[n(0)] pub Vec<SealedFor>);

impl SealedList {
    /// Decodes at most [`limits::SEALED_LIST_BYTES`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, limits::SEALED_LIST_BYTES)
    }

    /// Encodes the list.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The hash a [`Grant`] names.
    pub fn hash(bytes: &[u8]) -> Hash {
        label::hash(label::SEALED_LIST, &[bytes])
    }
}

/// An entry as it is stored and forwarded: the signed bytes, untouched.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedEntry {
    /// Encoded [`Entry`].
    #[n(0)]
    pub entry: ByteVec,
    /// By the author, over [`SignedEntry::message`].
    #[n(1)]
    pub signature: Signature,
    /// Encoded [`SealedList`].
    #[n(2)]
    pub sealed: ByteVec,
}

impl SignedEntry {
    /// Largest encoding.
    pub const BYTES: usize = limits::LOG_ENTRY_BYTES + limits::SEALED_LIST_BYTES + 128;

    /// The bytes that are signed for an encoded entry.
    pub fn message(entry: &[u8]) -> Vec<u8> {
        label::message(label::LOG_ENTRY, &[entry])
    }

    /// The hash that the next entry names as `prev`.
    pub fn hash(&self) -> Hash {
        label::hash(label::LOG_HASH, &[&self.entry])
    }

    /// Decodes the entry, without checking it.
    pub fn decode_entry(&self) -> Result<Entry, CodecError> {
        codec::decode(&self.entry, limits::LOG_ENTRY_BYTES)
    }
}

/// What a joiner signs to prove, in this exchange, that it holds the key it asks to add.
pub fn possession_message(transcript: &Hash, sign_pk: &SignPk, box_pk: &BoxPk) -> Vec<u8> {
    label::message(label::POSSESSION, &[transcript.as_bytes(), sign_pk.as_bytes(), box_pk.as_bytes()])
}
