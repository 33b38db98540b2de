//! The two ways of pairing, by link and by typed code, behind one face for each side.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pairing::{CodeInviter, CodeJoiner, Digits, Inviter, JoinRequest, Joined, Joiner, PairingError};
use hushclip_protocol::VERSION;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{InviteId, MailboxId};
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::relay::Relay;

/// How many nameplates that are tried are short.
const SHORT_NAMEPLATES: u8 = 4;

/// The side that lets in.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(flat)]
pub(crate) enum Inviting {
    #[n(0)]
    Link(#[n(0)] Inviter),
    #[n(1)]
    Code(#[n(0)] CodeInviter),
}

/// The side that comes in.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(flat)]
pub(crate) enum Joining {
    #[n(0)]
    Link(#[n(0)] Joiner),
    #[n(1)]
    Code(#[n(0)] CodeJoiner),
}

impl Inviting {
    pub(crate) fn by_link(mailbox: MailboxId, rng: &mut dyn CryptoRng) -> Self {
        Self::Link(Inviter::make(mailbox, rng))
    }

    pub(crate) fn by_code(mailbox: MailboxId, host: &str, rng: &mut dyn CryptoRng) -> Self {
        let nameplate = Self::make_nameplate(0, rng);
        Self::Code(CodeInviter::make(mailbox, host, nameplate, rng))
    }

    /// A number for a code: short at first, longer when the short ones are taken.
    pub(crate) fn make_nameplate(tries: u8, rng: &mut dyn CryptoRng) -> u32 {
        let greatest = if tries < SHORT_NAMEPLATES { 99 } else { limits::NAMEPLATE };
        1 + rng.next_u32() % greatest
    }

    pub(crate) const fn invite(&self) -> InviteId {
        match self {
            Self::Link(inviter) => inviter.invite(),
            Self::Code(inviter) => inviter.invite(),
        }
    }

    /// The frame that opens the invite at the relay.
    pub(crate) fn open(&self, again: bool) -> ToRelay {
        let invite = self.invite();
        match self {
            Self::Link(inviter) => {
                ToRelay::InviteOpen { invite, claim_hash: inviter.claim_hash(), offer: inviter.offer().into(), again }
            }
            Self::Code(inviter) => {
                let nameplate = inviter.code().nameplate;
                ToRelay::CodeOpen { invite, nameplate, offer: inviter.offer().into(), again }
            }
        }
    }

    pub(crate) fn open_request(&self, bytes: &[u8]) -> Result<JoinRequest, PairingError> {
        match self {
            Self::Link(inviter) => inviter.open_request(bytes),
            Self::Code(inviter) => inviter.open_request(bytes),
        }
    }

    pub(crate) fn reveal(&self, request: &[u8], opened: &JoinRequest) -> Result<Vec<u8>, PairingError> {
        match self {
            Self::Link(inviter) => Ok(inviter.reveal()),
            Self::Code(inviter) => inviter.reveal(request, opened),
        }
    }

    /// The digits to be typed here; none after a typed code.
    pub(crate) fn digits(&self, opened: &JoinRequest) -> Option<Digits> {
        match self {
            Self::Link(inviter) => Some(inviter.digits(opened)),
            Self::Code(_) => None,
        }
    }

    pub(crate) fn welcome(
        &self,
        request: &[u8],
        opened: &JoinRequest,
        joined: &Joined,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, PairingError> {
        match self {
            Self::Link(inviter) => inviter.welcome(opened, joined, rng),
            Self::Code(inviter) => inviter.welcome(request, opened, joined, rng),
        }
    }

    /// The link to pass on, at this relay; empty for a code.
    pub(crate) fn url(&self, relay: &str) -> String {
        match self {
            Self::Link(inviter) => inviter.link(relay).to_url(relay),
            Self::Code(_) => String::new(),
        }
    }

    /// The code to read out.
    pub(crate) fn code(&self) -> Option<String> {
        match self {
            Self::Link(_) => None,
            Self::Code(inviter) => Some(inviter.code().to_string()),
        }
    }
}

impl Joining {
    /// The invite, as far as it is known: a code's is told by its offer.
    pub(crate) fn invite(&self, offer: Option<&[u8]>) -> Option<InviteId> {
        match self {
            Self::Link(joiner) => Some(joiner.invite()),
            Self::Code(_) => CodeJoiner::invite(offer?).ok(),
        }
    }

    /// Where to connect to. A code leads to its number, until the reveal names the mailbox.
    pub(crate) fn socket(&self, reveal: Option<&[u8]>) -> Option<String> {
        let relay = Relay::parse(self.relay())?;
        let mailbox: Option<MailboxId> = match self {
            Self::Link(joiner) => Some(joiner.mailbox()),
            Self::Code(_) => reveal.and_then(|reveal| CodeJoiner::mailbox(reveal).ok()),
        };
        Some(match (mailbox, self) {
            (Some(mailbox), _) => relay.socket(mailbox),
            (None, Self::Code(joiner)) => relay.nameplate_socket(joiner.nameplate()),
            (None, Self::Link(_)) => return None,
        })
    }

    pub(crate) fn relay(&self) -> &str {
        match self {
            Self::Link(joiner) => joiner.relay(),
            Self::Code(joiner) => joiner.relay(),
        }
    }

    /// The frame that claims the invite.
    pub(crate) fn claim(&self) -> ToRelay {
        let versions = vec![VERSION];
        match self {
            Self::Link(joiner) => {
                ToRelay::Claim { versions, invite: joiner.invite(), claim: joiner.claim(), token: joiner.token() }
            }
            Self::Code(joiner) => ToRelay::CodeClaim { versions, nameplate: joiner.nameplate(), token: joiner.token() },
        }
    }

    pub(crate) fn request(
        &self,
        keys: &DeviceKeys,
        offer: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, PairingError> {
        match self {
            Self::Link(joiner) => joiner.request(keys, offer, rng),
            Self::Code(joiner) => joiner.request(keys, offer, rng),
        }
    }

    /// Checks the inviter's last word before the welcome; the digits to show, after a link.
    pub(crate) fn reveal(
        &self,
        keys: &DeviceKeys,
        offer: &[u8],
        reveal: &[u8],
    ) -> Result<Option<Digits>, PairingError> {
        match self {
            Self::Link(joiner) => joiner.digits(keys, offer, reveal).map(Some),
            Self::Code(joiner) => joiner.check_reveal(keys, offer, reveal).map(|()| None),
        }
    }

    pub(crate) fn open_welcome(
        &self,
        keys: &DeviceKeys,
        offer: &[u8],
        reveal: &[u8],
        bytes: &[u8],
    ) -> Result<Joined, PairingError> {
        match self {
            Self::Link(joiner) => joiner.open_welcome(keys, offer, reveal, bytes),
            Self::Code(joiner) => joiner.open_welcome(keys, offer, reveal, bytes),
        }
    }
}
