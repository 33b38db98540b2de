//! What the relay never links: keys, epochs, sealing and opening, pairing, padding. Every function
//! is deterministic apart from the random bytes it is given. No I/O, no clock.
//!
//! Naming: `derive_*` is deterministic, `make_*` uses fresh randomness, `seal` and `open` are inverses.

pub mod archive;
pub mod body;
pub mod envelope;
pub mod epoch;
pub mod fingerprint;
pub mod keys;
pub mod log;
pub mod name;
pub mod pad;
pub mod pairing;
mod sealed_to;
mod secret;
pub mod vault;

pub use rand_core::CryptoRng;

/// Something sealed did not open. One opaque failure: which check failed is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be opened")]
pub struct OpenError;
