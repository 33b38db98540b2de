//! The inviting device's side of the exchange: it offers, checks one request, and hands over.

use core::fmt;

use hushclip_protocol::codec;
use hushclip_protocol::ids::{Hash, InviteId, MailboxId};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use super::exchange::{
    BY_LINK, Digits, JoinRequest, Joined, Offer, PairingError, Sealed, check_request, commitment, decode,
    decode_sealed, offer_mac, request_info, seal_joined,
};
use super::link::{InviteSecret, Link, make_invite};
use crate::keys::BoxSk;
use crate::sealed_to::{self, Psk};

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
        let commitment = commitment(&self.nonce);
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
        .map_err(|_| PairingError::Disturbed)?;
        check_request(&BY_LINK, &[self.invite.as_bytes(), self.mailbox.as_bytes()], &offer, decode_sealed(&plain)?)
    }

    /// Third step: opens the commitment.
    pub fn reveal(&self) -> Vec<u8> {
        self.nonce.to_vec()
    }

    /// The digits that the joiner shows if nobody is in between.
    pub fn digits(&self, request: &JoinRequest) -> Digits {
        Digits::derive(&request.transcript, &self.nonce)
    }

    /// Last step: hands over the account.
    pub fn welcome(
        &self,
        request: &JoinRequest,
        joined: &Joined,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, PairingError> {
        let psk = self.secret.derive_psk(&self.invite);
        seal_joined(&BY_LINK, Psk { key: &psk, id: self.invite.as_bytes() }, request, &self.nonce, joined, rng)
    }
}

impl fmt::Debug for Inviter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inviter({:?})", self.invite)
    }
}
