//! What came from whom: the counters of the senders, the holes between them, and their signs of life. Each numbers what
//! it sends, so that what is left out shows. It refuses to look into what came.

mod sender;
mod silence;

use std::collections::BTreeMap;

use hushclip_protocol::envelope::Header;
use hushclip_protocol::frame::Capabilities;
use hushclip_protocol::ids::{DeviceId, ItemId};
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};
use sender::Excuse;
pub(crate) use sender::Sender;
use silence::CLOCKS_MS;
pub(crate) use silence::Others;

use crate::notices::AlertKind;
use crate::part::Outputs;
use crate::record::{SYNCED, delete, put};

/// How often it is noted that this device is there, milliseconds.
const PRESENCE_MS: u64 = 60 * 60 * 1000;

/// What is known of each sender, this device included.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    senders: BTreeMap<DeviceId, Sender>,
    synced: Synced,
    /// Holes in counters are no wonder: this device was away for too long.
    was_away: bool,
}

/// When something has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It has come.
    Past,
    Now,
    /// Something is missing before it.
    Early,
}

/// When all was here that the relay had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Synced {
    /// By this device's clock, to within an hour; 0 for never.
    #[n(0)]
    at_ms: u64,
    /// How often this device has caught up.
    #[n(1)]
    rounds: u64,
}

impl Inbox {
    pub(crate) const fn restore(senders: BTreeMap<DeviceId, Sender>, synced: Synced) -> Self {
        Self { senders, synced, was_away: false }
    }

    /// This device is in no account any more.
    pub(crate) fn forget(&mut self, out: &mut Outputs) {
        for device in std::mem::take(self).senders.into_keys() {
            out.write(delete(Sender::key(&device)));
        }
        out.write(delete(SYNCED));
    }

    /// When all was last here; 0 for never.
    pub(crate) const fn synced_ms(&self) -> u64 {
        self.synced.at_ms
    }

    /// When the sender was last there, by its own clock, as far as it has said.
    pub(crate) fn confirmed_ms(&self, device: &DeviceId) -> Option<u64> {
        self.senders.get(device).map(|sender| sender.confirmed_ms).filter(|at| *at > 0)
    }

    /// The last counter that a device can be held to when it is removed.
    pub(crate) fn last_known(&self, device: &DeviceId) -> u64 {
        self.senders.get(device).map_or(u64::MAX, Sender::last_known)
    }

    /// A device came into the account before the eyes of this one, so its counters start at 1.
    pub(crate) fn starts(&mut self, device: DeviceId, out: &mut Outputs) {
        self.senders.entry(device).or_default().from_start = true;
        self.write(&device, out);
    }

    /// Whether a verified envelope of another device is a new one, by its counter.
    pub(crate) fn is_news(&mut self, header: &Header, out: &mut Outputs) -> bool {
        let sender = self.senders.entry(header.sender).or_default();
        if header.counter > sender.seen {
            return true;
        }
        if sender.item_at(header.counter).is_some_and(|item| item != header.item) {
            self.cloned(header.sender, out);
        }
        false
    }

    /// The greatest counter of a sender that has come.
    pub(crate) fn seen(&self, device: &DeviceId) -> u64 {
        self.senders.get(device).map_or(0, |sender| sender.seen)
    }

    /// When an envelope of another device may be taken in that the relay has not brought: after all that its sender sent
    /// before, so that nobody sees holes.
    pub(crate) fn turn(&self, device: &DeviceId, counter: u64) -> Turn {
        let sender = self.senders.get(device).filter(|sender| sender.seen > 0 || sender.from_start);
        match sender.map(|sender| counter.checked_sub(sender.seen)) {
            // Where it begins is for the relay to show.
            None | Some(Some(2..)) => Turn::Early,
            Some(Some(1)) => Turn::Now,
            Some(None | Some(0)) => Turn::Past,
        }
    }

    /// Another device brings what comes next of a sender, before the relay does.
    pub(crate) fn runs_ahead(&mut self, device: DeviceId, out: &mut Outputs) {
        let sender = self.senders.entry(device).or_default();
        sender.shown.get_or_insert(sender.seen);
        self.write(&device, out);
    }

    /// The relay has shown something; whether another device has brought anything of this sender that it had not.
    pub(crate) fn note_shown(&mut self, header: &Header, out: &mut Outputs) -> bool {
        let Some(sender) = self.senders.get_mut(&header.sender) else { return false };
        if sender.shown.is_none_or(|shown| header.counter <= shown) {
            return false;
        }
        sender.shown = Some(header.counter).filter(|shown| *shown < sender.seen);
        self.write(&header.sender, out);
        true
    }

    /// A sender uses its counters twice, and that is told once.
    pub(crate) fn cloned(&mut self, device: DeviceId, out: &mut Outputs) {
        self.note_clone(device, AlertKind::Cloned, out);
    }

    /// Somebody else has the keys of this device, `own`.
    pub(crate) fn cloned_here(&mut self, own: DeviceId, out: &mut Outputs) {
        self.note_clone(own, AlertKind::ClonedHere, out);
    }

    fn note_clone(&mut self, device: DeviceId, kind: AlertKind, out: &mut Outputs) {
        let sender = self.senders.entry(device).or_default();
        if !std::mem::replace(&mut sender.cloned, true) {
            self.write(&device, out);
            out.alert(kind, device, device, 1);
        }
    }

    /// Notes the counter of a new envelope, and when its sender says it was there.
    pub(crate) fn count(&mut self, header: &Header, at_ms: u64, catching_up: bool, now: u64, out: &mut Outputs) {
        let rounds = self.synced.rounds;
        let sender = self.senders.entry(header.sender).or_default();
        // What a relay has dropped by rights is older than all that it has of that sender.
        let first = catching_up && sender.round <= rounds;
        let excuse = match (first, self.was_away) {
            (false, _) => Excuse::None,
            (true, false) => Excuse::Perhaps,
            (true, true) => Excuse::Gone,
        };
        sender.caught = if first { 1 } else { sender.caught.saturating_add(header.counter - sender.seen) };
        sender.round = sender.round.max(rounds + u64::from(catching_up));
        // What is passed on late is no sign of life: a relay could go on with that for long.
        let latest = at_ms.saturating_add(CLOCKS_MS);
        let was_there = latest >= now;
        sender.heard_ms = if was_there || sender.heard_ms == 0 { now } else { sender.heard_ms.max(latest) };
        let was_silent = was_there && std::mem::take(&mut sender.silent);
        sender.advance(header.counter, excuse);
        sender.remember(header.counter, header.item);
        self.write(&header.sender, out);
        if was_silent {
            out.count(AlertKind::Silent, header.sender, 0);
        }
    }

    /// Whether a tombstone has named an item before it came.
    pub(crate) fn is_deleted(&self, header: &Header) -> bool {
        let sender = self.senders.get(&header.sender);
        sender.and_then(|sender| sender.ahead.get(&header.counter)) == Some(&header.item)
    }

    /// For an envelope whose counter came before with an item that is not remembered: when its sender was last there,
    /// by its own clock.
    pub(crate) fn repeats_after(&self, header: &Header) -> Option<u64> {
        let sender = self.senders.get(&header.sender)?;
        let is_known = sender.item_at(header.counter) == Some(header.item);
        Some(sender.confirmed_ms).filter(|at| *at > 0 && !is_known)
    }

    /// What came at a sender's newest counter cannot be opened any more, and counts as withheld.
    pub(crate) fn lose_newest(&mut self, device: &DeviceId, out: &mut Outputs) {
        if let Some(sender) = self.senders.get_mut(device) {
            sender.lose_newest();
            self.write(device, out);
        }
    }

    /// What came is of a later version, and of no use to this one.
    pub(crate) fn note_later(&mut self, device: DeviceId, out: &mut Outputs) {
        let sender = self.senders.entry(device).or_default();
        sender.later = Some(sender.later.unwrap_or_default().saturating_add(1));
        self.write(&device, out);
    }

    /// How many items of a sender are of a later version.
    pub(crate) fn later(&self, device: &DeviceId) -> u64 {
        self.senders.get(device).and_then(|sender| sender.later).unwrap_or_default()
    }

    /// A sender says what it can do beside what every device can.
    pub(crate) fn note_capabilities(&mut self, device: DeviceId, capabilities: Capabilities, out: &mut Outputs) {
        self.senders.entry(device).or_default().capabilities = Some(capabilities);
        self.write(&device, out);
    }

    /// What a sender can do beside what every device can, as far as it has said.
    pub(crate) fn capabilities(&self, device: &DeviceId) -> Capabilities {
        self.senders.get(device).and_then(|sender| sender.capabilities).unwrap_or_default()
    }

    /// This device has used a counter.
    pub(crate) fn note_own(&mut self, own: DeviceId, counter: u64, item: ItemId, out: &mut Outputs) {
        self.senders.entry(own).or_default().remember(counter, item);
        self.write(&own, out);
    }

    /// An item that this device has signed, `is_news` if it did not know that it had used its counter: in a life that it
    /// does not remember, as after a restored backup, or somebody else has its keys.
    pub(crate) fn count_own(&mut self, header: &Header, is_news: bool, out: &mut Outputs) {
        let own = self.senders.entry(header.sender).or_default();
        let other = own.item_at(header.counter).is_some_and(|item| item != header.item);
        if is_news {
            own.remember(header.counter, header.item);
            self.write(&header.sender, out);
        }
        if is_news || other {
            self.cloned_here(header.sender, out);
        }
    }

    /// Whether a counter of this sender stands for one item: where there is a copy of it, that may be either's.
    pub(crate) fn counts_once(&self, device: &DeviceId) -> bool {
        self.senders.get(device).is_some_and(|sender| !sender.cloned)
    }

    /// What was sent with a counter, as far as remembered.
    pub(crate) fn item_at(&self, device: &DeviceId, counter: u64) -> Option<ItemId> {
        self.senders.get(device)?.item_at(counter)
    }

    /// Nothing is to be expected at a counter: a tombstone has named it.
    pub(crate) fn explain(&mut self, device: &DeviceId, counter: u64, item: ItemId, out: &mut Outputs) {
        if let Some(sender) = self.senders.get_mut(device) {
            sender.explain(counter, item);
            self.write(device, out);
        }
    }

    /// Tells of the holes in a sender's counters, and takes it back when they are filled. What was deleted at the relay
    /// leaves a hole until its tombstone has come, so nothing is to be said before everything is here.
    pub(crate) fn report_holes(&self, device: DeviceId, out: &mut Outputs) {
        let (missing, gone) = self.senders.get(&device).map_or((0, 0), Sender::missing);
        out.count(AlertKind::Expired, device, gone);
        out.count(AlertKind::Missing, device, missing);
    }

    /// All that the relay has is here: was it so much that older items had to go? Counters say so.
    pub(crate) fn judge_holes(&mut self, out: &mut Outputs) -> bool {
        let rounds = self.synced.rounds;
        let caught = self.senders.values().filter(|sender| sender.round > rounds);
        let caught = caught.map(|sender| sender.caught).fold(0, u64::saturating_add);
        self.synced.rounds += 1;
        let made_room = caught >= limits::ITEMS as u64;
        let verdict = if made_room { Excuse::Gone } else { Excuse::None };
        let mut judged = Vec::new();
        for (device, sender) in &mut self.senders {
            let open = sender.gaps.iter_mut().filter(|gap| gap.excuse == Excuse::Perhaps);
            judged.extend(open.map(|gap| gap.excuse = verdict).last().map(|()| *device));
        }
        for device in judged {
            self.write(&device, out);
        }
        for device in self.senders.keys() {
            self.report_holes(*device, out);
        }
        made_room
    }

    /// The person knows of them: of those that are `excused`, or of those that are not.
    pub(crate) fn forget_holes(&mut self, device: &DeviceId, excused: bool, out: &mut Outputs) {
        if let Some(sender) = self.senders.get_mut(device) {
            sender.gaps.retain(|gap| (gap.excuse == Excuse::Gone) != excused);
            *if excused { &mut sender.beyond.1 } else { &mut sender.beyond.0 } = 0;
            self.write(device, out);
        }
    }

    /// All that the relay has is here.
    pub(crate) fn in_sync(&mut self, now: u64, out: &mut Outputs) {
        self.was_away = false;
        self.synced.at_ms = now;
        out.write(put(SYNCED, &self.synced));
    }

    /// This device is there, and heard the relay at a time: what that does not show now was not gone before it came.
    /// Where it heard nothing for longer than items live, it was asleep, and the line with it.
    pub(crate) fn note_presence(&mut self, heard_ms: u64, out: &mut Outputs) {
        let since_ms = heard_ms.saturating_sub(self.synced.at_ms);
        if (PRESENCE_MS..=u64::from(limits::TTL_S) * 1000).contains(&since_ms) {
            self.synced.at_ms = heard_ms;
            out.write(put(SYNCED, &self.synced));
        }
    }

    /// Whether this device was away for so long that items have gone from the relay by rights. That is for its own
    /// clock to say.
    pub(crate) fn note_absence(&mut self, now: u64) {
        let away_ms = now.saturating_sub(self.synced.at_ms);
        self.was_away = self.synced.at_ms > 0 && away_ms > u64::from(limits::TTL_S) * 1000;
    }

    fn write(&self, device: &DeviceId, out: &mut Outputs) {
        if let Some(sender) = self.senders.get(device) {
            out.write(sender.record(device));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hushclip_protocol::envelope::{Kind, Salt};
    use hushclip_protocol::ids::{AccountId, Hash};

    use super::*;
    use crate::part::{Alerting, How, Output};

    const NOW: u64 = 1_700_000_000_000;
    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; DeviceId::LEN])
    }

    fn header(sender: u8, counter: u64, item: u8) -> Header {
        Header {
            version: 1,
            suite: 1,
            salt: Salt([0; 24]),
            kind: Kind::Clip,
            account: AccountId::from_bytes([0; AccountId::LEN]),
            sender: device(sender),
            epoch: 0,
            log_seq: 0,
            log_head: Hash::ZERO,
            counter,
            item: ItemId::from_bytes([item; ItemId::LEN]),
            ttl_s: 0,
        }
    }

    /// Does something; the alerts that come of it.
    fn alerts<T>(act: impl FnOnce(&mut Outputs) -> T) -> (T, Vec<(AlertKind, u64)>) {
        let mut out = Outputs::default();
        let done = act(&mut out);
        let alerts = out.into_iter().filter_map(|output| match output {
            Output::Alert(Alerting { kind, how: How::Add { count, .. } | How::Count(count), .. }) => {
                Some((kind, count))
            }
            Output::Alert(Alerting { kind, .. }) => Some((kind, 1)),
            _ => None,
        });
        (done, alerts.filter(|(_, count)| *count > 0).collect())
    }

    /// The holes of a sender as they are reported: missing, and gone by rights.
    fn holes(inbox: &Inbox, sender: u8) -> Vec<(AlertKind, u64)> {
        alerts(|out| inbox.report_holes(device(sender), out)).1
    }

    fn take(inbox: &mut Inbox, sender: u8, counter: u64, catching_up: bool) -> bool {
        let header = header(sender, counter, counter as u8);
        let out = &mut Outputs::default();
        let is_news = inbox.is_news(&header, out);
        if is_news {
            inbox.count(&header, NOW, catching_up, NOW, out);
        }
        is_news
    }

    #[test]
    fn what_is_left_out_shows_until_a_tombstone_explains_it() {
        let mut inbox = Inbox::default();
        assert!(take(&mut inbox, 1, 5, false), "where it begins is nobody's business");
        assert!(take(&mut inbox, 1, 8, false) && !take(&mut inbox, 1, 8, false));
        assert_eq!(holes(&inbox, 1), [(AlertKind::Missing, 2)]);
        inbox.explain(&device(1), 6, ItemId::from_bytes([6; 16]), &mut Outputs::default());
        assert_eq!(holes(&inbox, 1), [(AlertKind::Missing, 1)]);
        inbox.forget_holes(&device(1), false, &mut Outputs::default());
        assert_eq!(holes(&inbox, 1), []);
        inbox.starts(device(2), &mut Outputs::default());
        take(&mut inbox, 2, 3, false);
        assert_eq!(holes(&inbox, 2), [(AlertKind::Missing, 2)], "it came before the eyes of this device");
    }

    #[test]
    fn what_had_gone_while_this_device_was_away_is_no_wonder() {
        let mut inbox = Inbox::default();
        take(&mut inbox, 1, 1, false);
        inbox.in_sync(NOW, &mut Outputs::default());
        inbox.note_absence(NOW + 8 * DAY);
        take(&mut inbox, 1, 9, true);
        inbox.judge_holes(&mut Outputs::default());
        assert_eq!(holes(&inbox, 1), [(AlertKind::Expired, 7)]);
        inbox.in_sync(NOW + 8 * DAY, &mut Outputs::default());
        inbox.note_absence(NOW + 8 * DAY + 1);
        take(&mut inbox, 1, 11, true);
        inbox.judge_holes(&mut Outputs::default());
        assert_eq!(
            holes(&inbox, 1),
            [(AlertKind::Expired, 7), (AlertKind::Missing, 1)],
            "the relay should have had it"
        );
    }

    #[test]
    fn a_counter_that_is_used_twice_is_told_once() {
        let mut inbox = Inbox::default();
        take(&mut inbox, 1, 1, false);
        let other = header(1, 1, 99);
        assert_eq!(alerts(|out| inbox.is_news(&other, out)), (false, vec![(AlertKind::Cloned, 1)]));
        assert_eq!(alerts(|out| inbox.is_news(&other, out)), (false, vec![]));
        let own = header(7, 4, 1);
        inbox.note_own(device(7), 4, own.item, &mut Outputs::default());
        assert_eq!(alerts(|out| inbox.count_own(&own, false, out)).1, [], "it is what this device has sent");
        let unknown = header(7, 5, 2);
        assert_eq!(alerts(|out| inbox.count_own(&unknown, true, out)).1, [(AlertKind::ClonedHere, 1)]);
    }

    #[test]
    fn who_is_there_and_not_heard_is_told_of_and_who_is_away_later() {
        let mut inbox = Inbox::default();
        let online = BTreeMap::from([(device(1), NOW)]);
        let among = || Others { members: vec![device(1), device(2)], online: &online };
        assert_eq!(alerts(|out| inbox.tell_silence(&among(), NOW, out)).1, [], "from now on it counts");
        let next = inbox.next_silence(&among(), NOW).expect("it is looked at again");
        assert!((NOW + DAY..NOW + 2 * DAY).contains(&next));
        assert_eq!(alerts(|out| inbox.tell_silence(&among(), next, out)).1, [(AlertKind::Silent, 1)]);
        assert_eq!(inbox.days_silent(&device(1), next), 1);
        assert_eq!(alerts(|out| inbox.tell_silence(&among(), next, out)).1, [], "once");
        let away = inbox.next_silence(&among(), next).expect("the other one");
        assert_eq!(away, NOW + u64::from(limits::TTL_S) * 1000);
    }
}
