//! The memory that messages in transit, in and out, may take on all sockets together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hushclip_protocol::limits;

/// What all sockets together may take.
const BYTES: usize = 128 * limits::FRAME_BYTES;
/// Nobody may hold more than one part in this many of what is left: the more is taken, the less each one gets, and
/// large messages never use up what small ones need.
const PART: usize = 8;

/// How much is taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// Takes `bytes` more for somebody who already holds `held`; returns `false` if too few are left.
    pub(crate) fn take(&self, held: usize, bytes: usize) -> bool {
        let take = |used: usize| (held + bytes <= BYTES.saturating_sub(used) / PART).then_some(used + bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Gives bytes back.
    pub(crate) fn give(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Bytes taken, until this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    budget: Budget,
    bytes: usize,
}

impl Room {
    /// Holds nothing yet.
    pub(crate) const fn new(budget: Budget) -> Self {
        Self { budget, bytes: 0 }
    }

    /// Grows to `bytes` in total; returns whether it could.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let taken = more == 0 || self.budget.take(self.bytes, more);
        if taken {
            self.bytes += more;
        }
        taken
    }

    /// What has been taken so far, as a separate value.
    pub(crate) fn split(&mut self) -> Self {
        Self { budget: self.budget.clone(), bytes: std::mem::take(&mut self.bytes) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_takes_much_leaves_enough_for_those_who_take_little() {
        let budget = Budget::default();
        let mut hogs: Vec<_> = (0..1000).map(|_| Room::new(budget.clone())).collect();
        for hog in &mut hogs {
            let mut bytes = 0;
            while hog.grow(bytes + limits::FRAME_BYTES) {
                bytes += limits::FRAME_BYTES;
            }
        }
        let used = budget.0.load(Ordering::Relaxed);
        assert!(used <= BYTES && used > BYTES / 2, "{used}");
        let mut small: Vec<_> = (0..10).map(|_| Room::new(budget.clone())).collect();
        assert!(small.iter_mut().all(|room| room.grow(limits::ENVELOPE_BYTES)));
        let kept = small[0].split();
        drop((hogs, small));
        assert_eq!(budget.0.load(Ordering::Relaxed), limits::ENVELOPE_BYTES);
        drop(kept);
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }
}
