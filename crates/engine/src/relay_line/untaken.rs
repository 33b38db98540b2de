//! Tracks how long the relay has taken nothing of what waits to be sent: after a while the person is told, and it is tried
//! less often.

/// How long nothing may be taken on a line before that is said, milliseconds.
const TOLD_MS: u64 = 10 * 60_000;
/// For how long it is tried as the relay's answers say; from then on with pauses, milliseconds.
const EAGER_MS: u64 = 60_000;
/// The longest pause.
const PAUSE_MS: u64 = 10 * 60_000;
/// How much of a silence counts, milliseconds: a line is never silent for longer, and a device that slept was on none.
const SILENCE_MS: u64 = 30_000;

/// For how long the relay has taken nothing.
#[derive(Debug, Default)]
pub(crate) struct Untaken {
    /// On lines, since something was pushed that waits still; `None`: nothing waits.
    for_ms: Option<u64>,
    /// When the next push is tried.
    next_at: Option<u64>,
    told: bool,
}

impl Untaken {
    /// Something is pushed.
    pub(crate) fn pushed(&mut self) {
        self.for_ms.get_or_insert(0);
    }

    /// The relay is heard, for the first time since then; whether it is to be told now that it takes nothing.
    pub(crate) fn heard(&mut self, now: u64, since_ms: u64) -> bool {
        let Some(for_ms) = &mut self.for_ms else { return false };
        *for_ms += now.saturating_sub(since_ms).min(SILENCE_MS);
        *for_ms >= TOLD_MS && !core::mem::replace(&mut self.told, true)
    }

    /// A push was not taken for a reason that should pass by itself at once, and has not for a while.
    pub(crate) fn put_off(&mut self, now: u64) {
        let for_ms = self.for_ms.unwrap_or_default();
        self.next_at = (for_ms >= EAGER_MS).then_some(now + (for_ms / 8).min(PAUSE_MS));
    }

    /// When the next push is tried, if it waits.
    pub(crate) fn next_push(&self, now: u64) -> Option<u64> {
        self.next_at.filter(|at| *at > now && *at <= now + PAUSE_MS)
    }

    /// Whether it is time for a push that was put off; said once.
    pub(crate) fn take_due(&mut self, now: u64) -> bool {
        let due = self.next_at.is_some() && self.next_push(now).is_none();
        if due {
            self.next_at = None;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_is_tried_less_often_and_told_once() {
        let mut untaken = Untaken::default();
        assert!(!untaken.heard(SILENCE_MS, 0), "nothing waits");
        untaken.pushed();
        untaken.put_off(0);
        assert_eq!(untaken.next_push(0), None, "at first it is tried at once");
        let (mut now, mut told) = (0, 0);
        while now < 2 * TOLD_MS {
            told += u32::from(untaken.heard(now + SILENCE_MS, now));
            now += SILENCE_MS;
        }
        assert_eq!(told, 1);
        untaken.put_off(now);
        let next = untaken.next_push(now).expect("there is a pause now");
        assert!(next > now + EAGER_MS && !untaken.take_due(next - 1));
        assert!(untaken.take_due(next) && !untaken.take_due(next), "once");
        untaken.put_off(now);
        assert!(untaken.take_due(0), "the clock was put back");
    }

    #[test]
    fn a_device_that_slept_has_not_waited_all_the_time() {
        let mut untaken = Untaken::default();
        untaken.pushed();
        assert!(!untaken.heard(100 * TOLD_MS, 0));
    }
}
