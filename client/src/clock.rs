//! The clock of the machine, and whether it can be believed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How far the clock and the time that passed may differ before the machine counts as having slept.
const SLEPT: Duration = Duration::from_secs(15);

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// Notices that the machine was asleep, or that somebody has changed the clock.
pub(crate) struct SleepWatch {
    wall: SystemTime,
    passed: Instant,
}

impl SleepWatch {
    pub(crate) fn start() -> Self {
        Self { wall: SystemTime::now(), passed: Instant::now() }
    }

    /// Whether it happened since the last call.
    pub(crate) fn has_slept(&mut self) -> bool {
        let before = std::mem::replace(self, Self::start());
        let expected = before.wall + (self.passed - before.passed);
        let off = self.wall.duration_since(expected).unwrap_or_else(|error| error.duration());
        off > SLEPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_is_noticed() {
        let mut watch = SleepWatch::start();
        assert!(!watch.has_slept());
        for jump in [SLEPT * 2, Duration::from_secs(1)] {
            watch.wall -= jump;
            assert_eq!(watch.has_slept(), jump > SLEPT);
            watch.wall += jump;
            assert_eq!(watch.has_slept(), jump > SLEPT);
        }
    }
}
