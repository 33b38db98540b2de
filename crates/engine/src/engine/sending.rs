//! What goes out: copies and clips that a person sends, payloads of programs, tombstones, pins and heartbeats. Sealed
//! when their turn comes, pushed one at a time, in order, until acknowledged.

use hushclip_crypto::body::{
    ClipBody, FLAG_BURN, FLAG_SENSITIVE, FLAG_SUPERSEDED, Gone, HTML, Heartbeat, Part, PayloadBody, State, TEXT,
    Tombstone,
};
use hushclip_crypto::envelope::{Address, seal, seal_note};
use hushclip_crypto::pairing::{Code, Link};
use hushclip_model::{Content, Notice, Problem, SecretKind};
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{Hash, ItemId};
use hushclip_protocol::limits;
use hushclip_rich::harmless;
use rand_core::CryptoRng;

use super::Engine;
use super::receiving::MEDIA_BYTES;
use crate::clip::{About, Clip, Layout};
use crate::contents::Purpose;
use crate::history::text_digest;
use crate::log::Log;
use crate::outbox::{Cargo, Deleted, Outbox, Unsealed};
use crate::part::{Outputs, random_item};
use crate::relay_line::Flight;
use crate::secrets::recognise;

impl Engine {
    pub(super) fn outbox<T>(&mut self, act: impl FnOnce(&mut Outbox, &mut Outputs) -> T) -> T {
        let mut out = Outputs::default();
        let done = act(&mut self.outbox, &mut out);
        self.carry_out(out);
        done
    }

    fn flight(&mut self, act: impl FnOnce(&mut Flight, &mut Outputs)) {
        let mut out = Outputs::default();
        act(&mut self.relay.flight, &mut out);
        self.carry_out(out);
    }

    /// `sure` if a person has certainly copied it: then it is news, unless it is in the list for that already.
    pub(super) fn local_copy(&mut self, content: Content, sure: bool, rng: &mut dyn CryptoRng) {
        let Some(identity) = &self.identity else { return };
        let member = self.log().is_some_and(|log| log.members().is_some());
        if !member || content.text.is_empty() || is_pairing_secret(&content.text) {
            return;
        }
        let (in_doubt, own, now) = (self.outbox.in_doubt(), identity.id, self.now);
        let digest = text_digest(&content.text);
        let echo = self.history.is_echo(&digest, own, in_doubt, self.shows_deleted(), now);
        // Between the copy and the look at it, another agent may have put there what came from elsewhere.
        let known =
            if sure { self.history.has_copied(&digest, own, echo, self.outbox.waits_last(), now) } else { echo };
        let echo = known || (!sure && self.was_deleted(&digest));
        let writes = self.history.note_clipboard(digest);
        self.persist_all(writes);
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

    pub(super) fn push_command(
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

    /// A clip of one form, which is neither text nor HTML.
    pub(super) fn push_bytes(
        &mut self,
        media: &str,
        bytes: Vec<u8>,
        rng: &mut dyn CryptoRng,
    ) -> Result<ItemId, Problem> {
        if !is_other_media_type(media) {
            return Err(Problem::BadMediaType);
        }
        if bytes.is_empty() {
            return Err(Problem::Empty);
        }
        self.require_member()?;
        if self.outbox.of_programs_waiting() >= limits::OUTBOX {
            return Err(Problem::TooManyPayloads);
        }
        let parts = vec![Part::new(media, bytes)];
        check(self.now, 0, &parts)?;
        self.enqueue_parts(parts, 0, rng)
    }

    pub(super) fn enqueue_secret(
        &mut self,
        content: Content,
        burn: bool,
        rng: &mut dyn CryptoRng,
    ) -> Result<ItemId, Problem> {
        self.enqueue(content, if burn { FLAG_SENSITIVE | FLAG_BURN } else { FLAG_SENSITIVE }, rng)
    }

    /// Gives the name of the clip that waits now.
    fn enqueue(&mut self, content: Content, flags: u32, rng: &mut dyn CryptoRng) -> Result<ItemId, Problem> {
        let mut parts = vec![Part::new(TEXT, content.text)];
        parts.extend(content.html.map(|html| Part::new(HTML, html)));
        if check(self.now, flags, &parts).is_err() {
            // A few words may have much around them.
            parts.truncate(1);
        }
        check(self.now, flags, &parts)?;
        self.enqueue_parts(parts, flags, rng)
    }

    fn enqueue_parts(&mut self, parts: Vec<Part>, flags: u32, rng: &mut dyn CryptoRng) -> Result<ItemId, Problem> {
        let Some(identity) = &self.identity else { return Err(Problem::NoAccount) };
        let ttl_s = if flags == 0 { limits::TTL_S } else { self.settings().secret_life_s };
        let clip = Clip {
            item: self.fresh_item(rng),
            order: self.history.next_order(),
            cursor: 0,
            device: identity.id,
            at_ms: self.now,
            stored_ms: self.now,
            about: About::new(&parts),
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
            layout: Layout::Apart,
        };
        self.solved(|problem| matches!(problem, Problem::TooLarge { .. }));
        let (item, order, has_text) = (clip.item, clip.order, clip.about.has(TEXT));
        self.clips_revision += 1;
        let own = clip.device;
        let writes = self.history.add(clip, &parts, own);
        self.persist_all(writes);
        self.contents.bring(item, parts);
        self.outbox(|outbox, out| outbox.put_clip(item, order, has_text, out));
        self.bound_outbox(rng);
        self.flush(rng);
        Ok(item)
    }

    /// A name that nothing here has, even where random numbers repeat: the relay takes two items with
    /// one name for one.
    pub(super) fn fresh_item(&self, rng: &mut dyn CryptoRng) -> ItemId {
        let mut drawn = (0..8).map(|_| random_item(rng));
        drawn.find(|item| !self.is_known(item)).unwrap_or_else(|| random_item(rng))
    }

    /// A device that is away for long keeps the newest; what is given up is said.
    fn bound_outbox(&mut self, rng: &mut dyn CryptoRng) {
        while let Some(oldest) = self.outbox.overflow(self.relay.flight.item()) {
            self.give_up(&oldest, None, rng);
            self.fail(Problem::OutboxFull);
        }
    }

    /// Pushes what is oldest in the queue, if the line is free. One at a time: were a later one
    /// accepted and an earlier one refused, the receivers would see them out of order.
    pub(super) fn flush(&mut self, rng: &mut dyn CryptoRng) {
        let waits = self.line.is_paused() || self.relay.flight.next_push(self.now).is_some();
        let busy = self.relay.flight.item().is_some() || waits || !self.log_sync.is_newest;
        if !self.line.is_online() || busy || self.log_is_withheld() || self.wants_removal() {
            return;
        }
        while let Some(front) = self.outbox.front() {
            let (item, order, again) = (front.item, front.order, front.again);
            if front.cargo == Cargo::Payload && self.channels.get(&item).is_none() {
                self.give_up_front(rng);
                continue;
            }
            if front.cargo == Cargo::Clip {
                let Some(clip) = self.history.get(&item) else {
                    self.give_up_front(rng);
                    self.fail(Problem::OutboxFull);
                    continue;
                };
                // Another agent on the same clipboard was quicker.
                if !again && clip.about.has(TEXT) && self.history.came_after(order, clip.digest(), clip.device) {
                    self.give_up(&item, None, rng);
                    self.take_out(&item);
                    continue;
                }
            }
            if self.seal_front(rng) {
                let after = self.relay.place.cursor();
                if let Some(item) = self.outbox(|outbox, out| outbox.push(after, out)) {
                    self.relay.flight.pushed(item, after);
                }
            }
            return;
        }
        self.flight(Flight::relieved);
    }

    /// Takes a clip or a payload out of the queue that will not be sent; others are told, if they might miss it.
    pub(super) fn give_up(&mut self, item: &ItemId, text: Option<Hash>, rng: &mut dyn CryptoRng) {
        let Some(device) = self.own_id() else { return };
        let given_up = self.outbox(|outbox, out| outbox.give_up(item, device, text, rng, out));
        self.mark_given_up(item);
        if let Some(order) = given_up.reserved {
            self.history.reserve(order);
        }
        if let Some(cargo) = given_up.later {
            self.queue(cargo, rng);
        }
    }

    /// Gives up what is oldest in the queue. What was to be put back, others may have.
    pub(super) fn give_up_front(&mut self, rng: &mut dyn CryptoRng) {
        let Some((item, again)) = self.outbox.front().map(|front| (front.item, front.again)) else { return };
        if again {
            self.outbox(|outbox, out| outbox.withdraw(&item, out));
            self.mark_given_up(&item);
        } else {
            self.give_up(&item, None, rng);
        }
    }

    fn mark_given_up(&mut self, item: &ItemId) {
        // Nobody here looks at a payload of this device.
        self.channels(|channels, out| channels.remove(item, out));
        if let Some(clip) = self.history.get_mut(item) {
            clip.given_up = true;
            let write = clip.changed();
            self.persist(write);
        }
    }

    /// Sees to it that what is oldest in the queue has an envelope of the current epoch; whether it has.
    fn seal_front(&mut self, rng: &mut dyn CryptoRng) -> bool {
        let (Some(epoch), Some(own)) = (self.log().and_then(Log::epoch), self.own_id()) else { return false };
        let Some(what) = self.outbox.unsealed(epoch) else { return !self.outbox.is_empty() };
        if what.cargo.is_content() && self.at_hand(&what.item).is_none() {
            self.bring(&what.item, Purpose::Push, rng);
            return false;
        }
        let Some((envelope, there_ms)) = self.seal(&what, rng) else { return false };
        let (item, counter) = (what.item, what.counter);
        self.outbox(|outbox, out| outbox.sealed(&what, epoch, envelope, there_ms, out));
        if let Some(account) = &mut self.account {
            account.epoch_items = account.epoch_items.saturating_add(1);
        }
        self.channels(|channels, out| channels.sealed(&item, counter, out));
        if let Some(clip) = self.history.get_mut(&item) {
            clip.counter = counter;
            let write = clip.changed();
            self.persist(write);
        }
        self.persist_account();
        self.inbox(|inbox, out| inbox.note_own(own, counter, item, out));
        true
    }

    /// The envelope of something, and when it says that this device was there.
    fn seal(&self, what: &Unsealed, rng: &mut dyn CryptoRng) -> Option<(Vec<u8>, Option<u64>)> {
        let (log, keys) = (self.log()?, &self.identity.as_ref()?.keys);
        let (epoch, account, now) = (log.epoch()?, log.account(), self.now);
        let (log_seq, log_head) = log.head();
        let key = log.secret(epoch).ok()?.derive_item_key(&account, epoch);
        let address = |kind, ttl_s| Address {
            kind,
            account,
            epoch,
            log_seq,
            log_head,
            counter: what.counter,
            item: what.item,
            ttl_s,
        };
        let note = |kind| address(kind, limits::TTL_S);
        let mut there_ms = now;
        let envelope = match &what.cargo {
            Cargo::Clip => {
                let clip = self.history.get(&what.item)?;
                // If it has waited for long, it says nothing of today.
                there_ms = self.outbox.sent_ms().max(clip.at_ms).min(now);
                // What the relay had before lives no longer for it.
                let ttl_s = if what.again { clip.left_s(now).max(1) } else { clip.ttl_s };
                let flags = clip.flags | if what.superseded { FLAG_SUPERSEDED } else { 0 };
                let body = body(clip.at_ms, flags, &self.at_hand(&what.item)?);
                seal(keys, &key, &address(Kind::Clip, ttl_s), &body, rng).ok()?
            }
            Cargo::Payload => {
                let payload = self.channels.get(&what.item)?;
                let bytes = self.at_hand(&what.item)?.pop()?.bytes;
                there_ms = self.outbox.sent_ms().max(payload.at_ms).min(now);
                let ttl_s = if what.again { payload.left_s(now).max(1) } else { limits::TTL_S };
                let body = PayloadBody { at_ms: payload.at_ms, channel: payload.channel.clone(), bytes };
                seal_note(keys, &key, &address(Kind::Payload, ttl_s), &body, rng)
            }
            Cargo::Tombstone(deleted) => {
                let gone = deleted.iter().map(|deleted| name_gone(log, epoch, deleted)).collect();
                seal_note(keys, &key, &note(Kind::Tombstone), &Tombstone { at_ms: now, gone }, rng)
            }
            Cargo::Heartbeat => seal_note(keys, &key, &note(Kind::Heartbeat), &Heartbeat { at_ms: now }, rng),
            Cargo::Pins(pins) => seal_note(
                keys,
                &key,
                &note(Kind::State),
                &State { at_ms: now, pins: pins.clone(), capabilities: None },
                rng,
            ),
        };
        // The others have had what was there before.
        Some((envelope, (!what.again).then_some(there_ms)))
    }

    /// The relay has stored an item of ours.
    pub(super) fn pushed(&mut self, item: ItemId, at: Anchor, rng: &mut dyn CryptoRng) {
        self.flight(Flight::taken);
        self.pass_on(&item);
        self.settle(item, at.cursor);
        // It may have been deleted meanwhile.
        self.note_place(item, at.cursor);
        if self.relay.place.cursor().checked_add(1) == Some(at.cursor) {
            self.relay.place.took(at);
            self.persist_place();
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
    pub(super) fn settle(&mut self, item: ItemId, cursor: u64) {
        let now = self.now;
        match self
            .outbox(|outbox, out| outbox.settle(item, cursor, now, out))
            .map(|queued| (queued.again, queued.cargo))
        {
            Some((false, Cargo::Clip)) => self.notice(Notice::Sent { id: item.to_hex(), cursor }),
            Some((false, Cargo::Payload)) => self.notice(Notice::PayloadStored { id: item.to_hex(), cursor }),
            // The relay's order counts, and others may have said otherwise since it was queued.
            Some((_, Cargo::Pins(pins))) => {
                for pin in pins {
                    self.set_pinned(&pin.item, pin.pinned);
                }
            }
            Some(_) | None => {}
        }
        self.channels(|channels, out| channels.settle(&item, cursor, now, out));
        let write = self.history.get_mut(&item).filter(|clip| clip.cursor != cursor).map(|clip| {
            // What is put back goes on from when it was first there.
            if clip.sent_ms == 0 {
                clip.sent_ms = now;
            }
            clip.cursor = cursor;
            clip.changed()
        });
        if let Some(write) = write {
            self.clips_revision += 1;
            self.persist(write);
        }
    }

    /// The relay is heard, for the first time since then.
    pub(super) fn count_untaken(&mut self, since_ms: u64) {
        // Those are told by themselves.
        if !self.log_is_withheld()
            && !self.wants_removal()
            && self.relay.flight.heard(self.now, since_ms)
            && !self.is_refusal_shown()
        {
            self.fail(Problem::RelayTakesNothing);
        }
    }

    /// What is shown says already why nothing is taken.
    fn is_refusal_shown(&self) -> bool {
        matches!(
            self.notices.problem(),
            Some(
                Problem::RelayFull
                    | Problem::RelayNoSpace
                    | Problem::RelayUnavailable
                    | Problem::RelayRefused
                    | Problem::ListUnsaved
            )
        )
    }

    /// Tries the next push, if it is time.
    pub(super) fn push_after_pause(&mut self, rng: &mut dyn CryptoRng) {
        if self.relay.flight.take_due(self.now) {
            self.flush(rng);
        }
    }
}

/// What a tombstone of this epoch says of an item.
fn name_gone(log: &Log, epoch: u64, deleted: &Deleted) -> Gone {
    let Deleted { device, counter, item, text, .. } = deleted;
    let text = text.as_ref().and_then(|text| log.keyed(epoch, text));
    Gone { device: *device, counter: *counter, item: *item, text }
}

/// Links and codes are for another channel, and on their way there.
fn is_pairing_secret(text: &str) -> bool {
    Link::parse(text).is_ok() || (text.len() < 40 && Code::parse(text).is_ok())
}

fn check(at_ms: u64, flags: u32, parts: &[Part]) -> Result<(), Problem> {
    body(at_ms, flags, parts).check().map_err(|error| Problem::TooLarge { bytes: error.bytes })
}

/// `type/subtype` as in RFC 6838, section 4.2, perhaps with parameters behind it; and neither text nor HTML.
fn is_other_media_type(media: &str) -> bool {
    let name = media.split(';').next().unwrap_or_default().trim_end();
    let is_name = |name: &str| {
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_in_name)
    };
    let is_known = [TEXT, HTML].iter().any(|known| name.eq_ignore_ascii_case(known));
    let is_type = name.split_once('/').is_some_and(|(a, b)| is_name(a) && is_name(b));
    media.len() <= MEDIA_BYTES && !media.contains(char::is_control) && is_type && !is_known
}

fn body(at_ms: u64, flags: u32, parts: &[Part]) -> ClipBody {
    ClipBody { at_ms, flags, file_name: String::new(), parts: parts.to_vec() }
}
