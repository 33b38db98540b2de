//! Pairing by link: the secret in the URL fragment authenticates the exchange, six digits confirm it.

mod exchange;
mod inviter;
mod joiner;
mod link;

pub use exchange::{Digits, JoinRequest, Joined, Named, OlderEpoch, PairingError};
pub use inviter::Inviter;
pub use joiner::Joiner;
pub use link::{InviteSecret, Link, LinkError};
