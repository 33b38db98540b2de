//! Pairing by a typed code. The key of the PAKE takes the place of the link's secret, and whoever has it
//! typed the code, so no digits follow. Order: offer, request with the joiner's confirmation, reveal
//! with the inviter's confirmation, welcome.

use core::fmt;

use hkdf::Hkdf;
use hushclip_protocol::codec;
use hushclip_protocol::ids::{BoxPk, Hash, InviteId, JoinToken, MailboxId};
use hushclip_protocol::{label, limits};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::code::Code;
use super::exchange::{
    JoinRequest, Joined, PairingError, RequestPlain, Sealed, Way, check_request, decode, decode_sealed, make_request,
    open_joined, seal_joined, seal_request, transcript,
};
use super::pake::{Pake, RANDOM, Role, Spake, make_random};
use crate::epoch::{expand, hmac};
use crate::keys::{BoxSk, DeviceKeys};
use crate::sealed_to::{self, Psk};

const INVITER: &str = "hushclip/1 code-inviter";
const JOINER: &str = "hushclip/1 code-joiner";
const PSK: &str = "hushclip/1 code-psk";
const CONFIRM_JOINER: &str = "hushclip/1 code-confirm-joiner";
const CONFIRM_INVITER: &str = "hushclip/1 code-confirm-inviter";
const REQUEST: &str = "hushclip/1 code-request";
/// Bytes of the inviter's confirmation.
const CONFIRMATION: usize = 32;
const BY_CODE: Way = Way { transcript: "hushclip/1 code-transcript", welcome: "hushclip/1 code-welcome" };

/// `[invite, PAKE message, ephemeral key]`. Anyone who tries numbers gets it, so it does not say whose it is.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Offer {
    #[n(0)]
    invite: InviteId,
    #[n(1)]
    pake: ByteVec,
    #[n(2)]
    ephemeral: BoxPk,
}

/// `[PAKE message, confirmation, [enc, sealed]]`.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Request {
    #[n(0)]
    pake: ByteVec,
    #[n(1)]
    confirmation: Hash,
    #[n(2)]
    sealed: Sealed,
}

/// What the PAKE is bound to.
struct Bound<'a> {
    invite: &'a InviteId,
    nameplate: u32,
    /// The relay's authority, lower case.
    host: &'a str,
}

impl Bound<'_> {
    fn identity(&self, label: &str) -> Vec<u8> {
        let (nameplate, host) = (u64::from(self.nameplate).to_be_bytes(), self.host.to_ascii_lowercase());
        label::message(label, &[self.invite.as_bytes(), &nameplate, host.as_bytes()])
    }
}

/// What both sides have if the words are the same.
struct Agreed {
    psk: Zeroizing<[u8; 32]>,
    joiner: Zeroizing<[u8; 32]>,
    inviter: Zeroizing<[u8; 32]>,
}

impl Agreed {
    fn derive(key: &[u8; 32], invite: &InviteId) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(invite.as_bytes()), key);
        let derive = |label: &str| {
            let mut out = Zeroizing::new([0; 32]);
            expand(&hkdf, label.as_bytes(), out.as_mut_slice());
            out
        };
        Self { psk: derive(PSK), joiner: derive(CONFIRM_JOINER), inviter: derive(CONFIRM_INVITER) }
    }

    fn confirm_joiner(&self, offer: &[u8], pake: &[u8]) -> Hash {
        let message = label::message(CONFIRM_JOINER, &[label::sha256(offer).as_bytes(), pake]);
        Hash::from_bytes(hmac(&self.joiner, &[&message]))
    }

    fn confirm_inviter(&self, transcript: &Hash, mailbox: MailboxId) -> [u8; CONFIRMATION] {
        hmac(&self.inviter, &[&label::message(CONFIRM_INVITER, &[transcript.as_bytes(), mailbox.as_bytes()])])
    }
}

fn request_info(invite: &InviteId) -> Vec<u8> {
    label::message(REQUEST, &[invite.as_bytes()])
}

/// `confirmation ‖ mailbox`.
fn parse_reveal(reveal: &[u8]) -> Result<(&[u8; CONFIRMATION], MailboxId), PairingError> {
    let (confirmation, mailbox) = reveal.split_first_chunk().ok_or(PairingError::Disturbed)?;
    let mailbox = mailbox.try_into().map_err(|_| PairingError::Disturbed)?;
    Ok((confirmation, MailboxId::from_bytes(mailbox)))
}

/// What the inviting device remembers.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct CodeInviter {
    #[n(0)]
    invite: InviteId,
    #[n(1)]
    code: Code,
    #[n(2)]
    ephemeral: BoxSk,
    #[cbor(n(3), with = "minicbor::bytes")]
    random: [u8; RANDOM],
    #[n(4)]
    mailbox: MailboxId,
    #[n(5)]
    host: String,
}

impl CodeInviter {
    /// Starts an invite for the account behind `mailbox` at the relay `host` (its authority).
    pub fn make(mailbox: MailboxId, host: &str, nameplate: u32, rng: &mut dyn CryptoRng) -> Self {
        let mut invite = [0; InviteId::LEN];
        rng.fill_bytes(&mut invite);
        Self {
            invite: InviteId::from_bytes(invite),
            code: Code { nameplate, words: Code::make_words(rng) },
            ephemeral: BoxSk::make(rng),
            random: make_random(rng),
            mailbox,
            host: host.into(),
        }
    }

    /// The invite.
    pub const fn invite(&self) -> InviteId {
        self.invite
    }

    /// The code to read out.
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// Sets another nameplate, because the previous one leads elsewhere. Nobody has seen the code yet.
    pub const fn set_nameplate(&mut self, nameplate: u32) {
        self.code.nameplate = nameplate;
    }

    /// First step, for whoever claims.
    pub fn offer(&self) -> Vec<u8> {
        let (inviter, joiner) = self.identities();
        codec::encode(&Offer {
            invite: self.invite,
            pake: self.pake(&inviter, &joiner).message().into(),
            ephemeral: self.ephemeral.derive_pk(),
        })
    }

    /// Opens and checks the second step: it confirms that the joiner typed the same words. The first
    /// request that does not ends the invite; so does a second request.
    pub fn open_request(&self, bytes: &[u8]) -> Result<JoinRequest, PairingError> {
        let request: Request = decode(bytes)?;
        let agreed = self.agree(&request)?;
        let offer = self.offer();
        let expected = agreed.confirm_joiner(&offer, &request.pake);
        if !bool::from(expected.as_bytes().ct_eq(request.confirmation.as_bytes())) {
            return Err(PairingError::Disturbed);
        }
        let plain = sealed_to::open(
            &self.ephemeral,
            Some(Psk { key: &agreed.psk, id: self.invite.as_bytes() }),
            &request_info(&self.invite),
            &offer,
            &request.sealed.enc,
            &request.sealed.sealed,
        )
        .map_err(|_| PairingError::Disturbed)?;
        check_request(&BY_CODE, &[self.invite.as_bytes()], &offer, decode_sealed(&plain)?)
    }

    /// Third step: confirms to the joiner, which now learns the mailbox. `request` is what [`Self::open_request`]
    /// opened.
    pub fn reveal(&self, request: &[u8], opened: &JoinRequest) -> Result<Vec<u8>, PairingError> {
        let confirmation = self.agree(&decode(request)?)?.confirm_inviter(&opened.transcript, self.mailbox);
        Ok([confirmation.as_slice(), self.mailbox.as_bytes()].concat())
    }

    /// Last step: hands over the account.
    pub fn welcome(
        &self,
        request: &[u8],
        opened: &JoinRequest,
        joined: &Joined,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, PairingError> {
        let agreed = self.agree(&decode(request)?)?;
        let confirmed = agreed.confirm_inviter(&opened.transcript, self.mailbox);
        seal_joined(&BY_CODE, Psk { key: &agreed.psk, id: self.invite.as_bytes() }, opened, &confirmed, joined, rng)
    }

    fn agree(&self, request: &Request) -> Result<Agreed, PairingError> {
        let (inviter, joiner) = self.identities();
        Ok(Agreed::derive(&*self.pake(&inviter, &joiner).finish(&request.pake)?, &self.invite))
    }

    fn identities(&self) -> (Vec<u8>, Vec<u8>) {
        let bound = Bound { invite: &self.invite, nameplate: self.code.nameplate, host: &self.host };
        (bound.identity(INVITER), bound.identity(JOINER))
    }

    fn pake<'a>(&'a self, inviter: &'a [u8], joiner: &'a [u8]) -> Spake<'a> {
        Spake { role: Role::Inviter, random: &self.random, words: &self.code.words, inviter, joiner }
    }
}

impl fmt::Debug for CodeInviter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeInviter({:?})", self.invite)
    }
}

/// What the joining device remembers, besides its keys.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct CodeJoiner {
    #[n(0)]
    code: Code,
    #[n(1)]
    relay: String,
    #[n(2)]
    host: String,
    #[n(3)]
    token: JoinToken,
    #[cbor(n(4), with = "minicbor::bytes")]
    nonce: [u8; 32],
    #[cbor(n(5), with = "minicbor::bytes")]
    random: [u8; RANDOM],
    #[n(6)]
    name: String,
}

impl CodeJoiner {
    /// What the person typed.
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// Starts joining at the relay with this origin and authority. `name` is cut to
    /// [`limits::NAME_BYTES`].
    pub fn make(code: Code, relay: &str, host: &str, name: &str, rng: &mut dyn CryptoRng) -> Self {
        let (mut token, mut nonce) = ([0; JoinToken::LEN], [0; 32]);
        rng.fill_bytes(&mut token);
        rng.fill_bytes(&mut nonce);
        Self {
            code,
            relay: relay.into(),
            host: host.into(),
            token: JoinToken::from_bytes(token),
            nonce,
            random: make_random(rng),
            name: name[..name.floor_char_boundary(limits::NAME_BYTES)].into(),
        }
    }

    /// The number by which the invite is found.
    pub const fn nameplate(&self) -> u32 {
        self.code.nameplate
    }

    /// Origin of the relay.
    pub fn relay(&self) -> &str {
        &self.relay
    }

    /// Identifies this joiner to the relay when it reconnects.
    pub const fn token(&self) -> JoinToken {
        self.token
    }

    /// The invite that an offer names. Nothing is confirmed yet.
    pub fn invite(offer: &[u8]) -> Result<InviteId, PairingError> {
        decode(offer).map(|offer: Offer| offer.invite)
    }

    /// The mailbox that a reveal names. [`Self::check_reveal`] says whether it is right.
    pub fn mailbox(reveal: &[u8]) -> Result<MailboxId, PairingError> {
        parse_reveal(reveal).map(|(_, mailbox)| mailbox)
    }

    /// Second step: answers the offer, and confirms.
    pub fn request(&self, keys: &DeviceKeys, offer: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, PairingError> {
        let parsed: Offer = decode(offer)?;
        let (inviter, joiner) = self.identities(&parsed);
        let pake = self.pake(&inviter, &joiner);
        let agreed = Agreed::derive(&*pake.finish(&parsed.pake)?, &parsed.invite);
        let psk = Psk { key: &agreed.psk, id: parsed.invite.as_bytes() };
        let (info, plain) = (request_info(&parsed.invite), self.plain(keys, offer, &parsed));
        let sealed = seal_request(&parsed.ephemeral, psk, &info, offer, &plain, rng)?;
        let pake = pake.message();
        let confirmation = agreed.confirm_joiner(offer, &pake);
        Ok(codec::encode(&Request { pake: pake.into(), confirmation, sealed }))
    }

    /// Third step: checks the inviter's confirmation.
    pub fn check_reveal(&self, keys: &DeviceKeys, offer: &[u8], reveal: &[u8]) -> Result<(), PairingError> {
        self.confirmed(keys, offer, reveal).map(drop)
    }

    /// Last step: takes over the account.
    pub fn open_welcome(
        &self,
        keys: &DeviceKeys,
        offer: &[u8],
        reveal: &[u8],
        bytes: &[u8],
    ) -> Result<Joined, PairingError> {
        let (parsed, agreed, transcript) = self.confirmed(keys, offer, reveal)?;
        let (confirmed, mailbox) = parse_reveal(reveal)?;
        open_joined(
            &BY_CODE,
            keys,
            Psk { key: &agreed.psk, id: parsed.invite.as_bytes() },
            mailbox,
            &transcript,
            confirmed,
            bytes,
        )
    }

    fn confirmed(&self, keys: &DeviceKeys, offer: &[u8], reveal: &[u8]) -> Result<(Offer, Agreed, Hash), PairingError> {
        let parsed: Offer = decode(offer)?;
        let (inviter, joiner) = self.identities(&parsed);
        let agreed = Agreed::derive(&*self.pake(&inviter, &joiner).finish(&parsed.pake)?, &parsed.invite);
        let transcript = transcript(&BY_CODE, &[parsed.invite.as_bytes()], offer, &self.plain(keys, offer, &parsed));
        let (confirmed, mailbox) = parse_reveal(reveal)?;
        let same: bool = agreed.confirm_inviter(&transcript, mailbox).ct_eq(confirmed).into();
        if same { Ok((parsed, agreed, transcript)) } else { Err(PairingError::Disturbed) }
    }

    fn plain(&self, keys: &DeviceKeys, offer: &[u8], parsed: &Offer) -> RequestPlain {
        make_request(&BY_CODE, &[parsed.invite.as_bytes()], offer, keys, self.nonce, &self.name)
    }

    fn identities(&self, offer: &Offer) -> (Vec<u8>, Vec<u8>) {
        let bound = Bound { invite: &offer.invite, nameplate: self.code.nameplate, host: &self.host };
        (bound.identity(INVITER), bound.identity(JOINER))
    }

    fn pake<'a>(&'a self, inviter: &'a [u8], joiner: &'a [u8]) -> Spake<'a> {
        Spake { role: Role::Joiner, random: &self.random, words: &self.code.words, inviter, joiner }
    }
}

impl fmt::Debug for CodeJoiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeJoiner({}-…)", self.code.nameplate)
    }
}
