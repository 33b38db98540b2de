//! Web Push wake-ups without content (RFC 8030): how a relay names itself to a push service (VAPID,
//! RFC 8292), and which addresses it may call. Pure: no socket, no clock, no randomness.
//!
//! Reading order: `endpoint` (where to), `key` (who asks), `request` (the two combined).

mod endpoint;
#[cfg(feature = "sign")]
mod key;
#[cfg(feature = "sign")]
mod request;

pub use endpoint::{ENDPOINT_BYTES, Endpoint, Services};
#[cfg(feature = "sign")]
pub use key::Key;
#[cfg(feature = "sign")]
pub use request::{Answer, Request};
