//! The real binary, run as people and scripts run it, against the relay's real logic on a local
//! port. The relay that is deployed is tested end to end elsewhere.

mod at_rest;
#[cfg(target_os = "linux")]
mod clipboard;
mod clips;
mod codes;
mod fixtures;
#[cfg(target_os = "linux")]
mod guarded;
#[cfg(target_os = "linux")]
mod keyring;
mod lies;
#[cfg(target_os = "linux")]
mod owner;
mod pairing;
mod relay;
mod sharing;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
mod trouble;
mod trust;
mod usage;
