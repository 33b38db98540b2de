//! What devices and relay share: identifiers, limits, frames, the strict codec and the
//! membership log. It verifies; it never signs, seals or opens, so the relay can link it and still
//! read nothing. No I/O, clock, randomness or platform types.
//!
//! The wire format is specified in `docs/PROTOCOL.md`.

mod canonical;
pub mod channel;
pub mod codec;
pub mod envelope;
pub mod error;
pub mod frame;
pub mod ids;
pub mod label;
pub mod limits;
pub mod log;
mod numbered;
pub mod signature;
pub mod signin;
mod tag;
mod welcome;

/// The protocol version this crate speaks.
pub const VERSION: u16 = 1;

/// Picks the newest version both sides speak, or `None` when there is no common one.
pub fn negotiate(theirs: &[u16]) -> Option<u16> {
    theirs.contains(&VERSION).then_some(VERSION)
}
