//! The exchange behind a pairing link, as two values that hold only what must survive a restart.
//! Order: offer, request, reveal, digits, welcome.
//!
//! The inviter commits to a nonce before it sees the joiner's keys and opens the commitment after.
//! So whoever stands between the two, even knowing the link, has one guess in a million at digits
//! that agree.

use core::fmt;

use hushclip_protocol::codec;
use hushclip_protocol::ids::{
    AccountId, BoxPk, Claim, DeviceId, Encapsulated, Hash, InviteId, JoinToken, MailboxId, SignPk, Signature,
};
use hushclip_protocol::limits;
use hushclip_protocol::log::possession_message;
use hushclip_protocol::{label, signature};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use super::link::{InviteSecret, Link, make_invite};
use crate::epoch::{EpochSecret, hmac};
use crate::keys::{BoxSk, DeviceKeys};
use crate::sealed_to::{self, Psk};

const NONCE: &str = "hushclip/1 pair-nonce";
const OFFER: &str = "hushclip/1 pair-offer";
const REQUEST: &str = "hushclip/1 pair-request";
const TRANSCRIPT: &str = "hushclip/1 pair-transcript";
const DIGITS: &str = "hushclip/1 pair-digits";
const WELCOME: &str = "hushclip/1 pair-welcome";

/// A step of the exchange does not fit: wrong link, or somebody is interfering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pairing exchange was disturbed")]
pub struct PairingError;

/// Six decimal digits that both devices derive from the exchange.
#[derive(Clone, PartialEq, Eq)]
pub struct Digits(String);

/// What the inviting device remembers.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct Inviter {
    #[n(0)]
    invite: InviteId,
    #[n(1)]
    secret: InviteSecret,
    #[n(2)]
    ephemeral: BoxSk,
    #[cbor(n(3), with = "minicbor::bytes")]
    nonce: [u8; 32],
    #[n(4)]
    mailbox: MailboxId,
}

/// What the joining device remembers, besides its keys.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct Joiner {
    #[n(0)]
    invite: InviteId,
    #[n(1)]
    secret: InviteSecret,
    #[n(2)]
    mailbox: MailboxId,
    #[n(3)]
    relay: String,
    #[n(4)]
    token: JoinToken,
    #[cbor(n(5), with = "minicbor::bytes")]
    nonce: [u8; 32],
    #[n(6)]
    name: String,
}

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
    /// Signature over [`possession_message`].
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
    /// The joiner's first cursor: what came before is not for it.
    #[n(3)]
    pub cursor: u64,
    /// Secrets of older epochs that the inviter shares.
    #[n(4)]
    pub older: Vec<OlderEpoch>,
    /// Names of the devices, which stand in the log sealed under epochs the joiner may not know.
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
struct Offer {
    #[n(0)]
    ephemeral: BoxPk,
    #[n(1)]
    commitment: Hash,
    #[n(2)]
    mac: Hash,
}

/// HPKE output.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Sealed {
    #[n(0)]
    enc: Encapsulated,
    #[n(1)]
    sealed: ByteVec,
}

/// Plaintext of the request: `[sign_pk, box_pk, nonce, proof, name]`.
#[derive(Encode, Decode)]
#[cbor(array)]
struct RequestPlain {
    #[n(0)]
    sign_pk: SignPk,
    #[n(1)]
    box_pk: BoxPk,
    #[cbor(n(2), with = "minicbor::bytes")]
    nonce: [u8; 32],
    #[n(3)]
    proof: Signature,
    #[n(4)]
    name: String,
}

impl Inviter {
    /// Starts an invite for the account behind `mailbox`.
    pub fn make(mailbox: MailboxId, rng: &mut dyn CryptoRng) -> Self {
        let (invite, secret) = make_invite(rng);
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self { invite, secret, ephemeral: BoxSk::make(rng), nonce, mailbox }
    }

    /// The invite.
    pub const fn invite(&self) -> InviteId {
        self.invite
    }

    /// The link to pass on.
    pub fn link(&self, relay: &str) -> Link {
        Link { relay: relay.into(), invite: self.invite, mailbox: self.mailbox, secret: self.secret.clone() }
    }

    /// What the relay checks a claim against.
    pub fn claim_hash(&self) -> Hash {
        self.secret.derive_claim_hash(&self.invite)
    }

    /// First step, for whoever claims.
    pub fn offer(&self) -> Vec<u8> {
        let ephemeral = self.ephemeral.derive_pk();
        let commitment = label::hash(NONCE, &[&self.nonce]);
        let mac = offer_mac(&self.secret, &self.invite, self.mailbox, &ephemeral, &commitment);
        codec::encode(&Offer { ephemeral, commitment, mac })
    }

    /// Opens and checks the second step. Only the first request that opens may be answered.
    pub fn open_request(&self, bytes: &[u8]) -> Result<JoinRequest, PairingError> {
        let offer = self.offer();
        let sealed: Sealed = decode(bytes)?;
        let psk = self.secret.derive_psk(&self.invite);
        let plain = sealed_to::open(
            &self.ephemeral,
            Some(Psk { key: &psk, id: self.invite.as_bytes() }),
            &request_info(&self.invite, self.mailbox),
            &offer,
            &sealed.enc,
            &sealed.sealed,
        )
        .map_err(|_| PairingError)?;
        let plain: RequestPlain = decode(&plain)?;
        if plain.name.len() > limits::NAME_BYTES || plain.name.is_empty() {
            return Err(PairingError);
        }
        let transcript = transcript(&self.invite, self.mailbox, &offer, &plain);
        let message = possession_message(self.mailbox, &transcript, &plain.sign_pk, &plain.box_pk);
        if !signature::verify(&plain.sign_pk, &message, &plain.proof) {
            return Err(PairingError);
        }
        Ok(JoinRequest {
            sign_pk: plain.sign_pk,
            box_pk: plain.box_pk,
            name: plain.name,
            transcript,
            proof: plain.proof,
        })
    }

    /// Third step: opens the commitment.
    pub fn reveal(&self) -> Vec<u8> {
        self.nonce.to_vec()
    }

    /// The digits that the joiner shows if nobody stands between.
    pub fn digits(&self, request: &JoinRequest) -> Digits {
        Digits::derive(&request.transcript, &self.nonce)
    }

    /// Last step: hands the account over.
    pub fn welcome(
        &self,
        request: &JoinRequest,
        joined: &Joined,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, PairingError> {
        let psk = self.secret.derive_psk(&self.invite);
        let plain = zeroize::Zeroizing::new(codec::encode(joined));
        let (enc, sealed) = sealed_to::seal(
            &request.box_pk,
            Some(Psk { key: &psk, id: self.invite.as_bytes() }),
            &welcome_info(&request.transcript, &self.nonce),
            &[],
            &plain,
            rng,
        )
        .map_err(|_| PairingError)?;
        let bytes = codec::encode(&Sealed { enc, sealed: sealed.into() });
        // Too many older epochs: the joiner would refuse it, and the relay before that.
        if bytes.len() > limits::PAIRING_BYTES { Err(PairingError) } else { Ok(bytes) }
    }
}

impl Joiner {
    /// Starts joining through a link. `name` is cut to [`limits::NAME_BYTES`].
    pub fn make(link: &Link, name: &str, rng: &mut dyn CryptoRng) -> Self {
        let mut token = [0; JoinToken::LEN];
        rng.fill_bytes(&mut token);
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self {
            invite: link.invite,
            secret: link.secret.clone(),
            mailbox: link.mailbox,
            relay: link.relay.clone(),
            token: JoinToken::from_bytes(token),
            nonce,
            name: name[..name.floor_char_boundary(limits::NAME_BYTES)].into(),
        }
    }

    /// The invite.
    pub const fn invite(&self) -> InviteId {
        self.invite
    }

    /// Where the account's log and items are.
    pub const fn mailbox(&self) -> MailboxId {
        self.mailbox
    }

    /// Origin of the relay.
    pub fn relay(&self) -> &str {
        &self.relay
    }

    /// What this device calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the relay wants to see, once.
    pub fn claim(&self) -> Claim {
        self.secret.derive_claim(&self.invite)
    }

    /// By which the relay knows this joiner again.
    pub const fn token(&self) -> JoinToken {
        self.token
    }

    /// Second step: checks the offer and answers it.
    pub fn request(&self, keys: &DeviceKeys, offer: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, PairingError> {
        let parsed = self.check_offer(offer)?;
        let psk = self.secret.derive_psk(&self.invite);
        let (enc, sealed) = sealed_to::seal(
            &parsed.ephemeral,
            Some(Psk { key: &psk, id: self.invite.as_bytes() }),
            &request_info(&self.invite, self.mailbox),
            offer,
            &codec::encode(&self.plain(keys, offer)),
            rng,
        )
        .map_err(|_| PairingError)?;
        Ok(codec::encode(&Sealed { enc, sealed: sealed.into() }))
    }

    /// Third step: checks the opened commitment. The digits are for the person to carry over.
    pub fn digits(&self, keys: &DeviceKeys, offer: &[u8], reveal: &[u8]) -> Result<Digits, PairingError> {
        let nonce = self.check_reveal(offer, reveal)?;
        Ok(Digits::derive(&self.transcript(keys, offer), &nonce))
    }

    /// Last step: takes the account over.
    pub fn open_welcome(
        &self,
        keys: &DeviceKeys,
        offer: &[u8],
        reveal: &[u8],
        bytes: &[u8],
    ) -> Result<Joined, PairingError> {
        let nonce = self.check_reveal(offer, reveal)?;
        let sealed: Sealed = decode(bytes)?;
        let psk = self.secret.derive_psk(&self.invite);
        let plain = sealed_to::open(
            keys.box_sk(),
            Some(Psk { key: &psk, id: self.invite.as_bytes() }),
            &welcome_info(&self.transcript(keys, offer), &nonce),
            &[],
            &sealed.enc,
            &sealed.sealed,
        )
        .map_err(|_| PairingError)?;
        let joined: Joined = decode(&zeroize::Zeroizing::new(plain))?;
        if joined.account.mailbox() == self.mailbox { Ok(joined) } else { Err(PairingError) }
    }

    fn check_offer(&self, offer: &[u8]) -> Result<Offer, PairingError> {
        let parsed: Offer = decode(offer)?;
        let mac = offer_mac(&self.secret, &self.invite, self.mailbox, &parsed.ephemeral, &parsed.commitment);
        if bool::from(mac.as_bytes().ct_eq(parsed.mac.as_bytes())) { Ok(parsed) } else { Err(PairingError) }
    }

    fn check_reveal(&self, offer: &[u8], reveal: &[u8]) -> Result<[u8; 32], PairingError> {
        let nonce: [u8; 32] = reveal.try_into().map_err(|_| PairingError)?;
        let parsed = self.check_offer(offer)?;
        if label::hash(NONCE, &[&nonce]) == parsed.commitment { Ok(nonce) } else { Err(PairingError) }
    }

    fn transcript(&self, keys: &DeviceKeys, offer: &[u8]) -> Hash {
        transcript(&self.invite, self.mailbox, offer, &self.plain(keys, offer))
    }

    fn plain(&self, keys: &DeviceKeys, offer: &[u8]) -> RequestPlain {
        let mut plain = RequestPlain {
            sign_pk: keys.sign_pk(),
            box_pk: keys.box_pk(),
            nonce: self.nonce,
            proof: Signature::from_bytes([0; 64]),
            name: self.name.clone(),
        };
        let transcript = transcript(&self.invite, self.mailbox, offer, &plain);
        plain.proof = keys.sign(&possession_message(self.mailbox, &transcript, &plain.sign_pk, &plain.box_pk));
        plain
    }
}

impl JoinRequest {
    /// The identifier that follows from the joiner's keys.
    pub fn device_id(&self) -> DeviceId {
        DeviceId::derive(&self.sign_pk, &self.box_pk)
    }
}

impl Digits {
    fn derive(transcript: &Hash, nonce: &[u8; 32]) -> Self {
        let hash = label::hash(DIGITS, &[transcript.as_bytes(), nonce]);
        let number = hash.as_bytes()[..8].iter().fold(0u64, |n, b| (n << 8) | u64::from(*b));
        Self(format!("{:06}", number % 1_000_000))
    }

    /// The digits, to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a person typed these digits; anything but digits is passed over.
    pub fn matches(&self, typed: &str) -> bool {
        let typed: Vec<u8> = typed.bytes().filter(u8::is_ascii_digit).collect();
        self.0.as_bytes().ct_eq(&typed).into()
    }
}

impl fmt::Debug for Inviter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inviter({:?})", self.invite)
    }
}

impl fmt::Debug for Joiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Joiner({:?})", self.invite)
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

fn offer_mac(
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

fn request_info(invite: &InviteId, mailbox: MailboxId) -> Vec<u8> {
    label::message(REQUEST, &[invite.as_bytes(), mailbox.as_bytes()])
}

fn welcome_info(transcript: &Hash, nonce: &[u8; 32]) -> Vec<u8> {
    label::message(WELCOME, &[transcript.as_bytes(), nonce])
}

fn transcript(invite: &InviteId, mailbox: MailboxId, offer: &[u8], plain: &RequestPlain) -> Hash {
    label::hash(
        TRANSCRIPT,
        &[
            invite.as_bytes(),
            mailbox.as_bytes(),
            label::sha256(offer).as_bytes(),
            plain.sign_pk.as_bytes(),
            plain.box_pk.as_bytes(),
            &plain.nonce,
            plain.name.as_bytes(),
        ],
    )
}

fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, PairingError> {
    codec::decode(bytes, limits::PAIRING_BYTES).map_err(|_| PairingError)
}
