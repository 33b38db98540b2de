//! What may be done so often in a minute, on a machine that may be busy.

use std::time::Instant;

/// Does something until it is refused: not before it was done as often as it may be in a minute, and not much later. What
/// is used of an allowance comes back as time passes, so that a slow machine may do it more often.
pub fn use_up(per_minute: u32, mut is_refused: impl FnMut(u32) -> bool) {
    let started = Instant::now();
    for number in 1.. {
        let refused = is_refused(number);
        let back = started.elapsed().as_secs() as u32 * per_minute / 60 + 1;
        assert!(!refused || number > per_minute, "refused at {number}, of {per_minute}");
        assert!(
            refused || number <= per_minute + back,
            "not refused at {number}, of {per_minute} and {back} that came back"
        );
        if refused {
            return;
        }
    }
}
