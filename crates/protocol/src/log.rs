//! The membership log: who belongs to an account and which epoch key is current. Signed,
//! hash-chained, and verified by one rule that relay and devices share.

mod entry;
mod membership;

pub use entry::{Action, Entry, Grant, SealedFor, SealedList, SignedEntry, possession_message};
pub use membership::{Change, LogError, Member, Membership, Removed};
