//! When the relay is told what is stored here: at once while that is seldom, and together where a program keeps the
//! account busy, so that no device spends the frames it may send on acknowledgements.

/// How far apart acknowledgements are in the long run, milliseconds.
const APART_MS: u64 = 2_000;
/// How much earlier than that one may go out, milliseconds: ten in a row after a pause.
const AHEAD_MS: u64 = 10 * APART_MS;
/// So many bytes do not wait: the relay closes a line that has too much on its way.
const MOST_BYTES: u64 = 1024 * 1024;

/// The acknowledgements of one device, as in the generic cell rate algorithm (ITU-T I.371).
#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// When the next one would be due if all of them were evenly apart.
    even_ms: u64,
    /// How many bytes are stored and not acknowledged yet.
    bytes: u64,
    waits: bool,
}

impl Acks {
    /// Another line begins; signing in says what is stored.
    pub(crate) const fn begin_line(&mut self) {
        (self.bytes, self.waits) = (0, false);
    }

    /// An item is stored; whether it is to be acknowledged now.
    pub(crate) fn stored(&mut self, bytes: u64, now: u64) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let goes = self.bytes >= MOST_BYTES || self.may_go(now);
        if goes {
            self.sent(now);
        }
        self.waits = !goes;
        goes
    }

    /// Everything is acknowledged.
    pub(crate) fn sent(&mut self, now: u64) {
        self.even_ms = (self.even_ms.max(now) + APART_MS).min(latest(now));
        self.begin_line();
    }

    /// When one goes out that waits.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.waits.then(|| self.even_ms.saturating_sub(AHEAD_MS))
    }

    /// Whether it is time for one that waits; said once.
    pub(crate) fn take_due(&mut self, now: u64) -> bool {
        let due = self.waits && self.may_go(now);
        if due {
            self.sent(now);
        }
        due
    }

    /// Also where the clock was put back since the last one.
    const fn may_go(&self, now: u64) -> bool {
        self.even_ms <= now + AHEAD_MS || self.even_ms > latest(now)
    }
}

/// The latest that [`Acks::even_ms`] can be, by this clock.
const fn latest(now: u64) -> u64 {
    now + AHEAD_MS + APART_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    /// How many of so many items, this far apart, are acknowledged one by one.
    fn at_once(acks: &mut Acks, items: u64, apart_ms: u64) -> usize {
        (0..items).filter(|item| acks.stored(100, NOW + item * apart_ms)).count()
    }

    #[test]
    fn a_few_go_out_at_once_and_the_rest_together() {
        let mut acks = Acks::default();
        assert_eq!(at_once(&mut acks, 200, 10), 11);
        let due = acks.next_due().expect("the rest waits");
        assert!(due <= NOW + 200 * 10 + APART_MS, "{}", due - NOW);
        assert!(!acks.take_due(due - 1) && acks.take_due(due) && !acks.take_due(due));
        assert_eq!(acks.next_due(), None);
        acks.stored(100, due + 1);
        assert!(acks.next_due().is_some(), "no pause yet");
        acks.begin_line();
        assert_eq!(acks.next_due(), None, "signing in says it");
        assert!(acks.stored(100, due + APART_MS), "one after each pause");
    }

    #[test]
    fn what_comes_seldom_waits_for_nothing() {
        assert_eq!(at_once(&mut Acks::default(), 500, APART_MS), 500);
    }

    #[test]
    fn much_waits_for_nothing() {
        let mut acks = Acks::default();
        let large = 256 * 1024;
        assert_eq!((0..100).filter(|_| acks.stored(large, NOW)).count(), 11 + (100 - 11) / 4);
    }

    #[test]
    fn a_clock_that_is_put_back_holds_nothing_up() {
        let mut acks = Acks::default();
        at_once(&mut acks, 50, 0);
        assert!(acks.take_due(NOW - 3_600_000));
        acks.stored(1, NOW - 3_600_000);
        assert!(acks.next_due().is_some_and(|due| due <= NOW - 3_600_000 + APART_MS));
    }
}
