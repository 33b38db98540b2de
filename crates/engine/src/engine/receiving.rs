//! Items on their way in. Order of checks: size, canonical form, account and epoch, log ancestry,
//! signature, counter, and only then opening. A bad item is dropped, never the stream.

use hushclip_crypto::body::{ClipBody, FLAG_BURN, FLAG_SENSITIVE, FLAG_SUPERSEDED, HTML, Part, State, TEXT, Tombstone};
use hushclip_model::settings::Apply;
use hushclip_model::{ClipView, Content, Notice, Problem};
use hushclip_protocol::envelope::{Envelope, Header};
use hushclip_protocol::frame::{Item, ToRelay};
use hushclip_protocol::ids::{DeviceId, Hash, ItemId, SignPk};
use hushclip_protocol::limits;
use hushclip_rich::harmless;
use rand_core::CryptoRng;

use super::Engine;
use crate::clip::{About, Clip, Layout, plain_and_html};
use crate::contents::Purpose;
use crate::history::text_digest;
use crate::inbox::Inbox;
use crate::line::Phase;
use crate::log::Log;
use crate::notices::AlertKind;
use crate::opened::{Body, Closed, open_body};
use crate::relay_line::most_unacknowledged;

/// How many items may come in pages that are no news: a relay keeps no more than [`limits::ITEMS`], and while the log
/// is fetched a page comes twice.
const NO_NEWS: usize = 2 * limits::ITEMS;
/// What a page without items counts as.
const EMPTY_PAGE: usize = NO_NEWS / 8;

/// Longest media type, bytes (RFC 6838, section 4.2).
pub(super) const MEDIA_BYTES: usize = 255;
/// So many forms of a clip are kept beside text and HTML.
const OTHERS: usize = 16;

/// What became of one item.
enum Outcome {
    /// Stored here.
    Received(ItemId),
    /// Ours, or not acceptable, or not for us: nothing more to do.
    Passed,
    /// Its sender has seen log entries that this device has not.
    NeedsLog,
    /// Its sender has another entry at a known position of the log.
    Forked(ItemId, u64, Hash),
}

impl Engine {
    /// Asks for what comes next while catching up: the log first, then items.
    pub(super) fn catch_up(&mut self) {
        let Some(account) = &self.account else { return };
        if account.log.members().is_none() || !self.log_sync.is_newest {
            return self.pull_log();
        }
        // One at a time: two answers to one question would look like the end.
        if self.relay.pulls > 0 {
            return;
        }
        let pull = ToRelay::Pull { after: self.relay.place.cursor(), limit: limits::PULL_ITEMS };
        self.relay.pulls += 1;
        self.line.expect_items(self.now);
        self.send(&pull);
    }

    /// Something was missed on an open line.
    pub(super) fn pull_again(&mut self) {
        self.line.catch_up();
        self.line.end_pause();
        self.catch_up();
    }

    pub(super) fn items(&mut self, items: &[Item], has_more: bool, through: u64, rng: &mut dyn CryptoRng) {
        self.relay.pulls = self.relay.pulls.saturating_sub(1);
        self.line.items_came();
        if self.line.phase() != Phase::CatchingUp {
            return;
        }
        self.relay.no_news += if items.is_empty() { EMPTY_PAGE } else { items.len() };
        for item in items {
            match self.take(item, !self.log_sync.fetched_for_item, rng) {
                Outcome::Received(id) => self.newest_missed = Some(id),
                Outcome::Passed => {}
                Outcome::NeedsLog => {
                    self.log_sync.fetched_for_item = true;
                    self.persist_account();
                    return self.pull_log();
                }
                Outcome::Forked(item, seq, head) => return self.forked_at_item(item, seq, head),
            }
        }
        self.log_sync.fetched_for_item = false;
        // Not before: a page that the log interrupts comes once more.
        for item in items {
            self.note_read(item);
        }
        let advanced = self.relay.place.read(through, items.last().map(Item::anchor));
        let cursor = self.relay.place.cursor();
        self.persist_place();
        self.persist_account();
        if has_more {
            // A relay that says "more" and brings nothing new would keep this device busy for ever.
            if advanced && self.relay.no_news <= NO_NEWS {
                return self.catch_up();
            }
            self.show(Problem::RelayEndless);
            return self.hang_up(rng);
        }
        self.solved(|problem| {
            matches!(problem, Problem::RelayGarbled | Problem::RelayEndless | Problem::RelayUnavailable)
        });
        self.relay.acks.sent(self.now);
        self.send(&ToRelay::Ack { cursor });
        self.line.caught_up(self.now);
        self.relay.no_news = 0;
        let made_room = self.inbox(Inbox::judge_holes);
        self.settle_removals();
        self.note_in_sync();
        self.relay.place.caught_up();
        self.persist_place();
        self.notice(Notice::CaughtUp);
        self.put_back(made_room, rng);
        self.reopen_invite();
        // Before the clipboard is written: it drops what waits to be sent and is no news.
        self.flush(rng);
        self.apply_newest_missed(rng);
        self.upkeep(rng);
    }

    pub(super) fn live_item(&mut self, item: &Item, rng: &mut dyn CryptoRng) {
        // While catching up the pull that is under way brings it too.
        if !self.line.is_online() {
            return;
        }
        match item.cursor.checked_sub(self.relay.place.cursor()) {
            Some(1) => {}
            // It gives a place a second time: that is not the relay, or not the one, that was read so far.
            // Signing in finds out how far the two agree.
            None | Some(0) => return self.hang_up(rng),
            Some(_) => return self.pull_again(),
        }
        match self.take(item, true, rng) {
            Outcome::Received(id) => self.newest_missed = Some(id),
            Outcome::Passed => {}
            Outcome::NeedsLog => {
                self.log_sync.fetched_for_item = true;
                self.line.catch_up();
                return self.pull_log();
            }
            Outcome::Forked(item, seq, head) => return self.forked_at_item(item, seq, head),
        }
        self.relay.place.took(item.anchor());
        self.persist_place();
        self.persist_account();
        self.note_in_sync();
        let most = self.relay.bounds.as_ref().map_or(u64::MAX, most_unacknowledged);
        if self.relay.acks.stored(item.envelope.len() as u64, most, self.now) {
            self.send(&ToRelay::Ack { cursor: item.cursor });
        }
        self.apply_newest_missed(rng);
    }

    /// The relay takes an item only from a device that has everything before it, and does not say so to the others.
    fn note_pushed_by(&mut self, device: DeviceId, cursor: u64) {
        let reached = self.relay.delivered.get(&device).copied().unwrap_or_default();
        if cursor > reached && self.is_member(&device) {
            self.relay.delivered.insert(device, cursor);
            self.clips_revision += 1;
        }
    }

    /// Puts the newest clip that came in on the clipboard; the ones before it go to the list only.
    /// A clip that was copied here and still waits to be sent is newer than what was missed. One that is put back, because
    /// the relay has lost it, is if its time says so.
    fn apply_newest_missed(&mut self, rng: &mut dyn CryptoRng) {
        let Some(clip) = self.newest_missed.take().and_then(|item| self.history.get(&item)) else { return };
        let item = clip.item;
        let is_newer = |item: ItemId| self.history.get(&item).is_some_and(|own| own.at_ms > clip.at_ms);
        let is_old = self.outbox.waiting() > 0 || self.outbox.clips_put_back().any(is_newer);
        if clip.about.beginning().is_empty() || is_old || self.settings().apply != Apply::Always {
            return;
        }
        self.bring(&item, Purpose::Apply, rng);
    }

    fn take(&mut self, item: &Item, may_fetch_log: bool, rng: &mut dyn CryptoRng) -> Outcome {
        // What is not stored anywhere would make room for nothing, for ever.
        if item.cursor == 0 {
            return Outcome::Passed;
        }
        let Ok(envelope) = Envelope::parse(&item.envelope) else { return Outcome::Passed };
        let header = &envelope.header;
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return Outcome::Passed };
        if header.sender == identity.id {
            if envelope.verify(&identity.keys.sign_pk()) {
                self.settle(header.item, item.cursor);
                self.outbox(|outbox, out| outbox.note_shown(header.item, item.cursor, out));
                self.note_place(header.item, item.cursor);
                let is_news = self.outbox(|outbox, out| outbox.note_counter(header.counter, out));
                self.inbox(|inbox, out| inbox.count_own(header, is_news, out));
            }
            return Outcome::Passed;
        }
        let log = &account.log;
        let Some(members) = log.members() else { return Outcome::NeedsLog };
        // Whom the person wants out stops nobody any more with what it says of the log.
        let goes = self.changes.goes(&header.sender);
        if header.log_seq > members.seq() {
            if goes {
                return Outcome::Passed;
            }
            let named = is_by_member(log, &envelope).then_some((header.sender, header.log_seq));
            if may_fetch_log {
                self.log_sync.named = named;
                return Outcome::NeedsLog;
            }
            if let Some((sender, seq)) = named {
                self.note_withheld(sender, seq);
            }
            return Outcome::Passed;
        }
        if !goes && log.head_at(header.log_seq) != Some(header.log_head) && is_by_member(log, &envelope) {
            if log.is_passed_over(&header.item) {
                return Outcome::Passed;
            }
            return Outcome::Forked(header.item, header.log_seq, header.log_head);
        }
        let Some(key) = sender_key(log, header) else { return Outcome::Passed };
        if !envelope.verify(&key) {
            return Outcome::Passed;
        }
        self.note_pushed_by(header.sender, item.cursor);
        if !self.inbox(|inbox, out| inbox.is_news(header, out)) {
            let joined = self.join(&envelope, item.cursor, rng);
            self.note_shown(header, rng);
            if self.note_place(header.item, item.cursor) {
                self.restate_pin(header.item, rng);
            }
            return joined.map_or_else(|| self.take_repeated(&envelope, item.cursor, rng), Outcome::Received);
        }
        let sender = header.sender;
        // A relay that was set back has it again, and its tombstone is no news.
        let is_deleted = self.inbox.is_deleted(header);
        let opened = self.log().map_or(Err(Closed::BeforeUs), |log| open_body(log, &envelope));
        let at_ms = match &opened {
            Ok(body) => body.at_ms(),
            // What is wrong with it is told.
            Err(Closed::Unreadable | Closed::Denied) => self.now,
            Err(Closed::BeforeUs | Closed::TooLate | Closed::Later) => 0,
        };
        self.count(header, at_ms);
        self.note_shown(header, rng);
        let received = match opened {
            Ok(body) if is_deleted => {
                self.confirm(header, body.at_ms());
                None
            }
            _ if is_deleted => None,
            Ok(body) => self.take_body(header, body, item.cursor, rng),
            Err(Closed::BeforeUs) => None,
            Err(Closed::Later) => {
                self.inbox(|inbox, out| inbox.note_later(sender, out));
                None
            }
            Err(Closed::TooLate) => {
                self.inbox(|inbox, out| inbox.lose_newest(&sender, out));
                None
            }
            Err(Closed::Denied) => {
                self.tell_bad_keys(header.epoch);
                None
            }
            Err(Closed::Unreadable) => {
                self.count_up_alert(AlertKind::Unreadable, sender);
                None
            }
        };
        self.report_holes(sender);
        self.take_early(sender, rng);
        received.map_or(Outcome::Passed, Outcome::Received)
    }

    /// What has a counter that came before. A clip or a payload that was made after all that its sender is known to have made is no
    /// repetition: the sender has forgotten its counters, as after a restored backup, or there are two of it. Of notes
    /// that says nothing: one that is put back is made anew.
    fn take_repeated(&mut self, envelope: &Envelope<'_>, cursor: u64, rng: &mut dyn CryptoRng) -> Outcome {
        // A relay that was set back shows what was deleted meanwhile, and clocks may have been put back.
        if self.relay.place.is_set_back() {
            return Outcome::Passed;
        }
        let (header, Some(account)) = (&envelope.header, &self.account) else { return Outcome::Passed };
        let confirmed_ms = self.inbox.repeats_after(header).filter(|_| self.is_member(&header.sender));
        let Some(confirmed_ms) = confirmed_ms else { return Outcome::Passed };
        let opened = open_body(&account.log, envelope);
        let Ok(body @ (Body::Clip(_) | Body::Payload(_))) = opened else { return Outcome::Passed };
        if body.at_ms() <= confirmed_ms {
            return Outcome::Passed;
        }
        self.inbox(|inbox, out| inbox.cloned(header.sender, out));
        let received = self.take_body(header, body, cursor, rng);
        received.map_or(Outcome::Passed, Outcome::Received)
    }

    /// Does what an envelope asks for whose place, signature and counter are in order. Returns a clip that
    /// belongs on the clipboard.
    pub(super) fn take_body(
        &mut self,
        header: &Header,
        body: Body,
        cursor: u64,
        rng: &mut dyn CryptoRng,
    ) -> Option<ItemId> {
        self.confirm(header, body.at_ms());
        match body {
            Body::Clip(body) => return self.add_received(header, &body, cursor),
            Body::Payload(body) => self.take_payload(header, &body, cursor),
            Body::Tombstone(Tombstone { gone, .. }) => {
                self.bury(header.sender, header.epoch, &gone[..gone.len().min(Tombstone::MOST)], rng);
            }
            Body::State(State { pins, capabilities, .. }) if self.is_member(&header.sender) => {
                if let Some(capabilities) = capabilities {
                    self.inbox(|inbox, out| inbox.note_capabilities(header.sender, capabilities, out));
                }
                for pin in pins.iter().take(State::MOST) {
                    self.set_pinned(&pin.item, pin.pinned);
                }
            }
            Body::State(_) | Body::Heartbeat(_) => {}
            Body::Later(_) => self.inbox(|inbox, out| inbox.note_later(header.sender, out)),
        }
        None
    }

    fn add_received(&mut self, header: &Header, body: &ClipBody, cursor: u64) -> Option<ItemId> {
        let id = header.item;
        if self.is_known(&id) {
            return None;
        }
        if !body.parts.is_empty() && !body.parts.iter().any(is_known) {
            self.inbox(|inbox, out| inbox.note_later(header.sender, out));
        }
        let text = body.text_of(TEXT);
        let own = self.own_id().unwrap_or(header.sender);
        let repeated = text.is_some_and(|text| self.history.newest_is(&text_digest(text), own, self.now));
        let flags = body.flags & (FLAG_SENSITIVE | FLAG_BURN);
        let parts = kept(body);
        // Other clips live long at the relay only.
        let expires_ms = if flags == 0 { 0 } else { secret_ends(self.now, header, body) };
        let clip = Clip {
            item: id,
            order: self.history.next_order(),
            cursor,
            device: header.sender,
            at_ms: body.at_ms,
            stored_ms: self.now,
            about: About::new(&parts),
            sent_ms: 0,
            flags: flags | (body.flags & FLAG_SUPERSEDED),
            ttl_s: header.ttl_s,
            expires_ms,
            counter: header.counter,
            pinned: false,
            trashed_ms: 0,
            origin: String::new(),
            late: !self.is_member(&header.sender),
            given_up: false,
            layout: Layout::Apart,
        };
        let (late, digest) = (clip.late, *clip.digest());
        // Another agent on this clipboard was asked, and sent it.
        if let Some(text) = text.filter(|_| !late) {
            self.secrets.drop_text(text);
        }
        let Content { text: whole, html } = plain_and_html(&parts);
        let shown = ClipView { text: whole, html, cut: false, ..self.present_clip(&clip) };
        self.clips_revision += 1;
        let writes = self.history.add(clip, &parts, own);
        self.persist_all(writes);
        self.contents.bring(id, parts);
        self.notice(Notice::Received { clip: shown });
        let superseded = body.flags & FLAG_SUPERSEDED != 0;
        let is_missed = |missed: ItemId| self.history.get(&missed).is_some_and(|clip| *clip.digest() == digest);
        let is_back = repeated && !self.newest_missed.is_some_and(is_missed);
        // What has no text is on no clipboard, newer or older than anything.
        if text.is_some() && (late || is_back || (superseded && self.is_newer_than_missed(header, body.at_ms))) {
            // The newest clip stays off the clipboard, so what is older than it does not go there either: other
            // programs on this clipboard have passed that long ago.
            self.newest_missed = None;
        }
        // For the list only: its sender had a newer one, the clipboard holds it already, or there is nothing in it
        // that could be put there. Or the sender is out, and with the relay it could put anything on the clipboard
        // under counters that were kept from others.
        let list_only = late || superseded || repeated || text.is_none();
        (!list_only).then_some(id)
    }

    /// Whether a clip was copied after the one that would go to the clipboard. What is put back has another place at the
    /// relay than it had, so that does not say it; counters do, and between two senders, their clocks.
    pub(super) fn is_newer_than_missed(&self, header: &Header, at_ms: u64) -> bool {
        let missed = self.newest_missed.and_then(|item| self.history.get(&item));
        missed.is_some_and(|missed| missed.device == header.sender || missed.at_ms < at_ms)
    }
}

fn is_known(part: &Part) -> bool {
    part.media == TEXT || part.media == HTML
}

/// What is kept of a clip's forms: the text, the harmless part of the HTML, and a few that a later version may know.
fn kept(body: &ClipBody) -> Vec<Part> {
    let text = body.text_of(TEXT).unwrap_or_default().to_owned();
    // Its sender may be older than this device, or somebody's own work.
    let content = harmless(Content { text: text.clone(), html: body.text_of(HTML).map(str::to_owned) });
    let html = content.and_then(|content| content.html).map(|html| Part::new(HTML, html));
    let text = (!text.is_empty()).then(|| Part::new(TEXT, text));
    let others = body.parts.iter().filter(|part| !is_known(part) && part.media.len() <= MEDIA_BYTES).take(OTHERS);
    text.into_iter().chain(html).chain(others.cloned()).collect()
}

/// When a secret goes: by the time of its copy, so that all devices count down to the same moment. What the relay
/// still has is not over: where the sender's clock says otherwise, or is ahead, the whole time counts from now. So it
/// does for one that is put back, whose header says what is left.
fn secret_ends(now: u64, header: &Header, body: &ClipBody) -> u64 {
    let life_ms = u64::from(header.ttl_s) * 1000;
    let (end, latest) = (body.at_ms.saturating_add(life_ms), now.saturating_add(life_ms));
    let is_told = body.flags & FLAG_SUPERSEDED == 0 && (now + 1..=latest).contains(&end);
    if is_told { end } else { latest }
}

/// Whether a present member of this account has signed it, wherever it stands in the log.
fn is_by_member(log: &Log, envelope: &Envelope<'_>) -> bool {
    let sender = log.members().and_then(|members| members.member(&envelope.header.sender));
    envelope.header.account == log.account() && sender.is_some_and(|member| envelope.verify(&member.sign_pk))
}

/// The key that an envelope must be signed with, if its place in the log is in order: account,
/// epoch, a log head that this device knows too, and a sender who was allowed to send it.
pub(super) fn sender_key(log: &Log, header: &Header) -> Option<SignPk> {
    let members = log.members()?;
    // Each log entry starts an epoch, the first one epoch 0.
    let in_order = header.account == log.account()
        && header.epoch == header.log_seq
        && log.head_at(header.log_seq) == Some(header.log_head);
    if !in_order {
        return None;
    }
    if let Some(member) = members.member(&header.sender) {
        return Some(member.sign_pk);
    }
    let removed = members.removed(&header.sender)?;
    (header.counter <= removed.last_counter).then_some(removed.sign_pk)
}
