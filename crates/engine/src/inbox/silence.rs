//! Signs of life: decides when a device has been silent too long, or evidently has not learned of a removal that every
//! member should know of.

use std::collections::BTreeMap;

use hushclip_protocol::envelope::Header;
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::limits;
use hushclip_protocol::log::{Membership, SignedEntry};

use super::Inbox;
use super::sender::Removal;
use crate::notices::AlertKind;
use crate::part::{HEARTBEAT_MS, Outputs};

/// How much later than due the sign of life of a device may come that is there, milliseconds.
const LATE_MS: u64 = 2 * 60 * 60 * 1000;
/// How long a device that has come back may take to give it, milliseconds.
const BACK_MS: u64 = 10 * 60 * 1000;
/// How long a device may be silent that is not there: as long as the relay keeps what it sends, milliseconds.
const AWAY_MS: u64 = limits::TTL_S as u64 * 1000;
/// How far the clocks of two devices may be apart where only they can tell what was first, milliseconds.
pub(super) const CLOCKS_MS: u64 = 2 * 24 * 60 * 60 * 1000;

impl Removal {
    /// Whether what was made at that time, and comes now, was made after the removal.
    const fn is_before(&self, at_ms: u64, now: u64) -> bool {
        let certain = self.at_ms.saturating_add(CLOCKS_MS);
        if self.settled { at_ms >= self.at_ms } else { at_ms >= certain && now >= certain }
    }
}

impl Inbox {
    /// The sender says of itself that it was there at a time.
    pub(crate) fn confirm(&mut self, header: &Header, at_ms: u64, is_member: bool, now: u64, out: &mut Outputs) {
        if let Some(sender) = self.senders.get_mut(&header.sender) {
            sender.confirmed_ms = sender.confirmed_ms.max(at_ms);
            self.write(&header.sender, out);
        }
        if !is_member {
            return;
        }
        // Sealed after a removal, for the devices of before it: the relay keeps the removal from this sender, and what
        // the sender says is read by who was removed.
        let removals = self.senders.iter().filter_map(|(device, sender)| Some((sender.removal?, *device)));
        let unknown = removals.filter(|(removal, _)| removal.seq > header.epoch && removal.is_before(at_ms, now));
        if let Some((_, gone)) = unknown.min_by_key(|(removal, _)| removal.seq) {
            out.alert_once(AlertKind::RemovalWithheld, header.sender, gone);
        }
    }

    /// This device has learned that another one is out, by the entry at `seq`.
    pub(crate) fn note_removal(&mut self, device: DeviceId, seq: u64, now: u64, out: &mut Outputs) {
        let removal = Removal { seq, at_ms: now, settled: false, settled_ms: None };
        self.senders.entry(device).or_default().removal = Some(removal);
        self.write(&device, out);
        out.count(AlertKind::Silent, device, 0);
    }

    /// When this device learned of removals, and when all was here that came of them.
    pub(crate) fn removals_ms(&self) -> impl Iterator<Item = u64> + '_ {
        let removals = self.senders.values().filter_map(|sender| sender.removal);
        removals.flat_map(|removal| [Some(removal.at_ms), removal.settled_ms]).flatten()
    }

    /// All that the relay has is here. Whoever removed a device has signed what it had of it: the rest does not come any
    /// more, and nothing else would show that. Says whether that is so for the first time after a removal.
    pub(crate) fn settle_removals(
        &mut self,
        log: &Membership,
        entries: &[SignedEntry],
        now: u64,
        out: &mut Outputs,
    ) -> bool {
        let (mut settled, mut is_first) = (Vec::new(), false);
        for (device, sender) in &mut self.senders {
            let Some(removal) = sender.removal.as_mut().filter(|removal| !removal.settled) else { continue };
            removal.settled = true;
            is_first |= removal.settled_ms.is_none();
            removal.settled_ms.get_or_insert(now);
            let seq = usize::try_from(removal.seq).unwrap_or(usize::MAX);
            let author = entries.get(seq).and_then(|entry| Some(entry.decode_entry().ok()?.author));
            let cut_off = log.removed(device).map_or(0, |removed| sender.end(removed.last_counter));
            settled.push((*device, author.unwrap_or(*device), cut_off));
        }
        for (device, author, cut_off) in settled {
            self.write(&device, out);
            if cut_off > 0 {
                out.alert(AlertKind::CutOff, device, author, cut_off);
            }
        }
        is_first
    }

    /// The relay is not where it was: it may show now what it had stored before a removal, and had lost since.
    pub(crate) fn unsettle_removals(&mut self, out: &mut Outputs) {
        for (device, sender) in &mut self.senders {
            if let Some(removal) = sender.removal.as_mut().filter(|removal| removal.settled) {
                removal.settled = false;
                out.write(sender.record(device));
            }
        }
    }

    /// Tells of devices that are not heard any more. They may be off; or the relay keeps back what they send.
    pub(crate) fn tell_silence(&mut self, among: &Others<'_>, now: u64, out: &mut Outputs) {
        for (device, at) in self.silences(among) {
            let sender = self.senders.entry(device).or_default();
            if sender.heard_ms == 0 {
                sender.heard_ms = now;
            } else if at <= now {
                sender.silent = true;
                out.alert(AlertKind::Silent, device, device, 1);
            } else {
                continue;
            }
            self.write(&device, out);
        }
    }

    /// When that is to be looked at next.
    pub(crate) fn next_silence(&self, among: &Others<'_>, now: u64) -> Option<u64> {
        self.silences(among).into_iter().map(|(_, at)| at).filter(|at| *at > now).min()
    }

    /// The other members whose silence has not been told, and when it is to be.
    fn silences(&self, among: &Others<'_>) -> Vec<(DeviceId, u64)> {
        let due = |device: &DeviceId| {
            let sender = self.senders.get(device);
            let heard_ms = sender.map_or(0, |sender| sender.heard_ms);
            let away = heard_ms.saturating_add(AWAY_MS);
            let there = among.online.get(device).map(|since| {
                let due = heard_ms.saturating_add(HEARTBEAT_MS + LATE_MS);
                due.max(since.saturating_add(BACK_MS))
            });
            let told = sender.is_some_and(|sender| sender.silent);
            (!told).then(|| (*device, there.map_or(away, |there| there.min(away))))
        };
        among.members.iter().filter_map(due).collect()
    }

    /// For how many days a device has been silent.
    pub(crate) fn days_silent(&self, device: &DeviceId, now: u64) -> u64 {
        self.senders.get(device).map_or(0, |sender| now.saturating_sub(sender.heard_ms) / HEARTBEAT_MS)
    }
}

/// The other devices of the account.
#[derive(Debug)]
pub(crate) struct Others<'a> {
    pub(crate) members: Vec<DeviceId>,
    /// Who is signed in, and since when.
    pub(crate) online: &'a BTreeMap<DeviceId, u64>,
}
