//! What passes between inviter and joiner, and what both derive from it. Order: offer, request,
//! reveal, digits, welcome.
//!
//! The inviter commits to a nonce before it sees the joiner's keys and opens the commitment after.
//! So anyone between the two, even knowing the link, has only one chance in a million of getting digits
//! that agree.

use core::fmt;

use hushclip_protocol::codec;
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, BoxPk, DeviceId, Encapsulated, Hash, InviteId, MailboxId, SignPk, Signature};
use hushclip_protocol::log::possession_message;
use hushclip_protocol::{label, limits, signature};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::link::InviteSecret;
use crate::epoch::{EpochSecret, hmac};
use crate::keys::DeviceKeys;
use crate::name::check_name;
use crate::sealed_to::{self, Psk};

const NONCE: &str = "hushclip/1 pair-nonce";
const OFFER: &str = "hushclip/1 pair-offer";
const REQUEST: &str = "hushclip/1 pair-request";
const DIGITS: &str = "hushclip/1 pair-digits";

/// Labels for what both ways of pairing do alike, so that nothing from one can pass for anything from the other.
pub(super) struct Way {
    pub(super) transcript: &'static str,
    pub(super) welcome: &'static str,
}

/// Pairing by link.
pub(super) const BY_LINK: Way = Way { transcript: "hushclip/1 pair-transcript", welcome: "hushclip/1 pair-welcome" };

/// How many older epochs a newcomer may be handed: with the names of 32 devices, they fit into its welcome.
pub const OLDER_EPOCHS: usize = 96;

/// Why a step of the exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PairingError {
    /// The messages do not fit together: wrong link or words, or somebody is interfering.
    #[error("the pairing messages do not fit together")]
    Disturbed,
    /// They fit, but the joiner has a name that no device may have.
    #[error("the new device has no valid name")]
    BadName,
}

/// Six decimal digits that both devices derive from the exchange.
#[derive(Clone, PartialEq, Eq)]
pub struct Digits(String);

/// A joiner's request, opened and checked by the inviter.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct JoinRequest {
    /// Signing key.
    #[n(0)]
    pub sign_pk: SignPk,
    /// Box key.
    #[n(1)]
    pub box_pk: BoxPk,
    /// What the device calls itself.
    #[n(2)]
    pub name: String,
    /// Hash of the exchange so far.
    #[n(3)]
    pub transcript: Hash,
    /// Signature over [`hushclip_protocol::log::possession_message`].
    #[n(4)]
    pub proof: Signature,
}

/// What the joiner learns at the end.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct Joined {
    /// The account, whose log the joiner verifies from its first entry.
    #[n(0)]
    pub account: AccountId,
    /// Position of the entry that adds the joiner.
    #[n(1)]
    pub log_seq: u64,
    /// Hash of that entry.
    #[n(2)]
    pub log_head: Hash,
    /// Items that the inviter has, as in [`hushclip_protocol::frame::Hello`]: what came before is not for
    /// the joiner.
    #[n(3)]
    pub anchors: Vec<Anchor>,
    /// Secrets of older epochs that the inviter shares.
    #[n(4)]
    pub older: Vec<OlderEpoch>,
    /// Names of the devices, which the log holds sealed under epochs that the joiner may not know.
    #[n(5)]
    pub names: Vec<Named>,
}

/// An older epoch's secret.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct OlderEpoch {
    /// Which epoch.
    #[n(0)]
    pub epoch: u64,
    /// Its secret.
    #[n(1)]
    pub secret: EpochSecret,
}

/// A device and its name.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct Named {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its name.
    #[n(1)]
    pub name: String,
}

/// `[ephemeral key, commitment, MAC]`.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Offer {
    #[n(0)]
    pub(super) ephemeral: BoxPk,
    #[n(1)]
    pub(super) commitment: Hash,
    #[n(2)]
    pub(super) mac: Hash,
}

/// HPKE output.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Sealed {
    #[n(0)]
    pub(super) enc: Encapsulated,
    #[n(1)]
    pub(super) sealed: ByteVec,
}

/// Plaintext of the request: `[sign_pk, box_pk, nonce, proof, name]`.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct RequestPlain {
    #[n(0)]
    pub(super) sign_pk: SignPk,
    #[n(1)]
    pub(super) box_pk: BoxPk,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) nonce: [u8; 32],
    #[n(3)]
    pub(super) proof: Signature,
    #[n(4)]
    pub(super) name: String,
}

impl JoinRequest {
    /// The identifier derived from the joiner's keys.
    pub fn device_id(&self) -> DeviceId {
        DeviceId::derive(&self.sign_pk, &self.box_pk)
    }
}

impl Digits {
    pub(super) fn derive(transcript: &Hash, nonce: &[u8; 32]) -> Self {
        let hash = label::hash(DIGITS, &[transcript.as_bytes(), nonce]);
        let number = hash.as_bytes()[..8].iter().fold(0u64, |n, b| (n << 8) | u64::from(*b));
        Self(format!("{:06}", number % 1_000_000))
    }

    /// The digits, to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a person typed these digits; anything but digits is ignored.
    pub fn matches(&self, typed: &str) -> bool {
        let typed: Vec<u8> = typed.bytes().filter(u8::is_ascii_digit).collect();
        self.0.as_bytes().ct_eq(&typed).into()
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digits(…)")
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Joined({:?})", self.account)
    }
}

pub(super) fn offer_mac(
    secret: &InviteSecret,
    invite: &InviteId,
    mailbox: MailboxId,
    ephemeral: &BoxPk,
    commitment: &Hash,
) -> Hash {
    let message =
        label::message(OFFER, &[invite.as_bytes(), mailbox.as_bytes(), ephemeral.as_bytes(), commitment.as_bytes()]);
    Hash::from_bytes(hmac(&secret.derive_offer_key(invite), &[&message]))
}

/// The commitment to the inviter's nonce.
pub(super) fn commitment(nonce: &[u8; 32]) -> Hash {
    label::hash(NONCE, &[nonce])
}

pub(super) fn request_info(invite: &InviteId, mailbox: MailboxId) -> Vec<u8> {
    label::message(REQUEST, &[invite.as_bytes(), mailbox.as_bytes()])
}

fn welcome_info(way: &Way, transcript: &Hash, nonce: &[u8; 32]) -> Vec<u8> {
    label::message(way.welcome, &[transcript.as_bytes(), nonce])
}

/// `place` is what the joiner knows of where it is joining.
pub(super) fn transcript(way: &Way, place: &[&[u8]], offer: &[u8], plain: &RequestPlain) -> Hash {
    let offer = label::sha256(offer);
    let exchange: [&[u8]; 5] =
        [offer.as_bytes(), plain.sign_pk.as_bytes(), plain.box_pk.as_bytes(), &plain.nonce, plain.name.as_bytes()];
    label::hash(way.transcript, &[place, &exchange].concat())
}

/// What a joiner says about itself, with proof that the keys are its own.
pub(super) fn make_request(
    way: &Way,
    place: &[&[u8]],
    offer: &[u8],
    keys: &DeviceKeys,
    nonce: [u8; 32],
    name: &str,
) -> RequestPlain {
    let mut plain = RequestPlain {
        sign_pk: keys.sign_pk(),
        box_pk: keys.box_pk(),
        nonce,
        proof: Signature::from_bytes([0; 64]),
        name: name.into(),
    };
    let transcript = transcript(way, place, offer, &plain);
    plain.proof = keys.sign(&possession_message(&transcript, &plain.sign_pk, &plain.box_pk));
    plain
}

/// The same, sealed to the key of an offer.
pub(super) fn seal_request(
    ephemeral: &BoxPk,
    psk: Psk<'_>,
    info: &[u8],
    offer: &[u8],
    plain: &RequestPlain,
    rng: &mut dyn CryptoRng,
) -> Result<Sealed, PairingError> {
    let (enc, sealed) = sealed_to::seal(ephemeral, Some(psk), info, offer, &codec::encode(plain), rng)
        .map_err(|_| PairingError::Disturbed)?;
    Ok(Sealed { enc, sealed: sealed.into() })
}

/// Checks what a request says about the joiner.
pub(super) fn check_request(
    way: &Way,
    place: &[&[u8]],
    offer: &[u8],
    plain: RequestPlain,
) -> Result<JoinRequest, PairingError> {
    let transcript = transcript(way, place, offer, &plain);
    let message = possession_message(&transcript, &plain.sign_pk, &plain.box_pk);
    if !signature::verify(&plain.sign_pk, &message, &plain.proof) {
        return Err(PairingError::Disturbed);
    }
    check_name(&plain.name).map_err(|_| PairingError::BadName)?;
    let RequestPlain { sign_pk, box_pk, name, proof, .. } = plain;
    Ok(JoinRequest { sign_pk, box_pk, name, transcript, proof })
}

/// The last step of every exchange, sealed to the joiner's box key.
pub(super) fn seal_joined(
    way: &Way,
    Psk { key, id }: Psk<'_>,
    request: &JoinRequest,
    nonce: &[u8; 32],
    joined: &Joined,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, PairingError> {
    check_joined(joined)?;
    let plain = Zeroizing::new(codec::encode(joined));
    let (enc, sealed) = sealed_to::seal(
        &request.box_pk,
        Some(Psk { key, id }),
        &welcome_info(way, &request.transcript, nonce),
        &[],
        &plain,
        rng,
    )
    .map_err(|_| PairingError::Disturbed)?;
    let bytes = codec::encode(&Sealed { enc, sealed: sealed.into() });
    if bytes.len() > limits::PAIRING_BYTES { Err(PairingError::Disturbed) } else { Ok(bytes) }
}

/// Opens what [`seal_joined`] made, for the account behind `mailbox`.
pub(super) fn open_joined(
    way: &Way,
    keys: &DeviceKeys,
    Psk { key, id }: Psk<'_>,
    mailbox: MailboxId,
    transcript: &Hash,
    nonce: &[u8; 32],
    bytes: &[u8],
) -> Result<Joined, PairingError> {
    let sealed: Sealed = decode(bytes)?;
    let plain = sealed_to::open(
        keys.box_sk(),
        Some(Psk { key, id }),
        &welcome_info(way, transcript, nonce),
        &[],
        &sealed.enc,
        &sealed.sealed,
    )
    .map_err(|_| PairingError::Disturbed)?;
    let joined: Joined = decode_sealed(&Zeroizing::new(plain))?;
    check_joined(&joined)?;
    if joined.account.mailbox() == mailbox { Ok(joined) } else { Err(PairingError::Disturbed) }
}

/// Checks the bounds of what is handed over.
fn check_joined(joined: &Joined) -> Result<(), PairingError> {
    let few = joined.older.len() <= OLDER_EPOCHS
        && joined.names.len() <= limits::DEVICES
        && joined.anchors.len() <= limits::ANCHORS;
    let ascend = joined.anchors.is_sorted_by(|before, after| before.cursor < after.cursor);
    let mut before = joined.log_seq;
    let descend = joined.older.iter().all(|older| older.epoch < std::mem::replace(&mut before, older.epoch));
    if few && ascend && descend { Ok(()) } else { Err(PairingError::Disturbed) }
}

pub(super) fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, PairingError> {
    codec::decode(bytes, limits::PAIRING_BYTES).map_err(|_| PairingError::Disturbed)
}

/// Decodes what the other side has sealed. Its version may have added to it.
pub(super) fn decode_sealed<'b, T: Decode<'b, ()>>(plain: &'b [u8]) -> Result<T, PairingError> {
    codec::decode_growing(plain, limits::PAIRING_BYTES).map_err(|_| PairingError::Disturbed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(cursors: &[u64]) -> Joined {
        let anchors = cursors.iter().map(|cursor| Anchor { cursor: *cursor, mark: 1 }).collect();
        let (account, log_head) = (AccountId::from_bytes([1; 32]), Hash::ZERO);
        Joined { account, log_seq: 5, log_head, anchors, older: Vec::new(), names: Vec::new() }
    }

    #[test]
    fn anchors_of_a_newcomer_ascend_and_are_few() {
        for good in [&[][..], &[7], &[1, 2, 3, u64::MAX]] {
            assert_eq!(check_joined(&joined(good)), Ok(()), "{good:?}");
        }
        for bad in [&[2, 1][..], &[3, 3], &[1, 2, 3, 4, 5]] {
            assert_eq!(check_joined(&joined(bad)), Err(PairingError::Disturbed), "{bad:?}");
        }
    }
}
