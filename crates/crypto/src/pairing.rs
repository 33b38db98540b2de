//! Pairing. By link: the secret in the URL fragment authenticates the exchange, six digits confirm it.
//! By typed code: a PAKE makes a key out of two words.

mod code;
mod coded;
mod exchange;
mod inviter;
mod joiner;
mod link;
mod pake;
pub(crate) mod word;

pub use code::{Code, CodeError};
pub use coded::{CodeInviter, CodeJoiner};
pub use exchange::{Digits, JoinRequest, Joined, Named, OLDER_EPOCHS, OlderEpoch, PairingError};
pub use inviter::Inviter;
pub use joiner::Joiner;
pub use link::{InviteSecret, Link, LinkError};
