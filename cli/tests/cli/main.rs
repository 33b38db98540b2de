//! The real binary, run as people and scripts run it, against the relay's real logic on a local
//! port. The relay that is deployed is tested end to end elsewhere.

mod clips;
mod codes;
mod pairing;
mod relay;
mod sharing;
mod support;
mod trust;
mod usage;
