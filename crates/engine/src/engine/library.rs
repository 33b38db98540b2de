//! The library of clips as a person uses it: finding, pinning, deleting on all devices with time to take
//! that back, and what goes by itself because it was meant to.

use hushclip_crypto::body::{FLAG_BURN, FLAG_SENSITIVE, Pin, TEXT, Tombstone};
use hushclip_model::{ClipView, CommandId, Outcome, Query, View};
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use rand_core::CryptoRng;

use super::Engine;
use crate::Effect;
use crate::clip::{Clip, Source};
use crate::contents::Purpose;
use crate::history::text_digest;
use crate::outbox::{Cargo, Deleted};
use crate::part::{Outputs, random_item};
use crate::record::{SEEN, put};
use crate::search::Search;
use crate::secrets::secret_of;
use crate::traces::Traces;

impl Engine {
    /// What a person sees, with the clips that they look for.
    pub fn find(&self, query: &Query) -> View {
        let search = Search::new(query);
        let mut view = self.present_frame();
        for clip in self.history.shown().filter(|clip| search.finds(clip)) {
            view.found += 1;
            if view.clips.len() < query.limit as usize {
                view.clips.push(self.present_clip(clip));
            }
        }
        view
    }

    /// Clips of other devices after a place in the list, newest first.
    pub fn received_after(&self, order: u64) -> Vec<ClipView> {
        let newer = self.history.shown().take_while(|clip| clip.order > order);
        newer.filter(|clip| Some(clip.device) != self.own_id()).map(|clip| self.present_clip(clip)).collect()
    }

    /// The greatest place in the list that any clip or payload has or had; 0 before there was any. It never goes back
    /// while this device is in one account.
    pub fn newest_order(&self) -> u64 {
        self.history.newest_order().max(self.channels.newest_order())
    }

    /// How many items of any kind wait for the relay.
    pub fn unsent(&self) -> usize {
        self.outbox.len()
    }

    /// Where the content of a clip is.
    pub fn source(&self, id: &str) -> Option<Source> {
        self.history.get(&ItemId::from_hex(id)?).map(Clip::source)
    }

    /// Whether this is the text of a secret in the list.
    pub fn is_secret(&self, text: &str) -> bool {
        let digest = text_digest(text);
        self.history.iter().any(|clip| *clip.digest() == digest && secret_of(clip).is_some())
    }

    /// Puts a clip on the clipboard, at the person's wish.
    ///
    /// Answered when it is there.
    pub(super) fn take_from_list(&mut self, id: CommandId, clip: &str, plain: bool, rng: &mut dyn CryptoRng) {
        // What has no text goes on no clipboard.
        let has_text = |item: &ItemId| self.history.get(item).is_some_and(|clip| clip.about.has(TEXT));
        match ItemId::from_hex(clip).filter(has_text) {
            Some(item) => self.bring(&item, Purpose::Take { id, plain }, rng),
            // It went while the person was choosing.
            None => self.answer(id, Outcome::Done),
        }
    }

    /// The person took a clip to the clipboard, and the shell put it there.
    pub(super) fn copied(&mut self, id: &str, rng: &mut dyn CryptoRng) {
        let Some(item) = ItemId::from_hex(id) else { return };
        self.history.take(&item);
        // Such a shell sees no pastes, so this is as near to the first one as it gets.
        if self.history.get(&item).is_some_and(|clip| self.burns_here(clip)) {
            self.delete_for_all(&[item], rng);
        }
    }

    /// Something was pasted: if it was a clip to be forgotten then, it is.
    pub(super) fn pasted(&mut self, rng: &mut dyn CryptoRng) {
        let burning = self.history.iter().find(|clip| self.burns_here(clip) && self.history.holds(clip.digest()));
        let Some(item) = burning.map(|clip| clip.item) else { return };
        self.delete_for_all(&[item], rng);
    }

    fn burns_here(&self, clip: &Clip) -> bool {
        clip.flags & FLAG_BURN != 0 && self.identity.as_ref().is_some_and(|identity| identity.id != clip.device)
    }

    pub(super) fn pin(&mut self, id: &str, pinned: bool, rng: &mut dyn CryptoRng) {
        let Some(item) = ItemId::from_hex(id) else { return };
        // Where the relay has it after the pin, the others have no clip yet to pin; they are told when it joins.
        let is_ahead = self.history.get(&item).is_some_and(|clip| self.runs_ahead(clip));
        if self.set_pinned(&item, pinned) && !is_ahead {
            self.queue(Cargo::Pins(vec![Pin { item, pinned }]), rng);
        }
    }

    /// Says whether that is news.
    pub(super) fn set_pinned(&mut self, item: &ItemId, pinned: bool) -> bool {
        let Some(clip) = self.history.get_mut(item).filter(|clip| clip.pinned != pinned) else { return false };
        clip.pinned = pinned;
        let write = clip.changed();
        self.persist(write);
        self.clips_revision += 1;
        true
    }

    /// Takes clips out of sight, for now.
    pub(super) fn delete(&mut self, items: impl Iterator<Item = ItemId>) {
        let at = self.now.max(1);
        self.trash(items, |trashed| (trashed == 0).then_some(at));
    }

    pub(super) fn delete_all(&mut self) {
        let all: Vec<_> = self.history.iter().map(|clip| clip.item).collect();
        self.delete(all.into_iter());
    }

    pub(super) fn undelete(&mut self, ids: &[String]) {
        let items: Vec<_> = if ids.is_empty() {
            self.history.iter().map(|clip| clip.item).collect()
        } else {
            ids.iter().filter_map(|id| ItemId::from_hex(id)).collect()
        };
        self.trash(items.into_iter(), |trashed| (trashed != 0).then_some(0));
    }

    fn trash(&mut self, items: impl Iterator<Item = ItemId>, new: impl Fn(u64) -> Option<u64>) {
        for item in items {
            let Some(clip) = self.history.get_mut(&item) else { continue };
            let Some(trashed_ms) = new(clip.trashed_ms) else { continue };
            clip.trashed_ms = trashed_ms;
            let write = clip.changed();
            self.persist(write);
            self.clips_revision += 1;
        }
    }

    /// Deletes clips here, and tells the others to.
    pub(super) fn delete_for_all(&mut self, items: &[ItemId], rng: &mut dyn CryptoRng) {
        let mut gone = Vec::new();
        for item in items {
            let Some(clip) = self.history.get(item) else { continue };
            let Clip { device, counter, cursor, flags, .. } = *clip;
            let unsent = self.outbox.contains(item);
            // Short secrets can be guessed, and are asked about before they are sent anyway.
            let text = (flags & FLAG_SENSITIVE == 0).then(|| *clip.digest());
            if !unsent && counter > 0 && clip.origin.is_empty() {
                gone.push(Deleted { device, counter, item: *item, cursor, text });
            }
            self.forget(item, text, rng);
        }
        for part in gone.chunks(Tombstone::MOST) {
            self.queue(Cargo::Tombstone(part.to_vec()), rng);
        }
    }

    /// Takes a clip out of the list, and a secret that Hushclip put on the clipboard from there too. If
    /// this device was about to send the same, because two saw it on one clipboard, that goes with it. If it was
    /// sending this one, the relay may have stored it, and others are to know the text.
    pub(super) fn forget(&mut self, item: &ItemId, text: Option<Hash>, rng: &mut dyn CryptoRng) {
        let Some(clip) = self.history.get(item) else { return };
        let foreign = Some(clip.device) != self.own_id();
        // What the relay has not shown may be deleted because it never had it.
        let may_be_same = foreign && !self.runs_ahead(clip);
        let mut same = if may_be_same { self.history.same_before(clip, self.now) } else { Vec::new() };
        // What is put back, others have had.
        same.retain(|same| self.outbox.new_clips().any(|new| new == *same));
        let put_there = (foreign && !clip.late) || self.history.was_taken(clip.digest());
        if put_there && secret_of(clip).is_some() && self.history.holds(clip.digest()) {
            let digest = *clip.digest();
            self.effect(Effect::ClearClipboard(digest));
        }
        let same = same.into_iter().map(|item| (item, None));
        for (gone, text) in same.chain([(*item, text)]) {
            if self.outbox.contains(&gone) {
                self.give_up(&gone, text, rng);
            }
            self.take_out(&gone);
        }
    }

    /// Queues something for the other devices that is no clip.
    pub(super) fn queue(&mut self, cargo: Cargo, rng: &mut dyn CryptoRng) {
        if self.account.is_none() {
            return;
        }
        let order = self.history.next_order();
        self.history.reserve(order);
        let item = random_item(rng);
        self.outbox(|outbox, out| outbox.put(item, order, cargo, out));
        self.flush(rng);
    }

    pub(super) fn seen(&mut self) {
        let newest = self.history.next_order() - 1;
        if self.seen_order != newest {
            self.seen_order = newest;
            self.persist(put(SEEN, &newest));
            self.clips_revision += 1;
        }
    }

    /// Clips of other devices that came since the person last saw the list.
    pub(super) fn unread(&self) -> u32 {
        let newer = self.history.shown().take_while(|clip| clip.order > self.seen_order);
        newer.filter(|clip| self.is_unread(clip)).count() as u32
    }

    pub(super) fn is_unread(&self, clip: &Clip) -> bool {
        // Own clips and imported ones name this device.
        clip.order > self.seen_order && Some(clip.device) != self.own_id()
    }

    pub(super) fn own_id(&self) -> Option<DeviceId> {
        let removed = self.removed.as_ref().map(|removed| removed.device);
        self.identity.as_ref().map(|identity| identity.id).or(removed)
    }

    /// When [`Engine::tidy_library`] has something to do next.
    pub(super) fn next_tidying(&self) -> Option<u64> {
        let answers = self.secrets.next_due();
        self.history.iter().filter_map(|clip| clip.goes_at(self.now)).chain(answers).min()
    }

    /// Lets go what has had its time.
    pub(super) fn tidy_library(&mut self, rng: &mut dyn CryptoRng) {
        self.drop_unanswered();
        let now = self.now;
        self.traces(|traces, out| traces.tidy(now, out));
        let due = |clip: &&Clip| clip.goes_at(now).is_some_and(|at| at <= now);
        let due: Vec<_> = self.history.iter().filter(due).map(|clip| clip.item).collect();
        let (mut own, own_id) = (Vec::new(), self.own_id());
        for item in due {
            let Some(clip) = self.history.get(&item) else { continue };
            let expired = clip.expires_ms != 0 && clip.trashed_ms == 0;
            // What has expired, its sender tells everybody; it goes here anyway.
            if expired && Some(clip.device) != own_id {
                self.forget(&item, None, rng);
            } else {
                own.push(item);
            }
        }
        self.delete_for_all(&own, rng);
    }

    fn traces(&mut self, act: impl FnOnce(&mut Traces, &mut Outputs)) {
        let mut out = Outputs::default();
        act(&mut self.traces, &mut out);
        self.carry_out(out);
    }

    /// Whether a content was deleted a moment ago.
    pub(super) fn was_deleted(&self, digest: &Hash) -> bool {
        !self.traces.is_empty() && self.has_trace(digest)
    }

    /// Whether the clipboard was last seen to hold a text that was deleted a moment ago.
    pub(super) fn shows_deleted(&self) -> bool {
        self.history.on_clipboard().is_some_and(|digest| self.has_trace(digest))
    }

    fn has_trace(&self, text: &Hash) -> bool {
        self.log().is_some_and(|log| self.traces.has(self.now, |epoch| log.keyed(epoch, text)))
    }

    /// Takes a clip out of the list.
    pub(super) fn take_out(&mut self, item: &ItemId) {
        let Some((clip, writes)) = self.history.remove(item) else { return };
        self.persist_all(writes);
        self.clips_revision += 1;
        // No agent has put a late one on a clipboard.
        let Some(log) = self.log().filter(|_| !clip.late) else { return };
        let keyed = log.epoch().and_then(|epoch| Some((epoch, log.keyed(epoch, clip.digest())?)));
        if let Some((epoch, digest)) = keyed {
            let now = self.now;
            self.traces(|traces, out| traces.note(epoch, digest, now, out));
        }
    }

    /// A clip that never came here is deleted. If this device was about to send the same, because it saw it on a
    /// clipboard, that goes too.
    pub(super) fn forget_text(&mut self, epoch: u64, digest: Hash, rng: &mut dyn CryptoRng) {
        let now = self.now;
        self.traces(|traces, out| traces.note(epoch, digest, now, out));
        let Some(log) = self.log() else { return };
        let same =
            |item: &ItemId| self.history.get(item).is_some_and(|clip| log.keyed(epoch, clip.digest()) == Some(digest));
        let same: Vec<ItemId> = self.outbox.new_clips().filter(same).collect();
        if !same.is_empty() {
            // It is what the person copied here last, and newer than what was missed so far.
            self.newest_missed = None;
        }
        for item in same {
            self.forget(&item, None, rng);
        }
    }

    /// An item has come by, whether it is news or not: should it be deleted, this is where it is stored. Says whether it is a
    /// pinned clip that was put back.
    pub(super) fn note_place(&mut self, item: ItemId, cursor: u64) -> bool {
        let own = self.own_id();
        if let Some(clip) = self.history.get_mut(&item).filter(|clip| Some(clip.device) != own && clip.cursor != cursor)
        {
            clip.cursor = cursor;
            let (write, pinned) = (clip.changed(), clip.pinned);
            self.persist(write);
            return pinned;
        }
        if !self.channels(|channels, out| channels.note_place(&item, cursor, out)) {
            self.outbox(|outbox, out| outbox.note_place(item, cursor, out));
        }
        false
    }

    /// Others have a clip only since now, and do not know that it is pinned.
    pub(super) fn restate_pin(&mut self, item: ItemId, rng: &mut dyn CryptoRng) {
        let pin = Pin { item, pinned: true };
        if !self.outbox(|outbox, out| outbox.add_pin(&pin, out)) {
            self.queue(Cargo::Pins(vec![pin]), rng);
        }
    }
}
