//! Signs of life: what it says that a device is not heard, or does not know what all should know.

use hushclip_protocol::envelope::Header;
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::limits;

use crate::Engine;
use crate::line::Phase;
use crate::notices::{Alert, AlertKind};
use crate::sender::Removal;
use crate::upkeep::HEARTBEAT_MS;

/// How much later than due the sign of life of a device may come that is there, milliseconds.
const LATE_MS: u64 = 2 * 60 * 60 * 1000;
/// How long a device that has come back may take to give it, milliseconds.
const BACK_MS: u64 = 10 * 60 * 1000;
/// How long a device may be silent that is not there: as long as the relay keeps what it sends, milliseconds.
const AWAY_MS: u64 = limits::TTL_S as u64 * 1000;
/// How far the clocks of two devices may be apart where only they can tell what was first, milliseconds.
pub(crate) const CLOCKS_MS: u64 = 2 * 24 * 60 * 60 * 1000;

impl Removal {
    /// Whether what was made at that time, and comes now, was made after the removal.
    const fn is_before(&self, at_ms: u64, now: u64) -> bool {
        let certain = self.at_ms.saturating_add(CLOCKS_MS);
        if self.settled { at_ms >= self.at_ms } else { at_ms >= certain && now >= certain }
    }
}

impl Engine {
    /// The sender says of itself that it was there at a time.
    pub(crate) fn confirm(&mut self, header: &Header, at_ms: u64) {
        let (member, now) = (self.is_member(&header.sender), self.now);
        let Some(account) = &mut self.account else { return };
        if let Some(sender) = account.senders.get_mut(&header.sender) {
            sender.confirmed_ms = sender.confirmed_ms.max(at_ms);
        }
        if !member {
            return;
        }
        // Sealed after a removal, for the devices of before it: the relay keeps the removal from this sender, and
        // what the sender says is read by who was removed.
        let removals = account.senders.iter().filter_map(|(device, sender)| Some((sender.removal?, *device)));
        let unknown = removals.filter(|(removal, _)| removal.seq > header.epoch && removal.is_before(at_ms, now));
        if let Some((_, gone)) = unknown.min_by_key(|(removal, _)| removal.seq) {
            let told = |alert: &Alert| {
                alert.kind == AlertKind::RemovalWithheld && (alert.device, alert.by) == (header.sender, gone)
            };
            if !self.notices.alerts().iter().any(told) {
                self.alert(AlertKind::RemovalWithheld, header.sender, gone, 1);
            }
        }
    }

    /// This device has learned that another one is out.
    pub(crate) fn note_removal(&mut self, device: DeviceId, seq: u64) {
        let at_ms = self.now;
        let Some(account) = &mut self.account else { return };
        let sender = account.senders.entry(device).or_default();
        sender.removal = Some(Removal { seq, at_ms, settled: false, settled_ms: None });
        self.history.note_removal(at_ms);
        self.persist_sender(&device);
        self.count_alert(AlertKind::Silent, device, 0);
        if self.line.phase == Phase::Online {
            self.settle_removals();
        }
    }

    /// All that the relay has is here. Whoever removed a device has signed what it had of it: the rest does not come
    /// any more, and nothing else would show that.
    pub(crate) fn settle_removals(&mut self) {
        let now = self.now;
        let Some(account) = &mut self.account else { return };
        let Some(log) = &account.membership else { return };
        let open = |removal: &&mut Removal| !removal.settled;
        let mut settled = Vec::new();
        for (device, sender) in &mut account.senders {
            if let Some(removal) = sender.removal.as_mut().filter(open) {
                removal.settled = true;
                if removal.settled_ms.is_none() {
                    removal.settled_ms = Some(now);
                    // What came of it is here since now, whatever the clock did meanwhile.
                    self.history.note_removal(now);
                }
                let seq = usize::try_from(removal.seq).unwrap_or(usize::MAX);
                let author = account.log.get(seq).and_then(|entry| Some(entry.decode_entry().ok()?.author));
                let cut_off = log.removed(device).map_or(0, |removed| sender.end(removed.last_counter));
                settled.push((*device, author.unwrap_or(*device), cut_off));
            }
        }
        for (device, author, cut_off) in settled {
            self.persist_sender(&device);
            if cut_off > 0 {
                self.alert(AlertKind::CutOff, device, author, cut_off);
            }
        }
    }

    /// The relay is not where it was: it may show now what it had stored before a removal, and had lost since.
    pub(crate) fn unsettle_removals(&mut self) {
        let Some(account) = &mut self.account else { return };
        let mut open = Vec::new();
        for (device, sender) in &mut account.senders {
            if let Some(removal) = sender.removal.as_mut().filter(|removal| removal.settled) {
                removal.settled = false;
                open.push(*device);
            }
        }
        for device in open {
            self.persist_sender(&device);
        }
    }

    /// Tells of devices that are not heard any more. They may be off; or the relay keeps back what they send.
    pub(crate) fn tell_silence(&mut self) {
        for (device, at) in self.silences() {
            let Some(sender) = self.account.as_mut().map(|account| account.senders.entry(device).or_default()) else {
                return;
            };
            if sender.heard_ms == 0 {
                sender.heard_ms = self.now;
            } else if at <= self.now {
                sender.silent = true;
                self.alert(AlertKind::Silent, device, device, 1);
            } else {
                continue;
            }
            self.persist_sender(&device);
        }
    }

    /// When that is to be looked at next.
    pub(crate) fn next_silence(&self) -> Option<u64> {
        self.silences().into_iter().map(|(_, at)| at).filter(|at| *at > self.now).min()
    }

    /// The other members whose silence has not been told, and when it is to be.
    fn silences(&self) -> Vec<(DeviceId, u64)> {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return Vec::new() };
        let others = account.membership.iter().flat_map(|log| log.members().map(|(device, _)| *device));
        let others = others.filter(|device| *device != identity.id);
        others
            .filter_map(|device| {
                let sender = account.senders.get(&device);
                let heard_ms = sender.map_or(0, |sender| sender.heard_ms);
                let away = heard_ms.saturating_add(AWAY_MS);
                let there = self.online.get(&device).map(|since| {
                    let due = heard_ms.saturating_add(HEARTBEAT_MS + LATE_MS);
                    due.max(since.saturating_add(BACK_MS))
                });
                let told = sender.is_some_and(|sender| sender.silent);
                (!told).then(|| (device, there.map_or(away, |there| there.min(away))))
            })
            .collect()
    }

    /// For how many days a device has been silent.
    pub(crate) fn days_silent(&self, device: &DeviceId) -> u64 {
        let sender = self.account.as_ref().and_then(|account| account.senders.get(device));
        sender.map_or(0, |sender| self.now.saturating_sub(sender.heard_ms) / HEARTBEAT_MS)
    }
}
