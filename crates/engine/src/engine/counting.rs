//! Connects the inbox's counting to the other parts: holes, tombstones, removals and silence.

use hushclip_crypto::body::Gone;
use hushclip_protocol::envelope::Header;
use hushclip_protocol::ids::{DeviceId, ItemId};
use rand_core::CryptoRng;

use super::Engine;
use crate::clip::Clip;
use crate::inbox::{Inbox, Others};
use crate::line::Phase;
use crate::log::Log;
use crate::notices::AlertKind;
use crate::part::Outputs;

impl Engine {
    pub(super) fn inbox<T>(&mut self, act: impl FnOnce(&mut Inbox, &mut Outputs) -> T) -> T {
        let mut out = Outputs::default();
        let done = act(&mut self.inbox, &mut out);
        self.carry_out(out);
        done
    }

    /// Notes the counter of a new envelope, and when its sender says it was there.
    pub(super) fn count(&mut self, header: &Header, at_ms: u64) {
        self.relay.no_news = self.relay.no_news.saturating_sub(1);
        let (catching_up, now) = (self.line.phase() == Phase::CatchingUp, self.now);
        self.inbox(|inbox, out| inbox.count(header, at_ms, catching_up, now, out));
        if let Some(account) = &mut self.account
            && account.log.epoch() == Some(header.epoch)
        {
            account.epoch_items = account.epoch_items.saturating_add(1);
        }
    }

    /// The sender says of itself that it was there at a time.
    pub(super) fn confirm(&mut self, header: &Header, at_ms: u64) {
        let (is_member, now) = (self.is_member(&header.sender), self.now);
        self.inbox(|inbox, out| inbox.confirm(header, at_ms, is_member, now, out));
    }

    pub(super) fn note_in_sync(&mut self) {
        let now = self.now;
        self.inbox(|inbox, out| inbox.in_sync(now, out));
    }

    /// Nothing is said of holes before everything is here.
    pub(super) fn report_holes(&mut self, device: DeviceId) {
        if self.line.phase() != Phase::CatchingUp {
            self.inbox(|inbox, out| inbox.report_holes(device, out));
        }
    }

    /// Takes a tombstone in: deletes what it names, and fills the holes. Whoever is out of the account has a say
    /// in what it sent itself, and in nothing else.
    pub(super) fn bury(&mut self, by: DeviceId, epoch: u64, gone: &[Gone], rng: &mut dyn CryptoRng) {
        let may_all = self.is_member(&by);
        for Gone { device, counter, item, text } in gone.iter().filter(|gone| may_all || gone.device == by) {
            let sender = self.history.get(item).map(|clip| clip.device);
            let sender = sender.or_else(|| self.channels.get(item).map(|payload| payload.device));
            let other = sender.is_some_and(|sender| sender != by);
            if other && !may_all {
                continue;
            }
            if may_all && self.known_item(device, *counter).is_some_and(|known| known != *item) {
                // Who has that one keeps it, and who was away misses nothing.
                self.count_up_alert(AlertKind::FalseDeletion, by);
            }
            self.inbox(|inbox, out| inbox.explain(device, *counter, *item, out));
            self.report_holes(*device);
            let is_known = self.history.get(item).is_some();
            self.forget(item, None, rng);
            self.forget_payload(item, rng);
            if let Some(digest) = text.filter(|_| may_all && !is_known) {
                self.forget_text(epoch, digest, rng);
            }
        }
    }

    /// What this device knows to have been sent with a counter.
    pub(super) fn known_item(&self, device: &DeviceId, counter: u64) -> Option<ItemId> {
        if !self.inbox.counts_once(device) {
            return None;
        }
        let listed = |clip: &&Clip| clip.device == *device && clip.counter == counter && clip.origin.is_empty();
        let of_clip = || self.history.iter().find(listed).map(|clip| clip.item);
        self.inbox.item_at(device, counter).or_else(of_clip).or_else(|| self.channels.item_of(device, counter))
    }

    /// This device has learned that another one is out.
    pub(super) fn note_removal(&mut self, device: DeviceId, seq: u64) {
        let now = self.now;
        self.inbox(|inbox, out| inbox.note_removal(device, seq, now, out));
        self.history.note_removal(now);
        self.end_lines(device);
        if self.line.is_online() {
            self.settle_removals();
        }
    }

    /// All that the relay has is here.
    pub(super) fn settle_removals(&mut self) {
        let Some(account) = &self.account else { return };
        let Some(members) = account.log.members() else { return };
        let mut out = Outputs::default();
        if self.inbox.settle_removals(members, account.log.entries(), self.now, &mut out) {
            // What came of it is here since now, whatever the clock did meanwhile.
            self.history.note_removal(self.now);
        }
        self.carry_out(out);
    }

    pub(super) fn unsettle_removals(&mut self) {
        self.inbox(Inbox::unsettle_removals);
    }

    /// This device is there.
    pub(super) fn note_presence(&mut self) {
        if self.line.is_online() {
            let heard_ms = self.relay.heard_ms;
            self.inbox(|inbox, out| inbox.note_presence(heard_ms, out));
        }
    }

    /// Tells of devices that are not heard any more.
    pub(super) fn tell_silence(&mut self) {
        let mut out = Outputs::default();
        let among = Others { members: self.others(), online: &self.relay.online };
        self.inbox.tell_silence(&among, self.now, &mut out);
        self.carry_out(out);
    }

    /// When that is to be looked at next.
    pub(super) fn next_silence(&self) -> Option<u64> {
        self.inbox.next_silence(&Others { members: self.others(), online: &self.relay.online }, self.now)
    }

    pub(super) fn others(&self) -> Vec<DeviceId> {
        let members = self.log().and_then(Log::members);
        let own = self.identity.as_ref().map(|identity| identity.id);
        let members = members.into_iter().flat_map(|members| members.members().map(|(device, _)| *device));
        members.filter(|device| Some(*device) != own).collect()
    }
}
