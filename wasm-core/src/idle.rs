//! When a device locks itself: after a chosen time in which no person has done anything.

/// After so many minutes without a person a device locks itself, if it does at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AutoLock(pub(crate) Option<u32>);

impl Default for AutoLock {
    fn default() -> Self {
        Self(Some(15))
    }
}

/// The time since a person did something.
pub(crate) struct Idle {
    after: AutoLock,
    seen_at: u64,
}

impl Idle {
    /// A person is here.
    pub(crate) fn start(after: AutoLock, now: u64) -> Self {
        Self { after, seen_at: now }
    }

    /// A person did something.
    pub(crate) fn seen(&mut self, now: u64) {
        self.seen_at = now;
    }

    /// When it is time to lock.
    pub(crate) fn ends_at(&self) -> Option<u64> {
        self.after.0.map(|minutes| self.seen_at + u64::from(minutes) * 60_000)
    }

    /// Whether it is that time.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.ends_at().is_some_and(|end| now >= end)
    }
}

impl Default for Idle {
    /// Nothing to lock.
    fn default() -> Self {
        Self::start(AutoLock(None), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_so_many_minutes_after_the_last_sign_of_a_person() {
        let mut idle = Idle::start(AutoLock(Some(5)), 1_000);
        assert!(!idle.is_over(300_999));
        assert!(idle.is_over(301_000));
        idle.seen(2_000);
        assert!(!idle.is_over(301_000));
        assert_eq!(idle.ends_at(), Some(302_000));
    }

    #[test]
    fn never_is_never() {
        assert!(!Idle::default().is_over(u64::MAX));
    }
}
