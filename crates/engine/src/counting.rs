//! Counters of the senders: each numbers what it sends, so that what is left out shows.

use hushclip_crypto::body::Gone;
use hushclip_protocol::envelope::Header;
use hushclip_protocol::ids::{DeviceId, ItemId};
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;
use rand_core::CryptoRng;

use crate::Engine;
use crate::line::Phase;
use crate::notices::AlertKind;
use crate::sender::{Excuse, Sender};
use crate::silence::CLOCKS_MS;
use crate::state::Clip;

/// How often it is noted that this device is there, milliseconds.
const PRESENCE_MS: u64 = 60 * 60 * 1000;

impl Engine {
    /// Whether a verified envelope of another device is a new one, by its counter.
    pub(crate) fn is_news(&mut self, header: &Header) -> bool {
        let Some(account) = &mut self.account else { return false };
        let sender = account.senders.entry(header.sender).or_default();
        if header.counter > sender.seen {
            return true;
        }
        if sender.item_at(header.counter).is_some_and(|item| item != header.item) {
            self.cloned(header.sender);
        }
        false
    }

    /// A sender uses its counters twice, and that is told once.
    pub(crate) fn cloned(&mut self, device: DeviceId) {
        let Some(sender) = self.account.as_mut().map(|account| account.senders.entry(device).or_default()) else {
            return;
        };
        if !std::mem::replace(&mut sender.cloned, true) {
            self.persist_sender(&device);
            self.alert(AlertKind::Cloned, device, device, 1);
        }
    }

    /// Notes the counter of a new envelope, and when its sender says it was there.
    pub(crate) fn count(&mut self, header: &Header, at_ms: u64) {
        let now = self.now;
        self.no_news = self.no_news.saturating_sub(1);
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
        // What is passed on late is no sign of life: a relay could go on with that for long.
        let latest = at_ms.saturating_add(CLOCKS_MS);
        let was_there = latest >= now;
        sender.heard_ms = if was_there || sender.heard_ms == 0 { now } else { sender.heard_ms.max(latest) };
        let was_silent = was_there && std::mem::take(&mut sender.silent);
        sender.advance(header.counter, excuse);
        sender.remember(header.counter, header.item);
        if header.epoch == account.membership.as_ref().map_or(0, Membership::epoch) {
            account.epoch_items = account.epoch_items.saturating_add(1);
        }
        if was_silent {
            self.count_alert(AlertKind::Silent, header.sender, 0);
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
        let unknown = self.outbox(|outbox, out| outbox.note_counter(header.counter, out));
        let Some(account) = &mut self.account else { return };
        let own = account.senders.entry(header.sender).or_default();
        let other = own.item_at(header.counter).is_some_and(|item| item != header.item);
        if unknown {
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

    /// Takes a tombstone in: deletes what it names, and fills the holes. Whoever is out of the account has a say
    /// in what it sent itself, and in nothing else.
    pub(crate) fn bury(&mut self, by: DeviceId, epoch: u64, gone: &[Gone], rng: &mut dyn CryptoRng) {
        let may_all = self.is_member(&by);
        for Gone { device, counter, item, text } in gone.iter().filter(|gone| may_all || gone.device == by) {
            let other = self.history.get(item).is_some_and(|clip| clip.device != by);
            if other && !may_all {
                continue;
            }
            if may_all && self.known_item(device, *counter).is_some_and(|known| known != *item) {
                // Who has that one keeps it, and who was away misses nothing.
                self.count_up_alert(AlertKind::FalseDeletion, by);
            }
            if let Some(sender) = self.account.as_mut().and_then(|account| account.senders.get_mut(device)) {
                sender.explain(*counter, *item);
                self.persist_sender(device);
                self.report_holes(*device);
            }
            let is_known = self.history.get(item).is_some();
            self.forget(item, None, rng);
            if let Some(digest) = text.filter(|_| may_all && !is_known) {
                self.forget_text(epoch, digest, rng);
            }
        }
    }

    /// What this device knows to have been sent with a counter. Of a sender with a copy that may be either's.
    fn known_item(&self, device: &DeviceId, counter: u64) -> Option<ItemId> {
        let sender = self.account.as_ref()?.senders.get(device).filter(|sender| !sender.cloned)?;
        let listed = |clip: &&Clip| clip.device == *device && clip.counter == counter && clip.origin.is_empty();
        sender.item_at(counter).or_else(|| self.history.iter().find(listed).map(|clip| clip.item))
    }

    /// Tells of the holes in a sender's counters, and takes it back when they are filled. What was deleted at
    /// the relay leaves a hole until its tombstone has come, so nothing is said before everything is here.
    pub(crate) fn report_holes(&mut self, device: DeviceId) {
        if self.line.phase == Phase::CatchingUp {
            return;
        }
        let sender = self.account.as_ref().and_then(|account| account.senders.get(&device));
        let (missing, gone) = sender.map_or((0, 0), Sender::missing);
        self.count_alert(AlertKind::Expired, device, gone);
        self.count_alert(AlertKind::Missing, device, missing);
    }

    /// This device is there: what its relay does not show it now was not gone before it came. Where it heard nothing for
    /// longer than items live, it was asleep, and the line with it.
    pub(crate) fn note_presence(&mut self) {
        let heard_ms = self.heard_ms;
        let Some(account) = self.account.as_mut().filter(|_| self.line.phase == Phase::Online) else { return };
        let since_ms = heard_ms.saturating_sub(account.synced_ms);
        if (PRESENCE_MS..=u64::from(limits::TTL_S) * 1000).contains(&since_ms) {
            account.synced_ms = heard_ms;
            self.persist_account();
        }
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
        }
        let senders: Vec<_> = self.account.iter().flat_map(|account| account.senders.keys().copied()).collect();
        for device in senders {
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
