//! Counters of the senders: each numbers what it sends, so that what is left out shows.

use std::collections::{BTreeSet, VecDeque};

use hushclip_crypto::body::Gone;
use hushclip_protocol::envelope::Header;
use hushclip_protocol::ids::{DeviceId, ItemId};
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::alerts::AlertKind;
use crate::effect::Write;
use crate::line::Phase;
use crate::{Engine, state};

/// What is known of one sender's counters.
#[derive(Debug, Clone, Default, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Sender {
    /// The greatest counter that was accepted; 0 for none.
    #[n(0)]
    pub(crate) seen: u64,
    /// The newest sign of life, by the sender's clock.
    #[n(1)]
    pub(crate) confirmed_ms: u64,
    /// The newest counters and their items.
    #[n(2)]
    pub(crate) recent: VecDeque<(u64, ItemId)>,
    /// The newest holes that no tombstone explains, in ascending order.
    #[n(3)]
    pub(crate) gaps: Vec<Gap>,
    /// It came into the account before the eyes of this device, so its counters start at 1.
    #[n(4)]
    pub(crate) from_start: bool,
    /// Two of its items had one counter.
    #[n(5)]
    pub(crate) cloned: bool,
    /// Counters that a tombstone has named before anything as late came.
    #[n(6)]
    pub(crate) ahead: BTreeSet<u64>,
    /// When something new of it last came, by this device's clock.
    #[n(7)]
    pub(crate) heard_ms: u64,
    /// How many counters have passed since the first of those that this device missed.
    #[n(8)]
    pub(crate) caught: u64,
    /// How many counters are in holes that are not kept apart any more: unexcused, and excused.
    #[n(9)]
    pub(crate) beyond: (u64, u64),
    /// [`crate::state::Account::rounds`] when something new of it last came; one more while catching up.
    #[n(10)]
    pub(crate) round: u64,
}

/// A hole in the counters of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Gap {
    #[n(0)]
    first: u64,
    #[n(1)]
    last: u64,
    #[n(2)]
    excuse: Excuse,
}

/// Why something may be missing by rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Excuse {
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

    pub(crate) fn record(&self, device: &DeviceId) -> Write {
        state::sender_record(device, self)
    }

    /// The item that came with this counter, as far as remembered.
    pub(crate) fn item_at(&self, counter: u64) -> Option<ItemId> {
        self.recent.iter().find(|(at, _)| *at == counter).map(|(_, item)| *item)
    }

    pub(crate) fn remember(&mut self, counter: u64, item: ItemId) {
        if self.item_at(counter).is_none() {
            self.recent.push_back((counter, item));
        }
        if self.recent.len() > Self::RECENT {
            self.recent.pop_front();
        }
    }

    /// Takes the next counter in. What is left out before it is a hole.
    pub(crate) fn advance(&mut self, counter: u64, excuse: Excuse) {
        let first = self.seen == 0 && !self.from_start;
        if !first && counter - self.seen > 1 {
            self.gaps.push(Gap { first: self.seen + 1, last: counter - 1, excuse });
        }
        self.seen = counter;
        let later = self.ahead.split_off(&counter);
        for explained in std::mem::replace(&mut self.ahead, later) {
            self.explain(explained);
        }
        self.ahead.remove(&counter);
        self.bound_gaps();
    }

    /// What came at the newest counter is of no use.
    pub(crate) fn lose_newest(&mut self) {
        self.gaps.push(Gap { first: self.seen, last: self.seen, excuse: Excuse::None });
        self.bound_gaps();
    }

    /// Nothing is to be expected at this counter.
    pub(crate) fn explain(&mut self, counter: u64) {
        if counter > self.seen && self.ahead.len() < Self::AHEAD {
            self.ahead.insert(counter);
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
    pub(crate) fn missing(&self) -> (u64, u64) {
        self.gaps.iter().fold(self.beyond, |(missing, gone), gap| match gap.excuse {
            Excuse::Gone => (missing, gone.saturating_add(gap.len())),
            Excuse::None | Excuse::Perhaps => (missing.saturating_add(gap.len()), gone),
        })
    }
}

impl Engine {
    /// Whether a verified envelope of another device is a new one, by its counter.
    pub(crate) fn is_news(&mut self, header: &Header) -> bool {
        let Some(account) = &mut self.account else { return false };
        let sender = account.senders.entry(header.sender).or_default();
        if header.counter > sender.seen {
            return true;
        }
        let other = sender.item_at(header.counter).is_some_and(|item| item != header.item);
        if other && !sender.cloned {
            sender.cloned = true;
            self.persist_sender(&header.sender);
            self.alert(AlertKind::Cloned, header.sender, header.sender, 1);
        }
        false
    }

    /// Notes the counter of a new envelope.
    pub(crate) fn count(&mut self, header: &Header) {
        let Some(account) = &mut self.account else { return };
        let sender = account.senders.entry(header.sender).or_default();
        // What a relay has dropped by rights is older than all that it has of that sender.
        let catching_up = self.line.phase == Phase::CatchingUp;
        let first = catching_up && sender.round <= account.rounds;
        let excuse = match (first, self.was_away) {
            (false, _) => Excuse::None,
            (true, false) => Excuse::Perhaps,
            (true, true) => Excuse::Gone,
        };
        sender.caught = if first { 1 } else { sender.caught.saturating_add(header.counter - sender.seen) };
        sender.round = account.rounds + u64::from(catching_up);
        sender.heard_ms = self.now;
        sender.advance(header.counter, excuse);
        sender.remember(header.counter, header.item);
        if header.epoch == account.membership.as_ref().map_or(0, Membership::epoch) {
            account.epoch_items = account.epoch_items.saturating_add(1);
        }
    }

    /// What came at a sender's newest counter cannot be opened any more, and counts as withheld.
    pub(crate) fn lose_newest(&mut self, device: &DeviceId) {
        if let Some(sender) = self.account.as_mut().and_then(|account| account.senders.get_mut(device)) {
            sender.lose_newest();
        }
    }

    /// An item that this device has signed and may not remember.
    pub(crate) fn count_own(&mut self, header: &Header) {
        let Some(account) = &mut self.account else { return };
        let own = account.senders.entry(header.sender).or_default();
        let unknown = header.counter >= account.next_counter;
        let other = own.item_at(header.counter).is_some_and(|item| item != header.item);
        if unknown {
            account.next_counter = header.counter.saturating_add(1);
            own.remember(header.counter, header.item);
        }
        if unknown || other {
            self.cloned_here(header.sender);
        }
    }

    /// Somebody else has the keys of this device.
    pub(crate) fn cloned_here(&mut self, own: DeviceId) {
        let Some(sender) = self.account.as_mut().map(|account| account.senders.entry(own).or_default()) else { return };
        if !std::mem::replace(&mut sender.cloned, true) {
            self.persist_sender(&own);
            self.alert(AlertKind::ClonedHere, own, own, 1);
        }
    }

    /// The sender says of itself that it was there at a time.
    pub(crate) fn confirm(&mut self, device: DeviceId, at_ms: u64) {
        if let Some(sender) = self.account.as_mut().and_then(|account| account.senders.get_mut(&device)) {
            sender.confirmed_ms = sender.confirmed_ms.max(at_ms);
        }
    }

    /// Takes a tombstone in: deletes what it names, and fills the holes.
    pub(crate) fn bury(&mut self, gone: &[Gone], rng: &mut dyn CryptoRng) {
        for Gone { device, counter, item } in gone {
            if let Some(sender) = self.account.as_mut().and_then(|account| account.senders.get_mut(device)) {
                sender.explain(*counter);
                self.persist_sender(device);
            }
            self.forget(item, rng);
        }
    }

    /// Tells of the holes in a sender's counters, and takes it back when they are filled.
    pub(crate) fn report_holes(&mut self, device: DeviceId) {
        let sender = self.account.as_ref().and_then(|account| account.senders.get(&device));
        let (missing, gone) = sender.map_or((0, 0), Sender::missing);
        self.count_alert(AlertKind::Missing, device, missing);
        self.count_alert(AlertKind::Expired, device, gone);
    }

    /// Whether this device was away for so long that items have gone from the relay by rights. That is for
    /// its own clock to say.
    pub(crate) fn note_absence(&mut self) {
        let Some(account) = &self.account else { return };
        let away_ms = self.now.saturating_sub(account.synced_ms);
        self.was_away = account.synced_ms > 0 && away_ms > u64::from(limits::TTL_S) * 1000;
    }

    /// All that the relay has is here: was it so much that older items had to go? Counters say so.
    pub(crate) fn judge_holes(&mut self) {
        let Some(account) = &mut self.account else { return };
        let caught = account.senders.values().filter(|sender| sender.round > account.rounds);
        let caught = caught.map(|sender| sender.caught).fold(0, u64::saturating_add);
        account.rounds += 1;
        let verdict = if caught >= limits::ITEMS as u64 { Excuse::Gone } else { Excuse::None };
        let mut judged = Vec::new();
        for (device, sender) in &mut account.senders {
            let open = sender.gaps.iter_mut().filter(|gap| gap.excuse == Excuse::Perhaps);
            judged.extend(open.map(|gap| gap.excuse = verdict).last().map(|()| *device));
        }
        for device in judged {
            self.persist_sender(&device);
            self.report_holes(device);
        }
    }

    /// The person knows of them.
    pub(crate) fn forget_holes(&mut self, device: &DeviceId, kind: AlertKind) {
        let excused = kind == AlertKind::Expired;
        if let Some(sender) = self.account.as_mut().and_then(|account| account.senders.get_mut(device)) {
            sender.gaps.retain(|gap| (gap.excuse == Excuse::Gone) != excused);
            *if excused { &mut sender.beyond.1 } else { &mut sender.beyond.0 } = 0;
        }
        self.persist_sender(device);
    }

    pub(crate) fn persist_sender(&mut self, device: &DeviceId) {
        let account = self.account.as_ref();
        if let Some(write) = account.and_then(|a| a.senders.get(device)).map(|sender| sender.record(device)) {
            self.persist(write);
        }
    }
}
