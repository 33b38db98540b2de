//! A relay in its own process, and devices that talk to it frame by frame. The tests are in
//! `tests/conformance`; they know nothing about how the relay is built. Every wait is bounded. [`Desk`] is the
//! mailbox by itself, for what would take too long through a relay.

mod account;
mod allowance;
mod desk;
mod http;
mod relay;
mod socket;

pub use account::{Account, rng};
pub use allowance::use_up;
pub use desk::{Desk, Envelopes};
pub use http::{Answer, request, request_with};
pub use relay::{Relay, Shell, native};
pub use socket::Socket;
