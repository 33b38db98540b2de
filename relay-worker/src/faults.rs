//! Messages that make the worker panic, to test what happens to everybody else. Only with the feature `faults`, which
//! no shipped build has.

/// Panics if the message says so. `when` is `now`, while it is taken in, or `later`, after a pause.
pub(crate) fn strike(message: &[u8], when: &str) {
    assert!(message != format!("panic {when}").as_bytes(), "struck by a test");
}
