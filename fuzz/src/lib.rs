//! The fuzz targets: one function each, over arbitrary bytes. A target panics when an invariant does
//! not hold. `cargo xtask fuzz TARGET` searches; `tests/replay.rs` runs what is committed in
//! `corpus/` and `regressions/`, on any compiler and without instrumentation.

mod account;
mod decoders;
mod engine;
mod input;
mod lasting;
mod log;
mod mailbox;
mod pairing;
mod records;
mod scenes;
mod seeds;

pub use seeds::seeds;

/// A named entry point for arbitrary bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 19] = [
    ("to_relay", decoders::to_relay),
    ("to_device", decoders::to_device),
    ("entry", decoders::entry),
    ("sealed_list", decoders::sealed_list),
    ("signed_entry", decoders::signed_entry),
    ("envelope", decoders::envelope),
    ("clip_body", decoders::clip_body),
    ("tombstone", decoders::tombstone),
    ("archive", decoders::archive),
    ("link", decoders::link),
    ("code", decoders::code),
    ("session", decoders::session),
    ("locked_key", decoders::locked_key),
    ("pairing", pairing::by_link),
    ("pairing_code", pairing::by_code),
    ("records", records::records),
    ("log_replay", log::replay),
    ("mailbox", mailbox::frames),
    ("engine", engine::events),
];

/// The function of a target.
pub fn find(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(target, _)| *target == name).map(|(_, run)| *run)
}
