//! Engines and a mailbox in one process, on a network that delays, cuts and half-closes, with devices
//! that crash at any effect and a relay that restarts and hibernates. Everything follows from one
//! seed, so a failure can be run again.

mod check;
mod desk;
mod device;
mod faults;
mod relay;
mod world;

pub use check::Violation;
pub use desk::{Desk, Lie, ORIGIN, Way};
pub use faults::Faults;
pub use world::{Report, run, trace};
