//! Pairing by link: the secret in the URL fragment authenticates the exchange, six digits confirm
//! it. One module for each side's view would hide how the steps interlock, so they stand together.

mod exchange;
mod link;

pub use exchange::{Digits, Inviter, JoinRequest, Joined, Joiner, Named, OlderEpoch, PairingError};
pub use link::{InviteSecret, Link, LinkError};
