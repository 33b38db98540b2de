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
    /// First and last counter of each hole that no tombstone explains.
    #[n(3)]
    pub(crate) gaps: Vec<(u64, u64)>,
    /// It came into the account before the eyes of this device, so its counters start at 1.
    #[n(4)]
    pub(crate) from_start: bool,
    /// Two of its items had one counter.
    #[n(5)]
    pub(crate) cloned: bool,
    /// Counters that a tombstone has named before anything as late came.
    #[n(6)]
    pub(crate) ahead: BTreeSet<u64>,
}

impl Sender {
    /// How many counters are kept with their items.
    const RECENT: usize = 32;
    /// How many holes are kept apart.
    const GAPS: usize = 16;
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

    /// Takes the next counter in; returns how many were left out before it.
    pub(crate) fn advance(&mut self, counter: u64) -> u64 {
        let first = self.seen == 0 && !self.from_start;
        let left_out = if first { 0 } else { counter.saturating_sub(self.seen).saturating_sub(1) };
        if left_out > 0 {
            self.gaps.push((self.seen + 1, counter - 1));
        }
        if self.gaps.len() > Self::GAPS {
            self.gaps.remove(0);
        }
        self.seen = counter;
        let later = self.ahead.split_off(&counter);
        for explained in std::mem::replace(&mut self.ahead, later) {
            self.explain(explained);
        }
        self.ahead.remove(&counter);
        left_out
    }

    /// Nothing is to be expected at this counter.
    pub(crate) fn explain(&mut self, counter: u64) {
        if counter > self.seen && self.ahead.len() < Self::AHEAD {
            self.ahead.insert(counter);
        }
        let hit = self.gaps.iter().position(|(first, last)| (*first..=*last).contains(&counter));
        if let Some((first, last)) = hit.map(|at| self.gaps.remove(at)) {
            if first < counter {
                self.gaps.push((first, counter - 1));
            }
            if counter < last {
                self.gaps.push((counter + 1, last));
            }
            self.gaps.sort_unstable();
        }
    }

    /// How many counters are left out and unexplained.
    pub(crate) fn missing(&self) -> u64 {
        self.gaps.iter().map(|(first, last)| (last - first).saturating_add(1)).fold(0, u64::saturating_add)
    }
}

impl Engine {
    /// Notes the counter of a verified envelope of another device; says whether it is a new one.
    pub(crate) fn count(&mut self, header: &Header) -> bool {
        let Some(account) = &mut self.account else { return false };
        let sender = account.senders.entry(header.sender).or_default();
        if header.counter > sender.seen {
            sender.advance(header.counter);
            sender.remember(header.counter, header.item);
            if header.epoch == account.membership.as_ref().map_or(0, Membership::epoch) {
                account.epoch_items = account.epoch_items.saturating_add(1);
            }
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
        let missing = self.account.as_ref().and_then(|account| account.senders.get(&device)).map_or(0, Sender::missing);
        let excused = self.was_away;
        let kind = if excused { AlertKind::Expired } else { AlertKind::Missing };
        self.count_alert(kind, device, missing);
    }

    /// Whether this device was away for so long that items have gone from the relay by rights.
    pub(crate) fn note_absence(&mut self, max_cursor: u64) {
        let Some(account) = &self.account else { return };
        let away_ms = self.now.saturating_sub(account.synced_ms);
        let beyond = max_cursor.saturating_sub(account.cursor) > limits::ITEMS as u64;
        self.was_away = account.synced_ms > 0 && (away_ms > u64::from(limits::TTL_S) * 1000 || beyond);
    }

    /// The person knows of them.
    pub(crate) fn forget_holes(&mut self, device: &DeviceId) {
        if let Some(sender) = self.account.as_mut().and_then(|account| account.senders.get_mut(device)) {
            sender.gaps.clear();
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
