//! What waits to be sent, one item at a time and in order, and what of it the relay should still have. It owns the
//! counters of this device. It refuses to seal: it says what comes next, and is given the envelope.

mod queued;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use hushclip_crypto::body::{Pin, State};
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

pub(crate) use queued::{Cargo, Deleted, Queued, Sealed, Sent};

use crate::part::{Outputs, random_item};
use crate::record::{NUMBERS, delete, put};

/// What waits, and what was sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Queued>,
    /// Notes that the relay should still have.
    sent: VecDeque<Sent>,
    numbers: Numbers,
}

/// Numbers that must not be used twice, and when that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Numbers {
    /// The counter of the next envelope.
    #[n(0)]
    next_counter: u64,
    /// When this device was last there, as the others hear from what it sealed.
    #[n(1)]
    sent_ms: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { next_counter: 1, sent_ms: 0 }
    }
}

/// What is to be sealed.
#[derive(Debug)]
pub(crate) struct Unsealed {
    pub(crate) item: ItemId,
    pub(crate) counter: u64,
    pub(crate) cargo: Cargo,
    /// The relay had it before.
    pub(crate) again: bool,
    /// There is a newer clip, which this one shall not drive off clipboards.
    pub(crate) superseded: bool,
}

/// What was taken out of the queue, and what that asks for.
#[derive(Debug)]
pub(crate) struct GivenUp {
    /// Its place in the list, which nothing is to have again: something goes in its stead.
    pub(crate) reserved: Option<u64>,
    /// To be queued behind all that waits.
    pub(crate) later: Option<Cargo>,
}

impl Outbox {
    pub(crate) fn restore(mut queue: VecDeque<Queued>, mut sent: VecDeque<Sent>, numbers: Option<Numbers>) -> Self {
        queue.make_contiguous().sort_by_key(Queued::place);
        sent.make_contiguous().sort_unstable_by_key(|sent| sent.order);
        Self { queue, sent, numbers: numbers.unwrap_or_default() }
    }

    /// This device is in an account now.
    pub(crate) fn begin(&mut self, now: u64, out: &mut Outputs) {
        self.numbers = Numbers { sent_ms: now, ..Numbers::default() };
        self.write_numbers(out);
    }

    /// It is in none any more.
    pub(crate) fn forget(&mut self, out: &mut Outputs) {
        let left = std::mem::take(self);
        for write in left.queue.iter().map(Queued::delete).chain(left.sent.iter().map(Sent::delete)) {
            out.write(write);
        }
        out.write(delete(NUMBERS));
    }

    /// When this device was last there, as the others hear.
    pub(crate) const fn sent_ms(&self) -> u64 {
        self.numbers.sent_ms
    }

    /// It is there now, and says so with what comes next.
    pub(crate) fn note_there(&mut self, now: u64, out: &mut Outputs) {
        self.numbers.sent_ms = now;
        self.write_numbers(out);
    }

    /// What lies in the future was noted before the clock was put back.
    pub(crate) fn mind_clock(&mut self, now: u64, out: &mut Outputs) {
        if self.numbers.sent_ms > now {
            self.numbers.sent_ms = now;
            self.write_numbers(out);
        }
    }

    /// This device has used a counter that it may not remember; whether it does not.
    pub(crate) fn note_counter(&mut self, counter: u64, out: &mut Outputs) -> bool {
        let is_news = counter >= self.numbers.next_counter;
        if is_news {
            self.numbers.next_counter = counter.saturating_add(1);
            self.write_numbers(out);
        }
        is_news
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many new clips wait.
    pub(crate) fn waiting(&self) -> usize {
        self.new_clips().count()
    }

    /// The new clips that wait, the oldest first.
    pub(crate) fn new_clips(&self) -> impl Iterator<Item = ItemId> + '_ {
        self.queue.iter().filter(|queued| queued.is_new_clip()).map(|queued| queued.item)
    }

    /// How much waits that programs send: new payloads, and new clips without text.
    pub(crate) fn of_programs_waiting(&self) -> usize {
        let is_theirs = |queued: &&Queued| queued.cargo == Cargo::Payload || queued.textless;
        self.queue.iter().filter(|queued| is_theirs(queued) && !queued.again).count()
    }

    /// The clips that the relay had, and has lost.
    pub(crate) fn clips_put_back(&self) -> impl Iterator<Item = ItemId> + '_ {
        self.queue.iter().filter(|queued| queued.again && queued.cargo == Cargo::Clip).map(|queued| queued.item)
    }

    /// The new clip that waits last, if nobody can have it yet.
    pub(crate) fn waits_last(&self) -> Option<ItemId> {
        let last = self.queue.iter().rev().find(|queued| queued.is_new_clip())?;
        last.sealed.is_none().then_some(last.item)
    }

    pub(crate) fn contains(&self, item: &ItemId) -> bool {
        self.place_of(item).is_some()
    }

    /// The clip of which it is not known whether the relay has it.
    pub(crate) fn in_doubt(&self) -> Option<ItemId> {
        let front = self.queue.front().filter(|queued| queued.sealed.is_some() && !queued.again);
        front.map(|queued| queued.item)
    }

    /// The greatest place in the list that something has which waits.
    pub(crate) fn newest_order(&self) -> Option<u64> {
        self.queue.iter().map(|queued| queued.order).max()
    }

    /// Queues something behind all that waits.
    pub(crate) fn put(&mut self, item: ItemId, order: u64, cargo: Cargo, out: &mut Outputs) {
        self.put_queued(Queued { item, order, sealed: None, cargo, again: false, textless: false }, out);
    }

    /// The same for a clip.
    pub(crate) fn put_clip(&mut self, item: ItemId, order: u64, has_text: bool, out: &mut Outputs) {
        let (cargo, textless) = (Cargo::Clip, !has_text);
        self.put_queued(Queued { item, order, sealed: None, cargo, again: false, textless }, out);
    }

    /// Adds a pin to those that are last in the queue and have not been sealed; whether it found room there.
    pub(crate) fn add_pin(&mut self, pin: &Pin, out: &mut Outputs) -> bool {
        let Some(last) = self.queue.back_mut().filter(|queued| queued.sealed.is_none()) else { return false };
        let Cargo::Pins(pins) = &mut last.cargo else { return false };
        let fits = pins.len() < State::MOST;
        if fits {
            pins.push(pin.clone());
            out.write(last.record());
        }
        fits
    }

    fn put_queued(&mut self, queued: Queued, out: &mut Outputs) {
        out.write(queued.record());
        self.queue.push_back(queued);
    }

    /// The oldest clip that goes because too many wait. The one that is in flight stays.
    pub(crate) fn overflow(&self, in_flight: Option<ItemId>) -> Option<ItemId> {
        let too_many = self.waiting() > limits::OUTBOX;
        self.new_clips().find(|item| too_many && Some(*item) != in_flight)
    }

    /// Takes something out of the queue that will not be sent. If it has a counter by now, a tombstone of this device
    /// goes in its place, so that nobody misses it; with its text, if a person has deleted that.
    pub(crate) fn give_up(
        &mut self,
        item: &ItemId,
        device: DeviceId,
        text: Option<Hash>,
        rng: &mut dyn CryptoRng,
        out: &mut Outputs,
    ) -> GivenUp {
        let mut given_up = GivenUp { reserved: None, later: None };
        let Some((at, dropped)) = self.take_off(item, out) else { return given_up };
        let Some(sealed) = dropped.sealed else { return given_up };
        // Counters go out in order, also after a restart.
        given_up.reserved = Some(dropped.order);
        let gone = vec![Deleted { device, counter: sealed.counter, item: dropped.item, cursor: 0, text }];
        let cargo = Cargo::Tombstone(gone);
        if dropped.again {
            // Its counter is greater than those of all that has one.
            given_up.later = Some(cargo);
        } else {
            let (item, order) = (random_item(rng), dropped.order);
            let tombstone = Queued { item, order, sealed: None, cargo, again: false, textless: false };
            out.write(tombstone.record());
            self.queue.insert(at, tombstone);
        }
        given_up
    }

    /// Takes something out of the queue that others may have, and whom a tombstone would take it from.
    pub(crate) fn withdraw(&mut self, item: &ItemId, out: &mut Outputs) {
        self.take_off(item, out);
    }

    fn take_off(&mut self, item: &ItemId, out: &mut Outputs) -> Option<(usize, Queued)> {
        let at = self.place_of(item)?;
        let dropped = self.queue.remove(at)?;
        out.write(dropped.delete());
        Some((at, dropped))
    }

    fn place_of(&self, item: &ItemId) -> Option<usize> {
        self.queue.iter().position(|queued| queued.item == *item)
    }

    /// What is to be sent next.
    pub(crate) fn front(&self) -> Option<&Queued> {
        self.queue.front()
    }

    /// What is to be sent next and has no envelope yet for this epoch: all present devices can read that and removed
    /// ones cannot. One sealed before keeps its counter and item: if the relay has stored that one after all, it
    /// answers with its cursor. It is sealed again where the person has copied something newer since.
    pub(crate) fn unsealed(&self, epoch: u64) -> Option<Unsealed> {
        let front = self.queue.front()?;
        // What the relay had before is no news to a clipboard.
        let superseded = (self.waiting() > 1 || front.again) && front.cargo == Cargo::Clip;
        let is_good = |s: &Sealed| s.epoch == epoch && s.superseded >= superseded && !s.envelope.is_empty();
        if front.sealed.as_ref().is_some_and(is_good) {
            return None;
        }
        let counter = front.sealed.as_ref().map_or(self.numbers.next_counter, |sealed| sealed.counter);
        Some(Unsealed { item: front.item, counter, cargo: front.cargo.clone(), again: front.again, superseded })
    }

    /// It has one now, which says that this device was there at a time, if it says so.
    pub(crate) fn sealed(
        &mut self,
        what: &Unsealed,
        epoch: u64,
        envelope: Vec<u8>,
        there_ms: Option<u64>,
        out: &mut Outputs,
    ) {
        let Some(front) = self.queue.front_mut().filter(|front| front.item == what.item) else { return };
        let Unsealed { counter, superseded, .. } = *what;
        front.sealed = Some(Sealed { counter, epoch, envelope: envelope.into(), superseded });
        out.write(front.record());
        self.numbers.next_counter = self.numbers.next_counter.max(counter.saturating_add(1));
        self.numbers.sent_ms = there_ms.unwrap_or(self.numbers.sent_ms);
        self.write_numbers(out);
    }

    /// Sends what comes next, behind this cursor; what that is.
    pub(crate) fn push(&self, after: u64, out: &mut Outputs) -> Option<ItemId> {
        let front = self.queue.front()?;
        let envelope = front.sealed.as_ref().map(|sealed| sealed.envelope.clone())?;
        let places = front.places();
        out.send(if places.is_empty() {
            ToRelay::Push { after, envelope }
        } else {
            ToRelay::Delete { after, envelope, places }
        });
        Some(front.item)
    }

    /// The relay has an item of this device; what was queued of it.
    pub(crate) fn settle(&mut self, item: ItemId, cursor: u64, now: u64, out: &mut Outputs) -> Option<Queued> {
        let (_, queued) = self.take_off(&item, out)?;
        if let Some(sent) = Sent::of(&queued, cursor, now) {
            out.write(sent.record());
            self.sent.push_back(sent);
        }
        // What notes say is kept for as long as the relay would.
        while let Some(old) = self.sent.front()
            && (self.sent.len() > limits::ITEMS || !old.is_of_relay(now))
        {
            out.write(old.delete());
            self.sent.pop_front();
        }
        Some(queued)
    }

    /// The size of the clip or payload that was pushed, if the relay has said that it takes none so large. Nothing else is given up
    /// for its word.
    pub(crate) fn too_large(&self, pushed: Option<ItemId>, most: u32) -> Option<usize> {
        let front = self.queue.front().filter(|queued| Some(queued.item) == pushed && queued.cargo.is_content())?;
        let bytes = front.sealed.as_ref()?.envelope.len();
        (bytes as u64 > u64::from(most)).then_some(bytes)
    }

    /// Whether this item, which was pushed, is a program's.
    pub(crate) fn is_payload(&self, pushed: Option<ItemId>) -> bool {
        self.queue.front().is_some_and(|queued| Some(queued.item) == pushed && queued.cargo == Cargo::Payload)
    }

    /// Whether the relay has the notes behind this cursor is open until they are shown.
    pub(crate) fn doubt_after(&mut self, cursor: u64, now: u64, out: &mut Outputs) {
        for sent in self.sent.iter_mut().filter(|sent| sent.cursor > cursor && sent.is_of_relay(now)) {
            sent.cursor = 0;
            out.write(sent.record());
        }
    }

    /// The relay has shown an item of this device.
    pub(crate) fn note_shown(&mut self, item: ItemId, cursor: u64, out: &mut Outputs) {
        if let Some(sent) = self.sent.iter_mut().find(|sent| sent.item == item && sent.cursor != cursor) {
            sent.cursor = cursor;
            out.write(sent.record());
        }
    }

    /// An item has come by: should it be deleted, this is where it is stored.
    pub(crate) fn note_place(&mut self, item: ItemId, cursor: u64, out: &mut Outputs) {
        for queued in &mut self.queue {
            if queued.cargo.note_place(item, cursor) {
                out.write(queued.record());
            }
        }
        for sent in &mut self.sent {
            if sent.cargo.note_place(item, cursor) {
                out.write(sent.record());
            }
        }
    }

    /// Everything that the relay has is here. What it does not have, of these clips and payloads and of the notes, is sent once
    /// more, before anything new: with its name and counter, so that nobody takes it in a second time. How many.
    pub(crate) fn put_back(&mut self, mut lost: Vec<Queued>, now: u64, out: &mut Outputs) -> usize {
        // They are kept anew when the relay has them again.
        let is_lost = |sent: &Sent| sent.cursor == 0 && sent.is_of_relay(now);
        let (notes, kept) = std::mem::take(&mut self.sent).into_iter().partition(is_lost);
        self.sent = kept;
        let notes: VecDeque<Sent> = notes;
        for note in notes {
            out.write(note.delete());
            lost.push(Queued::again(note.item, note.order, note.counter, note.cargo));
        }
        lost.sort_by_key(Queued::place);
        for queued in &lost {
            out.write(queued.record());
        }
        let count = lost.len();
        self.queue.extend(lost);
        self.queue.make_contiguous().sort_by_key(Queued::place);
        count
    }

    /// The notes that the relay does not have have made room there.
    pub(crate) fn write_off_notes(&mut self, now: u64, out: &mut Outputs) {
        self.sent.retain(|sent| {
            let is_lost = sent.cursor == 0 && sent.is_of_relay(now);
            if is_lost {
                out.write(sent.delete());
            }
            !is_lost
        });
    }

    /// The clips of whose pins others may have heard in another order: the last word counts, and the relay's order is
    /// another one now, or it may have had, and passed on, what this device does not know to be stored.
    pub(crate) fn pins_in_doubt(&self) -> Vec<ItemId> {
        let is_note = |queued: &&Queued| matches!(queued.cargo, Cargo::Pins(_));
        let (sent, unsent): (Vec<_>, Vec<_>) = self.queue.iter().partition(|queued| queued.sealed.is_some());
        let said_later: Vec<ItemId> = unsent.into_iter().flat_map(Queued::pinned).collect();
        let open = sent.into_iter().filter(|queued| queued.again || is_note(queued)).flat_map(Queued::pinned);
        let mut in_doubt = Vec::new();
        for item in open {
            if !said_later.contains(&item) && !in_doubt.contains(&item) {
                in_doubt.push(item);
            }
        }
        in_doubt
    }

    fn write_numbers(&self, out: &mut Outputs) {
        out.write(put(NUMBERS, &self.numbers));
    }
}
