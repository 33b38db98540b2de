//! When a device locks itself: after a chosen time in which no person has done anything.

/// What people choose at first, minutes.
pub(crate) const DEFAULT_MINUTES: u32 = 15;

/// The time since a person did something.
#[derive(Default)]
pub(crate) struct Idle {
    minutes: u32,
    seen_at: u64,
}

impl Idle {
    /// A person is here, and wants so many minutes; 0 for never.
    pub(crate) fn start(minutes: u32, now: u64) -> Self {
        Self { minutes, seen_at: now }
    }

    /// A person did something.
    pub(crate) fn seen(&mut self, now: u64) {
        self.seen_at = now;
    }

    /// When it is time to lock.
    pub(crate) fn ends_at(&self) -> Option<u64> {
        (self.minutes > 0).then(|| self.seen_at + u64::from(self.minutes) * 60_000)
    }

    /// Whether it is that time.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.ends_at().is_some_and(|end| now >= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_so_many_minutes_after_the_last_sign_of_a_person() {
        let mut idle = Idle::start(5, 1_000);
        assert!(!idle.is_over(300_999));
        assert!(idle.is_over(301_000));
        idle.seen(2_000);
        assert!(!idle.is_over(301_000));
        assert_eq!(idle.ends_at(), Some(302_000));
    }

    #[test]
    fn never_is_never() {
        assert!(!Idle::start(0, 0).is_over(u64::MAX));
    }
}
