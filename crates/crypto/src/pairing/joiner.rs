//! The joining device's side of the exchange: it answers one offer and takes over the account.

use core::fmt;

use hushclip_protocol::codec;
use hushclip_protocol::ids::{Claim, Hash, InviteId, JoinToken, MailboxId};
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use super::exchange::{
    BY_LINK, Digits, Joined, Offer, PairingError, RequestPlain, commitment, decode, make_request, offer_mac,
    open_joined, request_info, seal_request, transcript,
};
use super::link::{InviteSecret, Link};
use crate::keys::DeviceKeys;
use crate::sealed_to::Psk;

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

    /// What the joiner shows to the relay, once.
    pub fn claim(&self) -> Claim {
        self.secret.derive_claim(&self.invite)
    }

    /// Identifies this joiner to the relay when it reconnects.
    pub const fn token(&self) -> JoinToken {
        self.token
    }

    /// Second step: checks the offer and answers it.
    pub fn request(&self, keys: &DeviceKeys, offer: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, PairingError> {
        let parsed = self.check_offer(offer)?;
        let psk = self.secret.derive_psk(&self.invite);
        let psk = Psk { key: &psk, id: self.invite.as_bytes() };
        let info = request_info(&self.invite, self.mailbox);
        seal_request(&parsed.ephemeral, psk, &info, offer, &self.plain(keys, offer), rng).map(|it| codec::encode(&it))
    }

    /// Third step: checks the opened commitment. The digits are for the person to carry over.
    pub fn digits(&self, keys: &DeviceKeys, offer: &[u8], reveal: &[u8]) -> Result<Digits, PairingError> {
        let nonce = self.check_reveal(offer, reveal)?;
        Ok(Digits::derive(&self.transcript(keys, offer), &nonce))
    }

    /// Last step: takes over the account.
    pub fn open_welcome(
        &self,
        keys: &DeviceKeys,
        offer: &[u8],
        reveal: &[u8],
        bytes: &[u8],
    ) -> Result<Joined, PairingError> {
        let nonce = self.check_reveal(offer, reveal)?;
        let psk = self.secret.derive_psk(&self.invite);
        let transcript = self.transcript(keys, offer);
        open_joined(
            &BY_LINK,
            keys,
            Psk { key: &psk, id: self.invite.as_bytes() },
            self.mailbox,
            &transcript,
            &nonce,
            bytes,
        )
    }

    fn check_offer(&self, offer: &[u8]) -> Result<Offer, PairingError> {
        let parsed: Offer = decode(offer)?;
        let mac = offer_mac(&self.secret, &self.invite, self.mailbox, &parsed.ephemeral, &parsed.commitment);
        if bool::from(mac.as_bytes().ct_eq(parsed.mac.as_bytes())) { Ok(parsed) } else { Err(PairingError::Disturbed) }
    }

    fn check_reveal(&self, offer: &[u8], reveal: &[u8]) -> Result<[u8; 32], PairingError> {
        let nonce: [u8; 32] = reveal.try_into().map_err(|_| PairingError::Disturbed)?;
        let parsed = self.check_offer(offer)?;
        if commitment(&nonce) == parsed.commitment { Ok(nonce) } else { Err(PairingError::Disturbed) }
    }

    fn transcript(&self, keys: &DeviceKeys, offer: &[u8]) -> Hash {
        transcript(&BY_LINK, &self.place(), offer, &self.plain(keys, offer))
    }

    fn plain(&self, keys: &DeviceKeys, offer: &[u8]) -> RequestPlain {
        make_request(&BY_LINK, &self.place(), offer, keys, self.nonce, &self.name)
    }

    fn place(&self) -> [&[u8]; 2] {
        [self.invite.as_bytes(), self.mailbox.as_bytes()]
    }
}

impl fmt::Debug for Joiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Joiner({:?})", self.invite)
    }
}
