//! Messages that make the worker panic, for the test of what becomes of everybody else. Only with the
//! feature `faults`, which nothing that ships is built with.

/// Panics if the message says so. `when`: `now`, while it is taken in, or `later`, after a pause.
pub(crate) fn strike(message: &[u8], when: &str) {
    assert!(message != format!("panic {when}").as_bytes(), "struck by a test");
}
