//! Where the relay left this device. A relay that was set back to an earlier state, begins anew, or lies
//! about its cursors costs time and nothing else: at every sign-in the two find the newest item that both
//! have, this device reads on from there, and puts back what of its own the relay has lost. Counters and
//! names of items make reading and sending a second time harmless.

use hushclip_crypto::body::Pin;
use hushclip_protocol::frame::{Item, ToRelay};
use hushclip_protocol::ids::{Hash, ItemId};
use rand_core::CryptoRng;

use super::Engine;
use crate::clip::Clip;
use crate::line::Phase;
use crate::notices::AlertKind;
use crate::outbox::{Cargo, Queued};
use crate::relay_line::Reading;
use crate::state::Account;

/// What an envelope is larger than its content, bytes; only an estimate of the relay's room.
const AROUND: u64 = 1024;

impl Engine {
    /// The relay does not know the account, or less of its log: shows it what it lacks.
    pub(super) fn show_log(&mut self, rng: &mut dyn CryptoRng) {
        if self.line.phase() != Phase::Connecting {
            return;
        }
        if !self.line.register() {
            // It has seen all of it on this line, or did not look, and asks once more: later.
            return self.hang_up(rng);
        }
        let first = |account: &Account| Some((account.log.entry(0).cloned()?, account.token.clone()));
        if let Some((entry, token)) = self.account.as_ref().and_then(first) {
            self.send(&ToRelay::Register { entry, token });
        }
    }

    /// The relay has the account's log up to here.
    pub(super) fn registered(&mut self, log_seq: u64, log_head: Hash, rng: &mut dyn CryptoRng) {
        let Some(account) = &mut self.account else { return };
        if self.line.phase() != Phase::Connecting {
            return;
        }
        let was_shown = self.line.shows_log();
        if !self.line.log_grew(log_seq) {
            // It is shown one entry after the other, and does not get on.
            return self.hang_up(rng);
        }
        let fresh = !account.registered;
        let known = account.log.head_at(log_seq);
        let end = account.log.len();
        let next = log_seq.checked_add(1).and_then(|seq| account.log.entry(seq)).cloned();
        match (known, next) {
            (Some(head), _) if head != log_head => self.stop_forked(log_seq, log_head, None),
            (Some(_), Some(entry)) => {
                self.unsettle_removals();
                self.send(&ToRelay::LogAppend(entry));
            }
            (Some(_), None) => {
                if was_shown || !fresh {
                    self.note_restored(AlertKind::LogRestored, 1);
                }
                self.sign_in(rng);
            }
            // It is longer, and signing in brings the rest.
            (None, _) if log_seq >= end => self.sign_in(rng),
            (None, _) => self.hang_up(rng),
        }
    }

    /// The relay had lost something that this device has put back; said once until it is put away.
    pub(super) fn note_restored(&mut self, kind: AlertKind, count: u64) {
        let Some(own) = self.own_id() else { return };
        if !self.notices.has(kind) {
            self.alert(kind, own, own, count);
        }
    }

    /// Signed in: reads on after the newest item that the relay and this device both have. Whether the relay
    /// has what this device sent after that is open until it is shown, also over restarts.
    pub(super) fn begin_reading(&mut self, resume_after: u64) {
        let now = self.now;
        let Some(own) = self.identity.as_ref().map(|identity| identity.id) else { return };
        let set_back = self.relay.place.resume_after(resume_after);
        let from = self.relay.place.cursor();
        self.relay.reading = Some(Reading::default());
        self.persist_place();
        if set_back {
            self.unsettle_removals();
        }
        self.channels(|channels, out| channels.doubt_after(from, now, out));
        let mut writes = Vec::new();
        let sent = self.history.iter_mut().filter(|clip| clip.device == own && clip.is_of_relay(now));
        for clip in sent.filter(|clip| clip.cursor > from) {
            clip.cursor = 0;
            writes.push(clip.changed());
        }
        self.persist_all(writes);
        self.outbox(|outbox, out| outbox.doubt_after(from, now, out));
    }

    pub(super) fn note_read(&mut self, item: &Item) {
        if let Some(reading) = &mut self.relay.reading {
            reading.items += 1;
            reading.bytes += item.envelope.len() as u64;
        }
    }

    /// Everything that the relay has is here. What it does not have, of what this device has sent since
    /// the two last agreed, is sent once more, before anything new: with its name and counter, so that
    /// nobody takes it in a second time.
    ///
    /// `made_room`: others have sent so much since that all of it has gone by rights, and nothing is put back.
    pub(super) fn put_back(&mut self, made_room: bool, rng: &mut dyn CryptoRng) {
        let Some(mut reading) = self.relay.reading.take() else { return };
        let now = self.now;
        if made_room {
            reading.items = u64::MAX;
            self.outbox(|outbox, out| outbox.write_off_notes(now, out));
        }
        let lost = self.lost_content(&reading);
        let count = self.outbox(|outbox, out| outbox.put_back(lost, now, out));
        if count > 0 {
            self.note_restored(AlertKind::ItemsRestored, count as u64);
        }
        self.restate_pins(rng);
    }

    /// The clips and payloads of this device that the relay does not have, as far as they find room there.
    fn lost_content(&mut self, reading: &Reading) -> Vec<Queued> {
        let Some((own, bounds)) = self.identity.as_ref().map(|identity| identity.id).zip(self.relay.bounds.as_ref())
        else {
            return Vec::new();
        };
        let mut items = u64::from(bounds.items).saturating_sub(reading.items);
        let mut bytes = bounds.item_bytes.saturating_sub(reading.bytes);
        let now = self.now;
        let is_lost = |clip: &&Clip| {
            let is_sent = clip.device == own && clip.counter > 0 && !clip.given_up;
            is_sent && clip.cursor == 0 && !self.outbox.contains(&clip.item)
        };
        let clips = self.history.iter().filter(is_lost).map(|clip| {
            let queued = Queued::again(clip.item, clip.order, clip.counter, Cargo::Clip);
            (queued, clip.about.bytes(), clip.is_of_relay(now))
        });
        let payloads = self.channels.unsettled().filter(|payload| !self.outbox.contains(&payload.item));
        let payloads = payloads.map(|payload| {
            let queued = Queued::again(payload.item, payload.order, payload.counter, Cargo::Payload);
            (queued, payload.bytes, payload.is_of_relay(now))
        });
        let mut all: Vec<_> = clips.chain(payloads).collect();
        // The newest first: a relay that is full has dropped the oldest by rights.
        all.sort_unstable_by_key(|(queued, ..)| core::cmp::Reverse(queued.order));
        let mut lost = Vec::new();
        for (queued, size, is_of_relay) in all {
            let size = AROUND.saturating_add(size);
            if items > 0 && size <= bytes && is_of_relay {
                (items, bytes) = (items - 1, bytes - size);
                lost.push(queued);
            } else {
                self.write_off(&queued.item);
            }
        }
        lost
    }

    /// The relay does not have something of this device, and is not given it again.
    fn write_off(&mut self, item: &ItemId) {
        if let Some(clip) = self.history.get_mut(item) {
            clip.cursor = 1;
            let write = clip.changed();
            return self.persist(write);
        }
        self.channels(|channels, out| channels.remove(item, out));
    }

    /// Of pins the last word counts, in the relay's order, which is another one now for whoever had heard the
    /// first words before, or did not have the clip yet: so all are told how it stands.
    fn restate_pins(&mut self, rng: &mut dyn CryptoRng) {
        let open = self.outbox.pins_in_doubt();
        let stands = open.iter().filter_map(|item| self.history.get(item));
        let pins: Vec<_> = stands.map(|clip| Pin { item: clip.item, pinned: clip.pinned }).collect();
        for part in pins.chunks(hushclip_crypto::body::State::MOST) {
            self.queue(Cargo::Pins(part.to_vec()), rng);
        }
    }
}
