//! What is in flight on the relay's line, one item at a time, and how the relay has answered.

use hushclip_model::Problem;
use hushclip_protocol::ids::ItemId;

use super::untaken::Untaken;
use crate::part::Outputs;

/// How often in a row the relay may say at once that something was missed.
const BEHIND: u8 = 8;

/// The item that is under way, and how it went with those before.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    /// The item whose `Push` is not answered yet, and the cursor that the push named.
    item: Option<(ItemId, u64)>,
    /// Where the relay last said that this device was behind.
    behind_at: Option<u64>,
    /// How often in a row the relay has taken nothing because of what was missed.
    behind: u8,
    untaken: Untaken,
}

/// What to do when the relay takes nothing because something was missed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// What was missing has come meanwhile.
    PushAgain,
    /// What comes is nothing that this device can use, or others are quicker each time.
    Pause,
    Pull,
    /// Twice at one place: the relay has fewer items than it said, and says so at the start.
    HangUp,
}

impl Flight {
    /// Another line begins, on which nothing was sent.
    pub(crate) const fn begin_line(&mut self) {
        (self.item, self.behind) = (None, 0);
    }

    /// What was in flight will not be answered.
    pub(crate) const fn lose_answer(&mut self) {
        self.item = None;
    }

    pub(crate) fn item(&self) -> Option<ItemId> {
        self.item.map(|(item, _)| item)
    }

    /// Something was pushed, behind this cursor.
    pub(crate) fn pushed(&mut self, item: ItemId, after: u64) {
        self.item = Some((item, after));
        self.untaken.pushed();
    }

    /// The relay has taken what was in flight.
    pub(crate) fn taken(&mut self, out: &mut Outputs) {
        (self.item, self.behind) = (None, 0);
        self.relieved(out);
    }

    /// The relay has taken something, or nothing waits any more.
    pub(crate) fn relieved(&mut self, out: &mut Outputs) {
        self.untaken = Untaken::default();
        out.solved(|problem| *problem == Problem::RelayTakesNothing);
    }

    /// The relay has not taken what was in flight; that, and the cursor that its push named.
    pub(crate) const fn refused(&mut self) -> Option<(ItemId, u64)> {
        self.item.take()
    }

    /// It has not because something was missed, when its push named `after`; everything up to `cursor` is here.
    pub(crate) fn is_behind(&mut self, after: Option<u64>, cursor: u64) -> Behind {
        self.behind = self.behind.saturating_add(1);
        // What was missing is often on its way already, and here by now.
        if Some(cursor) > after {
            return if self.behind > BEHIND { Behind::Pause } else { Behind::PushAgain };
        }
        let again = std::mem::replace(&mut self.behind_at, after) == after;
        if again && after.is_some() { Behind::HangUp } else { Behind::Pull }
    }

    /// As in [`Untaken::put_off`].
    pub(crate) fn put_off(&mut self, now: u64) {
        self.untaken.put_off(now);
    }

    /// When the next push is tried, if it waits.
    pub(crate) fn next_push(&self, now: u64) -> Option<u64> {
        self.untaken.next_push(now)
    }

    /// Whether it is time for a push that was put off; said once.
    pub(crate) fn take_due(&mut self, now: u64) -> bool {
        self.untaken.take_due(now)
    }

    /// The relay is heard, for the first time since then; whether it is to be told now that it takes nothing.
    pub(crate) fn heard(&mut self, now: u64, since_ms: u64) -> bool {
        self.untaken.heard(now, since_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_behind_pushes_again_while_something_comes() {
        let mut flight = Flight::default();
        for _ in 0..BEHIND {
            assert_eq!(flight.is_behind(Some(1), 2), Behind::PushAgain);
        }
        assert_eq!(flight.is_behind(Some(1), 2), Behind::Pause);
        assert_eq!(flight.is_behind(Some(2), 2), Behind::Pull);
        assert_eq!(flight.is_behind(Some(2), 2), Behind::HangUp);
    }
}
