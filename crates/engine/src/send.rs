//! Clips on their way out: seal, queue on disk, push one at a time, in order, until acknowledged.
//! So are tombstones and heartbeats.

use hushclip_crypto::body::{
    ClipBody, FLAG_BURN, FLAG_SENSITIVE, FLAG_SUPERSEDED, HTML, Heartbeat, Part, State, TEXT, Tombstone,
};
use hushclip_crypto::envelope::{Address, seal, seal_note};
use hushclip_crypto::pairing::{Code, Link};
use hushclip_model::{Content, Notice, Problem, SecretKind};
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Anchor, ToRelay};
use hushclip_protocol::ids::{Hash, ItemId};
use hushclip_protocol::limits;
use rand_core::CryptoRng;

use crate::line::Phase;
use crate::outbox::{Cargo, Deleted, Queued, Sealed};
use crate::secrets::recognise;
use crate::state::Clip;
use crate::upkeep::random_item;
use crate::{Engine, problem};
use hushclip_rich::harmless;

/// How long to wait before what the relay could not do is tried again, milliseconds.
pub(crate) const REFUSED_MS: u64 = 30_000;

/// How often in a row the relay may say at once that something was missed.
const BEHIND: u8 = 8;
/// How long to wait then, milliseconds.
const BEHIND_MS: u64 = 2_000;

impl Engine {
    /// `sure` if a person has certainly copied it: then it is news, unless it is in the list for that already.
    pub(crate) fn local_copy(&mut self, content: Content, sure: bool, rng: &mut dyn CryptoRng) {
        let Some(identity) = &self.identity else { return };
        let member = self.account.as_ref().is_some_and(|a| a.membership.is_some());
        if !member || content.text.is_empty() || is_pairing_secret(&content.text) {
            return;
        }
        let in_doubt =
            self.outbox.front().filter(|queued| queued.sealed.is_some() && !queued.again).map(|queued| queued.item);
        let (own, now) = (identity.id, self.now);
        let echo = self.history.is_echo(&content, own, in_doubt, self.shows_deleted(), now);
        // Between the copy and the look at it, another agent may have put there what came from elsewhere.
        let known = if sure { self.history.has_copied(&content.text, own, echo, self.waits_last(), now) } else { echo };
        let echo = known || (!sure && self.was_deleted(&content.text));
        for write in self.history.note_clipboard(&content.text) {
            self.persist(write);
        }
        if echo || self.settings().paused {
            return;
        }
        let content = harmless(content).and_then(|content| self.guard(content, rng));
        if let Some(content) = content
            && let Err(problem) = self.enqueue(content, 0, rng)
        {
            self.fail(problem);
        }
    }

    pub(crate) fn push_command(
        &mut self,
        text: String,
        html: Option<String>,
        rng: &mut dyn CryptoRng,
    ) -> Result<ItemId, Problem> {
        let content = harmless(Content { text, html }).filter(|content| !content.text.is_empty());
        let content = content.ok_or(Problem::Empty)?;
        self.require_member()?;
        // The person wants it sent, so nobody asks; a mere guess does not shorten its life.
        match recognise(&content.text) {
            None | Some(SecretKind::Password) => self.enqueue(content, 0, rng),
            Some(_) => self.enqueue_secret(content, false, rng),
        }
    }

    pub(crate) fn enqueue_secret(
        &mut self,
        content: Content,
        burn: bool,
        rng: &mut dyn CryptoRng,
    ) -> Result<ItemId, Problem> {
        self.enqueue(content, if burn { FLAG_SENSITIVE | FLAG_BURN } else { FLAG_SENSITIVE }, rng)
    }

    /// Gives the name of the clip that waits now.
    fn enqueue(&mut self, content: Content, flags: u32, rng: &mut dyn CryptoRng) -> Result<ItemId, Problem> {
        let Some(identity) = &self.identity else { return Err(Problem::NoAccount) };
        let ttl_s = if flags == 0 { limits::TTL_S } else { self.settings().secret_life_s };
        let mut clip = Clip {
            item: self.fresh_item(rng),
            order: self.history.next_order(),
            cursor: 0,
            device: identity.id,
            at_ms: self.now,
            stored_ms: self.now,
            text: content.text,
            html: content.html,
            sent_ms: 0,
            flags,
            ttl_s,
            expires_ms: if flags == 0 { 0 } else { self.now + u64::from(ttl_s) * 1000 },
            counter: 0,
            pinned: false,
            trashed_ms: 0,
            origin: String::new(),
            late: false,
            given_up: false,
        };
        if body(&clip, false).check().is_err() {
            // A few words may have much around them.
            clip.html = None;
        }
        if let Err(error) = body(&clip, false).check() {
            return Err(Problem::TooLarge { bytes: error.bytes });
        }
        self.solved(|problem| matches!(problem, Problem::TooLarge { .. }));
        let item = clip.item;
        let queued = Queued { item, order: clip.order, sealed: None, cargo: Cargo::Clip, again: false };
        self.clips_revision += 1;
        self.persist(queued.record());
        for write in self.history.add(clip) {
            self.persist(write);
        }
        self.outbox.push_back(queued);
        self.bound_outbox(rng);
        self.flush(rng);
        Ok(item)
    }

    /// A name that no clip here has, even where random numbers repeat: the relay takes two clips with
    /// one name for one.
    fn fresh_item(&self, rng: &mut dyn CryptoRng) -> ItemId {
        let mut drawn = (0..8).map(|_| random_item(rng));
        drawn.find(|item| self.history.get(item).is_none()).unwrap_or_else(|| random_item(rng))
    }

    /// The clip that waits to be sent last, if nobody can have it yet.
    fn waits_last(&self) -> Option<ItemId> {
        let mut clips = self.outbox.iter().rev().filter(|queued| queued.cargo == Cargo::Clip && !queued.again);
        clips.next().filter(|queued| queued.sealed.is_none()).map(|queued| queued.item)
    }

    /// Clips that wait to be sent.
    pub(crate) fn waiting(&self) -> usize {
        self.outbox.iter().filter(|queued| queued.cargo == Cargo::Clip && !queued.again).count()
    }

    /// A device that is away for long keeps the newest; what is given up is said.
    fn bound_outbox(&mut self, rng: &mut dyn CryptoRng) {
        while self.waiting() > limits::OUTBOX {
            let in_flight = self.in_flight.map(|(item, _)| item);
            let goes = |queued: &Queued| queued.cargo == Cargo::Clip && !queued.again && Some(queued.item) != in_flight;
            let Some(oldest) = self.outbox.iter().position(goes) else { return };
            self.give_up(oldest, None, rng);
            self.fail(Problem::OutboxFull);
        }
    }

    /// Pushes what is oldest in the queue, if the line is free. One at a time: were a later one
    /// accepted and an earlier one refused, the receivers would see them out of order.
    pub(crate) fn flush(&mut self, rng: &mut dyn CryptoRng) {
        let waits = self.line.resume_at.is_some() || self.next_push().is_some();
        let busy = self.in_flight.is_some() || waits || !self.log_sync.is_newest;
        if self.line.phase != Phase::Online || busy || self.log_is_withheld() || self.wants_removal() {
            return;
        }
        while let Some(queued) = self.outbox.front() {
            let (item, order, again) = (queued.item, queued.order, queued.again);
            if queued.cargo == Cargo::Clip {
                let Some(clip) = self.history.get(&item) else {
                    self.give_up_front(rng);
                    self.fail(Problem::OutboxFull);
                    continue;
                };
                // Another agent on the same clipboard was quicker.
                if !again && self.history.came_after(order, &clip.text, clip.device) {
                    self.give_up(0, None, rng);
                    self.take_out(&item);
                    continue;
                }
            }
            let (Some(sealed), Some(account)) = (self.sealed_front(rng), &self.account) else { return };
            let (after, envelope) = (account.cursor, sealed.envelope);
            self.in_flight = Some((item, after));
            self.note_push();
            let places = self.outbox.front().map(Queued::places).unwrap_or_default();
            return self.send(&if places.is_empty() {
                ToRelay::Push { after, envelope }
            } else {
                ToRelay::Delete { after, envelope, places }
            });
        }
        self.note_taken();
    }

    /// Takes a clip out of the queue that will not be sent. If it has a counter by now, a
    /// tombstone goes in its place, so that nobody misses it; with its text, if a person has deleted that.
    pub(crate) fn give_up(&mut self, at: usize, text: Option<Hash>, rng: &mut dyn CryptoRng) {
        let (Some(dropped), Some(device)) = (self.take_off(at), self.own_id()) else { return };
        let Some(sealed) = dropped.sealed else { return };
        // Counters go out in order, also after a restart.
        self.history.reserve(dropped.order);
        let gone = vec![Deleted { device, counter: sealed.counter, item: dropped.item, cursor: 0, text }];
        let cargo = Cargo::Tombstone(gone);
        if dropped.again {
            // Its counter is greater than those of all that has one.
            return self.queue(cargo, rng);
        }
        let tombstone = Queued { item: random_item(rng), order: dropped.order, sealed: None, cargo, again: false };
        self.persist(tombstone.record());
        self.outbox.insert(at, tombstone);
    }

    /// Gives up what is oldest in the queue. What was to be put back, others may have, and a tombstone would take it
    /// from them.
    fn give_up_front(&mut self, rng: &mut dyn CryptoRng) {
        if self.outbox.front().is_some_and(|queued| queued.again) {
            self.take_off(0);
        } else {
            self.give_up(0, None, rng);
        }
    }

    fn take_off(&mut self, at: usize) -> Option<Queued> {
        let dropped = self.outbox.remove(at)?;
        self.persist(dropped.delete());
        if let Some(clip) = self.history.get_mut(&dropped.item) {
            clip.given_up = true;
            let write = clip.record();
            self.persist(write);
        }
        Some(dropped)
    }

    /// The envelope of what is oldest in the queue, sealed under the current epoch: all present devices
    /// can read it and removed ones cannot. One sealed before keeps its counter and item: if the
    /// relay has stored that one after all, it answers with its cursor. It is sealed again where the
    /// person has copied something newer since, which an older clip shall not drive off clipboards.
    fn sealed_front(&mut self, rng: &mut dyn CryptoRng) -> Option<Sealed> {
        let newer = self.waiting() > 1;
        let (Some(account), Some(identity)) = (&mut self.account, &self.identity) else { return None };
        let log = account.membership.as_ref()?;
        let epoch = log.epoch();
        let front = self.outbox.front_mut()?;
        // What the relay had before is no news to a clipboard.
        let superseded = (newer || front.again) && front.cargo == Cargo::Clip;
        let is_good = |s: &&Sealed| s.epoch == epoch && s.superseded >= superseded && !s.envelope.is_empty();
        if let Some(sealed) = front.sealed.as_ref().filter(is_good) {
            return Some(sealed.clone());
        }
        let counter = front.sealed.as_ref().map_or(account.next_counter, |sealed| sealed.counter);
        let kind = match front.cargo {
            Cargo::Clip => Kind::Clip,
            Cargo::Tombstone(_) => Kind::Tombstone,
            Cargo::Heartbeat => Kind::Heartbeat,
            Cargo::Pins(_) => Kind::State,
        };
        // What the relay had before lives no longer for it.
        let ttl_s = match front.cargo {
            Cargo::Clip if front.again => self.history.get(&front.item)?.left_s(self.now).max(1),
            Cargo::Clip => self.history.get(&front.item)?.ttl_s,
            _ => limits::TTL_S,
        };
        let address = Address {
            kind,
            account: account.id,
            epoch,
            log_seq: log.seq(),
            log_head: log.head(),
            counter,
            item: front.item,
            ttl_s,
        };
        let key = account.secrets.get(&epoch)?.derive_item_key(&account.id, epoch);
        let keys = &identity.keys;
        let envelope = match &front.cargo {
            Cargo::Clip => seal(keys, &key, &address, &body(self.history.get(&front.item)?, superseded), rng).ok()?,
            Cargo::Tombstone(deleted) => {
                let gone = deleted.iter().map(|deleted| account.name_gone(epoch, deleted)).collect();
                let note = Tombstone { at_ms: self.now, gone };
                seal_note(keys, &key, &address, &note, rng)
            }
            Cargo::Heartbeat => seal_note(keys, &key, &address, &Heartbeat { at_ms: self.now }, rng),
            Cargo::Pins(pins) => seal_note(keys, &key, &address, &State { at_ms: self.now, pins: pins.clone() }, rng),
        };
        account.next_counter = account.next_counter.max(counter.saturating_add(1));
        account.epoch_items = account.epoch_items.saturating_add(1);
        match front.cargo {
            // The others have had it.
            _ if front.again => {}
            // If it has waited for long, it says nothing of today.
            Cargo::Clip => {
                account.sent_ms = account.sent_ms.max(self.history.get(&front.item)?.at_ms).min(self.now);
            }
            _ => account.sent_ms = self.now,
        }
        account.senders.entry(identity.id).or_default().remember(counter, front.item);
        let own = identity.id;
        let sealed = Sealed { counter, epoch, envelope: envelope.into(), superseded };
        front.sealed = Some(sealed.clone());
        let (write, item) = (front.record(), front.item);
        self.persist(write);
        if let Some(clip) = self.history.get_mut(&item) {
            clip.counter = counter;
            let write = clip.record();
            self.persist(write);
        }
        self.persist_account();
        self.persist_sender(&own);
        Some(sealed)
    }

    /// The relay has stored an item of ours.
    pub(crate) fn pushed(&mut self, item: ItemId, at: Anchor, rng: &mut dyn CryptoRng) {
        self.in_flight = None;
        self.behind = 0;
        self.note_taken();
        self.settle(item, at.cursor);
        // It may have been deleted meanwhile.
        self.note_place(item, at.cursor);
        let Some(account) = &mut self.account else { return };
        if account.cursor.checked_add(1) == Some(at.cursor) {
            account.cursor = at.cursor;
            account.note_anchor(at);
            self.persist_account();
        }
        self.solved(|problem| {
            matches!(
                problem,
                Problem::RelayFull | Problem::RelayNoSpace | Problem::RelayUnavailable | Problem::RelayRefused
            )
        });
        if self.outbox.is_empty() {
            self.line.relaxed();
        }
        if self.rotation_is_due() {
            self.change_log(rng);
        }
        self.flush(rng);
    }

    /// Takes an item out of the outbox and notes its position.
    pub(crate) fn settle(&mut self, item: ItemId, cursor: u64) {
        if let Some(at) = self.outbox.iter().position(|q| q.item == item)
            && let Some(queued) = self.outbox.remove(at)
        {
            self.persist(queued.delete());
            self.keep_note(&queued, cursor);
            match queued.cargo {
                Cargo::Clip if queued.again => {}
                Cargo::Clip => self.notice(Notice::Sent { id: item.to_hex(), cursor }),
                // The relay's order counts, and others may have said otherwise since it was queued.
                Cargo::Pins(pins) => {
                    for pin in pins {
                        self.set_pinned(&pin.item, pin.pinned);
                    }
                }
                Cargo::Tombstone(_) | Cargo::Heartbeat => {}
            }
        }
        let now = self.now;
        let write = self.history.get_mut(&item).filter(|clip| clip.cursor != cursor).map(|clip| {
            // What is put back goes on from when it was first there.
            if clip.sent_ms == 0 {
                clip.sent_ms = now;
            }
            clip.cursor = cursor;
            clip.record()
        });
        if let Some(write) = write {
            self.clips_revision += 1;
            self.persist(write);
        }
    }

    pub(crate) fn push_refused(&mut self, code: ErrorCode, rng: &mut dyn CryptoRng) {
        let in_flight = self.in_flight.take();
        let pushed_after = in_flight.map(|(_, after)| after);
        if matches!(code, ErrorCode::StaleEpoch | ErrorCode::Behind) {
            self.put_off_push();
        }
        match code {
            ErrorCode::StaleEpoch => return self.pull_longer_log(),
            ErrorCode::Behind => {
                // What was missing is often on its way already, and here by now.
                let newer = self.account.as_ref().map(|a| a.cursor) > pushed_after;
                self.behind = self.behind.saturating_add(1);
                if newer && self.behind > BEHIND {
                    // What comes is nothing that this device can use, or others are quicker each time.
                    self.line.resume_at = Some(self.now + BEHIND_MS);
                    return;
                }
                if newer {
                    return self.flush(rng);
                }
                // Behind twice at one place: the relay has fewer items than it said, and says so at the start.
                let again = std::mem::replace(&mut self.behind_at, pushed_after) == pushed_after;
                return if again && pushed_after.is_some() { self.hang_up(rng) } else { self.pull_again() };
            }
            ErrorCode::TooLarge => {
                if let Some(bytes) = self.too_large_for_relay(in_flight.map(|(item, _)| item)) {
                    self.give_up_front(rng);
                    self.fail(Problem::TooLarge { bytes });
                    return self.flush(rng);
                }
                self.fail(Problem::RelayRefused);
            }
            ErrorCode::StorageFull => self.fail(Problem::RelayFull),
            ErrorCode::RelayFull | ErrorCode::Unavailable => self.fail(problem::relay_fault(code)),
            _ => self.fail(Problem::RelayRefused),
        }
        self.line.resume_at = Some(self.now + REFUSED_MS);
    }

    /// The size of the clip that was pushed, if the relay has said that it takes none so large. Nothing else
    /// is given up for its word.
    fn too_large_for_relay(&self, pushed: Option<ItemId>) -> Option<usize> {
        let front = self.outbox.front().filter(|queued| Some(queued.item) == pushed && queued.cargo == Cargo::Clip)?;
        let (bytes, bounds) = (front.sealed.as_ref()?.envelope.len(), self.bounds.as_ref()?);
        (bytes as u64 > u64::from(bounds.envelope_bytes)).then_some(bytes)
    }
}

/// Links and codes are for another channel, and on their way there.
fn is_pairing_secret(text: &str) -> bool {
    Link::parse(text).is_ok() || (text.len() < 40 && Code::parse(text).is_ok())
}

fn body(clip: &Clip, superseded: bool) -> ClipBody {
    let html = clip.html.as_ref().map(|html| Part::new(HTML, html.as_bytes()));
    ClipBody {
        at_ms: clip.at_ms,
        flags: clip.flags | if superseded { FLAG_SUPERSEDED } else { 0 },
        file_name: String::new(),
        parts: [Part::new(TEXT, clip.text.as_bytes())].into_iter().chain(html).collect(),
    }
}
