//! The clip envelope: a signed header in the clear and a sealed body. This module parses and checks
//! signatures; sealing and opening are in `hushclip-crypto`.

use minicbor::{Decode, Encode};

use crate::codec::{self, CodecError};
use crate::ids::{AccountId, DeviceId, Hash, ItemId, SignPk, Signature};
use crate::numbered::numbered;
use crate::{VERSION, label, limits, signature};

/// XChaCha20-Poly1305 with keys and nonces from HKDF-SHA256.
pub const SUITE: u8 = 1;

numbered! {
    /// What an envelope carries.
    Kind {
        /// A clip.
        Clip = 0,
        /// Names items that are deleted.
        Tombstone = 1,
        /// Shared state: pins, what a device can do.
        State = 2,
        /// A signed sign of life: counter and log head.
        Heartbeat = 3,
        /// Reserved for a clip that the relay passes on and never stores.
        Live = 4,
        /// What a program sends to the programs on the other devices.
        Payload = 5,
    }
}

/// The part of an envelope that the relay sees; it is the AAD of the sealed body. A later version may add fields at its
/// end, so the signature is over the bytes as received.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Header {
    /// Protocol version, [`VERSION`].
    #[n(0)]
    pub version: u16,
    /// Cipher suite. An envelope whose suite is not [`SUITE`] is counted but not opened.
    #[n(1)]
    pub suite: u8,
    /// What the body is.
    #[n(2)]
    pub kind: Kind,
    /// The account.
    #[n(3)]
    pub account: AccountId,
    /// Generation of the account key it is sealed under.
    #[n(4)]
    pub epoch: u64,
    /// Position of the sender's newest log entry.
    #[n(5)]
    pub log_seq: u64,
    /// Hash of that entry.
    #[n(6)]
    pub log_head: Hash,
    /// The sending device.
    #[n(7)]
    pub sender: DeviceId,
    /// The sender's own sequence, starting at 1, growing by one with each envelope.
    #[n(8)]
    pub counter: u64,
    /// Random name of the item; makes pushing idempotent.
    #[n(9)]
    pub item: ItemId,
    /// Seconds the relay may keep it, at most [`limits::TTL_S`].
    #[n(10)]
    pub ttl_s: u32,
    /// Random input to the item's key and nonce.
    #[n(11)]
    pub salt: Salt,
}

/// Random input to an item's key and nonce, 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Salt(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 24]);

/// An envelope as it travels: `[header, sealed body, signature]`, each a byte string.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Parts<'b> {
    #[cbor(b(0), with = "minicbor::bytes")]
    header: &'b [u8],
    #[cbor(b(1), with = "minicbor::bytes")]
    sealed: &'b [u8],
    #[n(2)]
    signature: Signature,
}

/// A well-formed envelope whose signature and body are not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<'b> {
    /// The decoded header.
    pub header: Header,
    /// The header exactly as it was signed.
    pub header_bytes: &'b [u8],
    /// The sealed body.
    pub sealed: &'b [u8],
    signature: Signature,
}

/// Why an envelope was refused before opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Made by a version this crate does not speak.
    #[error("unsupported version {0}")]
    Unsupported(u16),
    /// A field is out of its range.
    #[error("a header field is out of range")]
    OutOfRange,
}

impl<'b> Envelope<'b> {
    /// Parses canonical bytes of at most [`limits::ENVELOPE_BYTES`].
    pub fn parse(bytes: &'b [u8]) -> Result<Self, EnvelopeError> {
        let parts: Parts<'b> = codec::decode(bytes, limits::ENVELOPE_BYTES)?;
        let header: Header = codec::decode_growing(parts.header, limits::HEADER_BYTES)?;
        if header.version != VERSION {
            return Err(EnvelopeError::Unsupported(header.version));
        }
        if header.counter == 0 || header.ttl_s == 0 || header.ttl_s > limits::TTL_S {
            return Err(EnvelopeError::OutOfRange);
        }
        Ok(Self { header, header_bytes: parts.header, sealed: parts.sealed, signature: parts.signature })
    }

    /// Whether the envelope is signed by `key`.
    pub fn verify(&self, key: &SignPk) -> bool {
        signature::verify(key, &signed_bytes(self.header_bytes, self.sealed), &self.signature)
    }
}

/// The bytes under an envelope's signature: label, `SHA-256(header)`, `SHA-256(sealed body)`.
pub fn signed_bytes(header: &[u8], sealed: &[u8]) -> Vec<u8> {
    label::message(label::ENVELOPE, &[label::sha256(header).as_bytes(), label::sha256(sealed).as_bytes()])
}

/// Puts an envelope together from its three byte strings.
pub fn assemble(header: &[u8], sealed: &[u8], signature: Signature) -> Vec<u8> {
    codec::encode(&Parts { header, sealed, signature })
}
