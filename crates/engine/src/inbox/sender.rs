//! What is known of one sender: the counters that came, the holes between them, and its signs of life.

use std::collections::{BTreeMap, VecDeque};

use hushclip_protocol::frame::Capabilities;
use hushclip_protocol::ids::{DeviceId, ItemId};
use minicbor::{Decode, Encode};

use crate::effect::Write;
use crate::record::{SENDER, put};

/// What is known of one sender's counters.
#[derive(Debug, Clone, Default, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Sender {
    /// The greatest counter that was accepted; 0 for none.
    #[n(0)]
    pub(super) seen: u64,
    /// The newest sign of life, by the sender's clock.
    #[n(1)]
    pub(super) confirmed_ms: u64,
    /// The newest counters and their items.
    #[n(2)]
    pub(super) recent: VecDeque<(u64, ItemId)>,
    /// The newest holes that no tombstone explains, in ascending order.
    #[n(3)]
    pub(super) gaps: Vec<Gap>,
    /// It came into the account before the eyes of this device, so its counters start at 1.
    #[n(4)]
    pub(super) from_start: bool,
    /// Two of its items had one counter.
    #[n(5)]
    pub(super) cloned: bool,
    /// Counters that a tombstone has named before anything as late came.
    #[n(6)]
    pub(super) ahead: BTreeMap<u64, ItemId>,
    /// When something new of it last came, by this device's clock; earlier, where that was made earlier.
    #[n(7)]
    pub(super) heard_ms: u64,
    /// How many counters have passed since the first of those that this device missed.
    #[n(8)]
    pub(super) caught: u64,
    /// How many counters are in holes that are not kept apart any more: unexcused, and excused.
    #[n(9)]
    pub(super) beyond: (u64, u64),
    /// [`super::Synced::rounds`] when something new of it last came; one more while catching up.
    #[n(10)]
    pub(super) round: u64,
    /// How it was removed.
    #[n(11)]
    pub(super) removal: Option<Removal>,
    /// Its silence has been told since it was last heard.
    #[n(12)]
    pub(super) silent: bool,
    /// How many of its items are of a later version, and closed to this one.
    #[n(13)]
    pub(super) later: Option<u64>,
    /// What it has said last that it can do.
    #[n(14)]
    pub(super) capabilities: Option<Capabilities>,
    /// The greatest counter that the relay has shown, while another device has brought greater ones.
    #[n(15)]
    pub(super) shown: Option<u64>,
}

/// The removal of a sender from the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Removal {
    /// Where it stands in the log.
    #[n(0)]
    pub(super) seq: u64,
    /// When this device learned of it.
    #[n(1)]
    pub(super) at_ms: u64,
    /// This device has been up to date since, and the relay was not set back: all that it had stored before is here,
    /// and it stores nothing more that is sealed for the devices of before.
    #[n(2)]
    pub(super) settled: bool,
    /// When that was first so.
    #[n(3)]
    pub(super) settled_ms: Option<u64>,
}

/// A hole in the counters of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Gap {
    #[n(0)]
    first: u64,
    #[n(1)]
    last: u64,
    #[n(2)]
    pub(super) excuse: Excuse,
}

/// Why something may be missing by rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum Excuse {
    /// The relay should have had it.
    #[n(0)]
    None,
    /// The relay drops its oldest items when it has too many. Whether it had is known when all that it has is here.
    #[n(1)]
    Perhaps,
    /// It had gone from the relay before this device came.
    #[n(2)]
    Gone,
}

impl Gap {
    const fn len(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }
}

impl Sender {
    /// How many counters are kept with their items.
    const RECENT: usize = 32;
    /// How many holes are kept apart; of older ones, only how many counters they have.
    const GAPS: usize = 64;
    /// How many counters are kept that were named ahead of time.
    const AHEAD: usize = 256;

    pub(super) fn record(&self, device: &DeviceId) -> Write {
        put(Self::key(device), self)
    }

    pub(super) fn key(device: &DeviceId) -> String {
        format!("{SENDER}{device}")
    }

    /// The item that came with this counter, as far as remembered.
    pub(super) fn item_at(&self, counter: u64) -> Option<ItemId> {
        self.recent.iter().find(|(at, _)| *at == counter).map(|(_, item)| *item)
    }

    pub(super) fn remember(&mut self, counter: u64, item: ItemId) {
        if self.item_at(counter).is_none() {
            self.recent.push_back((counter, item));
        }
        if self.recent.len() > Self::RECENT {
            self.recent.pop_front();
        }
    }

    /// Takes the next counter in. What is left out before it is a hole.
    pub(super) fn advance(&mut self, counter: u64, excuse: Excuse) {
        let first = self.seen == 0 && !self.from_start;
        if !first && counter - self.seen > 1 {
            self.gaps.push(Gap { first: self.seen + 1, last: counter - 1, excuse });
        }
        self.seen = counter;
        self.ahead.remove(&counter);
        self.explain_ahead();
    }

    /// What tombstones have named ahead of time is behind by now.
    fn explain_ahead(&mut self) {
        let later = self.ahead.split_off(&self.seen.saturating_add(1));
        for (explained, item) in std::mem::replace(&mut self.ahead, later) {
            self.explain(explained, item);
        }
        self.bound_gaps();
    }

    /// The last counter that it can be held to when it is removed: any, if it was there before this device, which has
    /// heard nothing of it.
    ///
    /// The relay must have shown it: others may have nothing of what it has not.
    pub(super) fn last_known(&self) -> u64 {
        if self.is_unheard() { u64::MAX } else { self.shown.unwrap_or(self.seen) }
    }

    /// Whether it was there before this device, which has heard nothing of it.
    const fn is_unheard(&self) -> bool {
        self.seen == 0 && !self.from_start
    }

    /// Nothing of it comes after this counter, nor anything of what is not here; how many that are.
    pub(super) fn end(&mut self, last: u64) -> u64 {
        let is_unheard = self.is_unheard();
        let known = self.seen;
        if last == u64::MAX || last <= self.seen {
            return 0;
        }
        let explained = self.ahead.range(self.seen..=last).count() as u64;
        self.seen = last;
        self.explain_ahead();
        if is_unheard { 0 } else { (last - known).saturating_sub(explained) }
    }

    /// What came at the newest counter is of no use.
    pub(super) fn lose_newest(&mut self) {
        self.gaps.push(Gap { first: self.seen, last: self.seen, excuse: Excuse::None });
        self.bound_gaps();
    }

    /// Nothing is to be expected at this counter.
    pub(super) fn explain(&mut self, counter: u64, item: ItemId) {
        if counter > self.seen && self.ahead.len() < Self::AHEAD {
            self.ahead.insert(counter, item);
        }
        let Some(at) = self.gaps.iter().position(|gap| (gap.first..=gap.last).contains(&counter)) else { return };
        let gap = self.gaps[at];
        let parts = [(gap.first, counter - 1), (counter.saturating_add(1), gap.last)];
        let parts = parts.into_iter().filter(|(first, last)| first <= last && gap.len() > 1);
        self.gaps.splice(at..=at, parts.map(|(first, last)| Gap { first, last, ..gap }));
        self.caught = self.caught.saturating_add(u64::from(gap.excuse == Excuse::Perhaps));
        self.bound_gaps();
    }

    fn bound_gaps(&mut self) {
        let beyond = self.gaps.len().saturating_sub(Self::GAPS);
        for gap in self.gaps.drain(..beyond) {
            let sum = if gap.excuse == Excuse::Gone { &mut self.beyond.1 } else { &mut self.beyond.0 };
            *sum = sum.saturating_add(gap.len());
        }
    }

    /// How many counters are left out and unexplained: unexcused, and excused.
    pub(super) fn missing(&self) -> (u64, u64) {
        self.gaps.iter().fold(self.beyond, |(missing, gone), gap| match gap.excuse {
            Excuse::Gone => (missing, gone.saturating_add(gap.len())),
            Excuse::None | Excuse::Perhaps => (missing.saturating_add(gap.len()), gone),
        })
    }
}
