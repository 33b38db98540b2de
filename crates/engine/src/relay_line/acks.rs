//! When the relay is told what is stored here: at once while that is seldom, and together where a program keeps the
//! account busy, so that no device spends the frames it may send on acknowledgements.

use hushclip_protocol::frame::Limits;

/// How far apart acknowledgements are in the long run, milliseconds.
const APART_MS: u64 = 2_000;
/// How much earlier than that one may go out, milliseconds: ten in a row after a pause.
const AHEAD_MS: u64 = 10 * APART_MS;
/// What waits is at most this part of what may be on its way to a device, and of the account's room: a relay closes a line
/// with too much on its way, and keeps what is not acknowledged.
const SHARE: u64 = 16;

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

    /// An item is stored; whether it is to be acknowledged now, as beyond `most` bytes it is in any case.
    pub(crate) fn stored(&mut self, bytes: u64, most: u64, now: u64) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let goes = self.bytes >= most || self.may_go(now);
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

    /// The relay wanted no more for now, so the last one was in vain.
    pub(crate) const fn refused(&mut self, now: u64) {
        (self.even_ms, self.waits) = (latest(now), true);
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

/// So many bytes are not left unacknowledged at a relay with these bounds.
pub(crate) fn most_unacknowledged(bounds: &Limits) -> u64 {
    u64::from(bounds.unacked_bytes).min(bounds.item_bytes / 4) / SHARE
}

/// The latest that [`Acks::even_ms`] can be, by this clock.
const fn latest(now: u64) -> u64 {
    now + AHEAD_MS + APART_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;
    const MOST: u64 = 1 << 20;

    /// How many of so many items, this far apart, are acknowledged one by one.
    fn at_once(acks: &mut Acks, items: u64, apart_ms: u64) -> usize {
        (0..items).filter(|item| acks.stored(100, MOST, NOW + item * apart_ms)).count()
    }

    #[test]
    fn a_few_go_out_at_once_and_the_rest_together() {
        let mut acks = Acks::default();
        assert_eq!(at_once(&mut acks, 200, 10), 11);
        let due = acks.next_due().expect("the rest waits");
        assert!(due <= NOW + 200 * 10 + APART_MS, "{}", due - NOW);
        assert!(!acks.take_due(due - 1) && acks.take_due(due) && !acks.take_due(due));
        assert_eq!(acks.next_due(), None);
        acks.stored(100, MOST, due + 1);
        assert!(acks.next_due().is_some(), "no pause yet");
        acks.begin_line();
        assert_eq!(acks.next_due(), None, "signing in says it");
        assert!(acks.stored(100, MOST, due + APART_MS), "one after each pause");
    }

    #[test]
    fn what_comes_seldom_waits_for_nothing() {
        assert_eq!(at_once(&mut Acks::default(), 500, APART_MS), 500);
    }

    #[test]
    fn much_waits_for_nothing() {
        let mut acks = Acks::default();
        assert_eq!((0..100).filter(|_| acks.stored(MOST / 4, MOST, NOW)).count(), 11 + (100 - 11) / 4);
        assert_eq!(most_unacknowledged(&Limits::CURRENT), 512 * 1024);
        assert_eq!(most_unacknowledged(&Limits { item_bytes: 1 << 20, ..Limits::CURRENT }), 16 * 1024);
    }

    #[test]
    fn a_clock_that_is_put_back_holds_nothing_up() {
        let mut acks = Acks::default();
        at_once(&mut acks, 50, 0);
        assert!(acks.take_due(NOW - 3_600_000));
        acks.stored(1, MOST, NOW - 3_600_000);
        assert!(acks.next_due().is_some_and(|due| due <= NOW - 3_600_000 + APART_MS));
    }
}
