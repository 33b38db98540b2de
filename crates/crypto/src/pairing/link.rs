//! The pairing link and what is derived from its secret.

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hkdf::Hkdf;
use hushclip_protocol::ids::{Claim, Hash, InviteId, MailboxId};
use hushclip_protocol::label;
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::epoch::expand;
use crate::secret::secret_newtype;

secret_newtype!(
    /// The 32 random bytes in the fragment of a pairing link. Good for one claim.
    InviteSecret
);

const CLAIM: &str = "hushclip/1 invite-claim";
const PSK: &str = "hushclip/1 invite-psk";
const OFFER: &str = "hushclip/1 invite-offer";
const FORMAT: u8 = 1;
const FIXED: usize = 1 + InviteId::LEN + 32 + MailboxId::LEN;
/// Longest origin that a link may carry, in bytes.
const ORIGIN_BYTES: usize = 255;

/// A pairing link, taken apart. `https://APP/pair#` and, in base64url without padding (RFC 4648 §5),
/// `1 ‖ invite(16) ‖ secret(32) ‖ mailbox(16) [‖ relay origin, when it is not APP]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// Origin of the relay.
    pub relay: String,
    /// The invite.
    pub invite: InviteId,
    /// The account's mailbox.
    pub mailbox: MailboxId,
    /// Known only to the two devices.
    pub secret: InviteSecret,
}

/// Why text is not a pairing link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not of the form `…/pair#…`.
    #[error("not a pairing link")]
    NotALink,
    /// The fragment is cut short or changed.
    #[error("this pairing link is incomplete")]
    Incomplete,
    /// A link from a later version.
    #[error("this pairing link needs a newer version of Hushclip")]
    Newer,
}

impl Link {
    /// Parses a link as a person pastes it.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (page, fragment) = text.trim().split_once('#').ok_or(LinkError::NotALink)?;
        let origin = page.strip_suffix("/pair").ok_or(LinkError::NotALink)?;
        let bytes = Base64UrlUnpadded::decode_vec(fragment).map_err(|_| LinkError::Incomplete)?;
        let bytes = Zeroizing::new(bytes);
        match bytes.first() {
            Some(&FORMAT) => {}
            Some(_) => return Err(LinkError::Newer),
            None => return Err(LinkError::Incomplete),
        }
        let (fixed, relay) = bytes.split_first_chunk::<FIXED>().ok_or(LinkError::Incomplete)?;
        if relay.len() > ORIGIN_BYTES {
            return Err(LinkError::Incomplete);
        }
        let relay = core::str::from_utf8(relay).map_err(|_| LinkError::Incomplete)?;
        Ok(Self {
            relay: if relay.is_empty() { origin } else { relay }.to_owned(),
            invite: InviteId::from_bytes(part(fixed, 1)),
            secret: InviteSecret::from_bytes(part(fixed, 17)),
            mailbox: MailboxId::from_bytes(part(fixed, 49)),
        })
    }

    /// The link for a web app at `app`.
    pub fn to_url(&self, app: &str) -> String {
        let mut bytes = Zeroizing::new(vec![FORMAT]);
        bytes.extend_from_slice(self.invite.as_bytes());
        bytes.extend_from_slice(self.secret.expose());
        bytes.extend_from_slice(self.mailbox.as_bytes());
        if self.relay != app {
            bytes.extend_from_slice(self.relay.as_bytes());
        }
        format!("{app}/pair#{}", Base64UrlUnpadded::encode_string(&bytes))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({:?})", self.invite)
    }
}

impl InviteSecret {
    /// What the joiner shows to the relay.
    pub fn derive_claim(&self, invite: &InviteId) -> Claim {
        Claim::from_bytes(*self.derive(invite, CLAIM))
    }

    /// What the relay keeps of the claim.
    pub fn derive_claim_hash(&self, invite: &InviteId) -> Hash {
        label::hash(label::CLAIM, &[self.derive_claim(invite).as_bytes()])
    }

    /// HPKE pre-shared key of the exchange.
    pub(super) fn derive_psk(&self, invite: &InviteId) -> Zeroizing<[u8; 32]> {
        self.derive(invite, PSK)
    }

    /// MAC key of the offer.
    pub(super) fn derive_offer_key(&self, invite: &InviteId) -> Zeroizing<[u8; 32]> {
        self.derive(invite, OFFER)
    }

    fn derive(&self, invite: &InviteId, label: &str) -> Zeroizing<[u8; 32]> {
        let mut out = Zeroizing::new([0; 32]);
        expand(&Hkdf::<Sha256>::new(Some(invite.as_bytes()), &self.0), label.as_bytes(), out.as_mut_slice());
        out
    }
}

/// Makes the random parts of a new invite.
pub(super) fn make_invite(rng: &mut dyn CryptoRng) -> (InviteId, InviteSecret) {
    let mut id = [0; InviteId::LEN];
    rng.fill_bytes(&mut id);
    (InviteId::from_bytes(id), InviteSecret::make(rng))
}

fn part<const N: usize>(bytes: &[u8; FIXED], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}
