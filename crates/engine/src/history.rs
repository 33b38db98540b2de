//! The local list of clips, and the answer to "is this clipboard content news?".

use hushclip_crypto::body::{FLAG_SUPERSEDED, Part, TEXT};
use std::collections::VecDeque;

use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::label;

use crate::clip::Clip;
use crate::effect::Write;
use crate::state::{clipboard_record, coming_record, delete_clipboard, delete_coming, order_record};

/// Clips kept on a device, besides pinned ones.
const KEPT: usize = 5000;
/// Bytes of clips kept.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// Late clips kept besides, so that who is out takes no other clip's room.
const LATE: usize = 32;
/// The order of the first clip. What is imported is older and takes the places before it.
const FIRST: u64 = 1 << 32;
/// How many of the newest clips are looked at to recognise an echo.
const LOOKED_AT: usize = 32;
/// How long after a clip came in another program may still be busy putting it on the clipboard, in
/// milliseconds.
const ECHO_MS: u64 = 10_000;
/// The same for the newest clip of the others, which is what an agent puts there that was away: as long
/// as the longest pause between two of its attempts.
pub(crate) const LATE_MS: u64 = 60_000;

/// All who find one copy have found it by then, in milliseconds.
const FOUND_MS: u64 = 2_000;

/// Clips in ascending order of arrival here.
#[derive(Default)]
pub(crate) struct History {
    clips: VecDeque<Clip>,
    /// Digest of what the person took from the list, which will show up on the clipboard.
    taken: Option<Hash>,
    /// Digest of what was last seen or put on the clipboard.
    on_clipboard: Option<Hash>,
    /// Digest of what is being put there. Were it noted only before or only after that, a process
    /// killed between would take the older or the newer content for the person's.
    coming: Option<Hash>,
    /// Size of all clips that are not late.
    bytes: u64,
    /// The greatest order that something else than a clip has.
    reserved: u64,
    /// The greatest order of a clip that was the newest and is gone: programs know by it what they have had.
    gone: u64,
    /// When this device learned of removals.
    removals_ms: Vec<u64>,
}

impl History {
    pub(crate) fn restore(clips: Vec<Clip>, on_clipboard: Option<Hash>, coming: Option<Hash>, gone: u64) -> Self {
        let bytes = clips.iter().map(size).fold(0, u64::saturating_add);
        Self { clips: clips.into(), on_clipboard, coming, bytes, gone, ..Self::default() }
    }

    /// Those that are not deleted, newest first.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Clip> {
        self.iter().filter(|clip| clip.trashed_ms == 0)
    }

    /// Newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Clip> {
        self.clips.iter().rev()
    }

    /// Newest first.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Clip> {
        self.clips.iter_mut().rev()
    }

    pub(crate) fn next_order(&self) -> u64 {
        self.newest_order().max(FIRST - 1).max(self.reserved) + 1
    }

    /// The greatest order that any clip has or had; 0 before there was any.
    pub(crate) fn newest_order(&self) -> u64 {
        self.clips.back().map_or(0, |clip| clip.order).max(self.gone)
    }

    /// Notes that the newest clip is gone, if this was it; returns what to persist.
    fn note_gone(&mut self, order: u64) -> Option<Write> {
        (order > self.newest_order()).then(|| {
            self.gone = order;
            order_record(order)
        })
    }

    /// Something else than a clip has this order, and nothing is to have it again.
    pub(crate) fn reserve(&mut self, order: u64) {
        self.reserved = self.reserved.max(order);
    }

    pub(crate) fn get_mut(&mut self, item: &ItemId) -> Option<&mut Clip> {
        self.clips.iter_mut().rev().find(|clip| clip.item == *item)
    }

    pub(crate) fn get(&self, item: &ItemId) -> Option<&Clip> {
        self.clips.iter().rev().find(|clip| clip.item == *item)
    }

    /// Those that may have been on this clipboard, newest first: what has no text goes on none. Late ones were not, but
    /// for a moment: another agent
    /// may have got them before the removal.
    fn in_play(&self, now: u64) -> impl Iterator<Item = &Clip> {
        let late_too = self.has_late_echoes(now);
        self.iter().filter(move |clip| clip.about.has(TEXT) && (late_too || !clip.late))
    }

    fn has_late_echoes(&self, now: u64) -> bool {
        self.removals_ms.iter().any(|at_ms| now.abs_diff(*at_ms) < LATE_MS)
    }

    /// This device has learned of a removal.
    pub(crate) fn note_removal(&mut self, at_ms: u64) {
        self.removals_ms.push(at_ms);
    }

    /// Adds a clip that was made of these parts, on the device `own` or another one; returns what to persist.
    pub(crate) fn add(&mut self, clip: Clip, parts: &[Part], own: DeviceId) -> Vec<Write> {
        let (mut writes, order) = (clip.records(parts), clip.order);
        self.bytes = self.bytes.saturating_add(size(&clip));
        self.clips.push_back(clip);
        // What the relay does not have yet is sealed from here.
        let waits = |clip: &Clip| clip.device == own && clip.is_ahead() && !clip.given_up;
        let may_go = |clip: &Clip| !clip.pinned && (clip.late || !waits(clip));
        let late = self.clips.iter().filter(|clip| clip.late);
        let mut late_beyond = late.clone().filter(|clip| may_go(clip)).count().saturating_sub(LATE);
        let mut beyond = (self.clips.len() - late.count()).saturating_sub(KEPT);
        let mut bytes = self.bytes;
        if late_beyond == 0 && beyond == 0 && bytes <= KEPT_BYTES {
            return writes;
        }
        self.clips.retain(|clip| {
            let goes = may_go(clip) && if clip.late { late_beyond > 0 } else { beyond > 0 || bytes > KEPT_BYTES };
            if goes {
                let beyond = if clip.late { &mut late_beyond } else { &mut beyond };
                *beyond = beyond.saturating_sub(1);
                bytes = bytes.saturating_sub(size(clip));
                writes.extend(clip.delete());
            }
            !goes
        });
        self.bytes = bytes;
        writes.extend(self.note_gone(order));
        writes
    }

    /// The relay has a clip now that another device has brought: its place is where it would be, had it come only now.
    pub(crate) fn join(&mut self, item: &ItemId, cursor: u64, late: bool, superseded: bool, now: u64) -> Option<Write> {
        let order = self.next_order();
        let mut clip = self.take_off(item)?;
        (clip.order, clip.stored_ms, clip.cursor, clip.late) = (order, now, cursor, late);
        clip.flags |= if superseded { FLAG_SUPERSEDED } else { 0 };
        let write = clip.changed();
        self.bytes = self.bytes.saturating_add(size(&clip));
        self.clips.push_back(clip);
        Some(write)
    }

    /// What another device has brought of a sender, and the relay has left out up to a counter, it does not bring any more.
    /// The pinned ones, which nobody was told of, and what to persist.
    pub(crate) fn settle_ahead(&mut self, sender: DeviceId, counter: u64) -> (Vec<ItemId>, Vec<Write>) {
        let (mut pinned, mut writes) = (Vec::new(), Vec::new());
        for clip in self.clips.iter_mut().filter(|clip| clip.device == sender && clip.is_ahead()) {
            if clip.counter < counter {
                clip.cursor = 1;
                writes.push(clip.changed());
                pinned.extend(clip.pinned.then_some(clip.item));
            }
        }
        (pinned, writes)
    }

    /// A device is out of the account. What it has brought itself, and the relay not, is late.
    pub(crate) fn note_out(&mut self, device: DeviceId) -> Vec<Write> {
        let (mut writes, mut bytes) = (Vec::new(), 0);
        for clip in self.clips.iter_mut().filter(|clip| clip.device == device && clip.is_ahead() && !clip.late) {
            bytes += size(clip);
            clip.late = true;
            writes.push(clip.changed());
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        writes
    }

    /// The order of a clip that is older than all others.
    pub(crate) fn place_before(&self) -> Option<u64> {
        self.clips.front().map_or(FIRST, |clip| clip.order).checked_sub(1).filter(|order| *order > 0)
    }

    /// How much more may be kept without anything going for it.
    pub(crate) fn room(&self) -> Room {
        Room {
            clips: KEPT.saturating_sub(self.iter().filter(|clip| !clip.late).count()),
            bytes: KEPT_BYTES.saturating_sub(self.bytes),
        }
    }

    /// Adds the oldest clip; returns what to persist.
    pub(crate) fn add_oldest(&mut self, clip: Clip, parts: &[Part]) -> Vec<Write> {
        let writes = clip.records(parts);
        self.bytes = self.bytes.saturating_add(size(&clip));
        self.clips.push_front(clip);
        writes
    }

    /// The person takes a clip from the list to the clipboard.
    pub(crate) fn take(&mut self, item: &ItemId) {
        self.taken = self.get(item).map(|clip| *clip.digest());
    }

    /// Whether the clipboard holds this, as far as known.
    pub(crate) fn holds(&self, digest: &Hash) -> bool {
        self.on_clipboard.as_ref() == Some(digest) || self.coming.as_ref() == Some(digest)
    }

    /// Whether the person took this from the list.
    pub(crate) fn was_taken(&self, digest: &Hash) -> bool {
        self.taken.as_ref() == Some(digest)
    }

    /// Whether content on the local clipboard is something that Hushclip put there, or the newest
    /// clip anyway. Content decides, not timing: two agents may share one clipboard, and the order
    /// in which they see each other's writes is not known.
    ///
    /// A clip of another device is an echo until this device has made a newer one; and for a few
    /// seconds even then, because another agent on the same clipboard may lag: for a minute, if it is the
    /// newest of the others, because that agent may just have come back. A clip of this device
    /// is one if it comes back just after it was sent (or while it may have been: `in_doubt`), over
    /// another device's, one that was deleted a moment ago, or one that was copied here a moment ago: that
    /// agent took it for the newest. The newest of this device's is what one puts there that was away, so for
    /// that it is a minute, too. And what this device has sent twice just now is no person's: two agents take
    /// turns, each putting back what the other has overwritten.
    pub(crate) fn is_echo(
        &self,
        content: &Hash,
        own: DeviceId,
        in_doubt: Option<ItemId>,
        after_deleted: bool,
        now: u64,
    ) -> bool {
        if self.was_taken(content) || self.holds(content) {
            return true;
        }
        let mut superseded = false;
        let just_copied = self.in_play(now).next().is_some_and(|clip| {
            clip.device == own && now.abs_diff(clip.stored_ms) < FOUND_MS && self.holds(clip.digest())
        });
        let foreign = after_deleted
            || just_copied
            || self.in_play(now).take(LOOKED_AT).any(|clip| clip.device != own && self.holds(clip.digest()));
        let (mut newest_foreign, mut newest_own) = (true, true);
        for (position, clip) in self.in_play(now).take(LOOKED_AT).enumerate() {
            let lag_ms = if newest_foreign { LATE_MS } else { ECHO_MS };
            // One that there was a newer one of goes on no clipboard.
            newest_foreign &= clip.device == own || clip.flags & FLAG_SUPERSEDED != 0;
            let counts = if clip.device == own {
                // That agent has not heard of the copy whose place it takes.
                let is_newest = newest_own;
                newest_own = position == 0 && just_copied;
                let lag_ms = if is_newest { LATE_MS } else { ECHO_MS };
                position == 0 || Some(clip.item) == in_doubt || (foreign && now.saturating_sub(clip.sent_ms) < lag_ms)
            } else {
                position == 0 || !superseded || now.saturating_sub(clip.stored_ms) < lag_ms
            };
            if counts && clip.digest() == content {
                return true;
            }
            superseded |= clip.device == own;
        }
        let just_sent =
            |clip: &&Clip| clip.device == own && now.abs_diff(clip.sent_ms) < ECHO_MS && clip.digest() == content;
        self.in_play(now).take(LOOKED_AT).filter(just_sent).count() > 1
    }

    /// The newest clip of those that may be on the clipboard holds this already.
    pub(crate) fn newest_is(&self, digest: &Hash, own: DeviceId, now: u64) -> bool {
        let is_there = |clip: &&Clip| clip.flags & FLAG_SUPERSEDED == 0 && (clip.device == own || !clip.is_ahead());
        self.in_play(now).find(is_there).is_some_and(|clip| clip.digest() == digest)
    }

    /// Whether what a person has certainly copied is in the list for it: it is the newest, or was found just now
    /// by another way, or another agent on the same clipboard. Or it is an echo of another device's: those have it.
    /// Or it is what waits to be sent, last of all: the others get it as the newest anyway, whenever it was copied.
    pub(crate) fn has_copied(
        &self,
        content: &Hash,
        own: DeviceId,
        echo: bool,
        waits_last: Option<ItemId>,
        now: u64,
    ) -> bool {
        if waits_last.and_then(|item| self.get(&item)).is_some_and(|clip| clip.digest() == content) {
            return true;
        }
        let listed = || self.in_play(now).filter(|clip| clip.trashed_ms == 0).take(LOOKED_AT);
        let same: Vec<_> = listed().filter(|clip| clip.digest() == content).collect();
        let of_others = same.first().is_some_and(|clip| clip.device != own);
        // What they copied in between is news, and so is what they go back to. Nobody deletes a copy and makes it again
        // within so short a time.
        let since = self.in_play(now).take(LOOKED_AT);
        let since = since.take_while(|clip| clip.device != own || clip.digest() == content);
        listed().next().is_some_and(|clip| clip.digest() == content)
            || since.filter(|clip| clip.digest() == content).any(|clip| now.abs_diff(clip.stored_ms) < FOUND_MS)
            || (echo && of_others)
    }

    /// The digest of what the clipboard was last seen to hold.
    pub(crate) fn on_clipboard(&self) -> Option<&Hash> {
        self.on_clipboard.as_ref()
    }

    /// The clipboard is about to hold this; returns what to persist before it does.
    pub(crate) fn note_coming(&mut self, digest: Hash) -> Write {
        self.coming = Some(digest);
        coming_record(&digest)
    }

    /// The clipboard holds this now; returns what to persist.
    pub(crate) fn note_clipboard(&mut self, digest: Hash) -> Vec<Write> {
        if self.taken != Some(digest) {
            self.taken = None;
        }
        let news = self.on_clipboard != Some(digest);
        self.on_clipboard = Some(digest);
        let came = self.coming.take().map(|_| delete_coming());
        news.then(|| clipboard_record(&digest)).into_iter().chain(came).collect()
    }

    /// What is on the clipboard is as if it had not been looked at; returns what to persist.
    pub(crate) fn forget_on_clipboard(&mut self, digest: &Hash) -> Option<Write> {
        let there = self.on_clipboard.as_ref() == Some(digest);
        there.then(|| {
            self.on_clipboard = None;
            delete_clipboard()
        })
    }

    /// Whether another device's clip with this content came in after a clip of this list. A late one counts if it came
    /// soon after a removal, whatever the clock has done since.
    pub(crate) fn came_after(&self, order: u64, content: &Hash, own: DeviceId) -> bool {
        self.iter()
            .take_while(|clip| clip.order > order)
            .filter(|clip| !clip.late || self.has_late_echoes(clip.stored_ms))
            // What only another device has brought, the relay may not have.
            .any(|clip| clip.device != own && clip.digest() == content && !clip.is_ahead())
    }

    /// Own clips from before this one that hold the same.
    pub(crate) fn same_before(&self, clip: &Clip, now: u64) -> Vec<ItemId> {
        if clip.late && !self.has_late_echoes(now) {
            return Vec::new();
        }
        let before = self.in_play(now).skip_while(|other| other.order >= clip.order).take(LOOKED_AT);
        before.filter(|other| other.digest() == clip.digest()).map(|other| other.item).collect()
    }

    /// Takes a clip out of the list for good; returns what to persist, too.
    pub(crate) fn remove(&mut self, item: &ItemId) -> Option<(Clip, Vec<Write>)> {
        let clip = self.take_off(item)?;
        let mut writes = clip.delete();
        writes.extend(self.note_gone(clip.order));
        Some((clip, writes))
    }

    fn take_off(&mut self, item: &ItemId) -> Option<Clip> {
        let at = self.clips.iter().rposition(|clip| clip.item == *item)?;
        let clip = self.clips.remove(at)?;
        self.bytes = self.bytes.saturating_sub(size(&clip));
        Some(clip)
    }
}

/// What may still be kept.
pub(crate) struct Room {
    clips: usize,
    bytes: u64,
}

impl Room {
    /// Whether there is none for any clip.
    pub(crate) const fn is_full(&self) -> bool {
        self.clips == 0
    }

    /// Takes room for a clip of so many bytes, if there is as much.
    pub(crate) fn take(&mut self, bytes: u64) -> bool {
        let fits = self.clips > 0 && bytes <= self.bytes;
        if fits {
            self.clips -= 1;
            self.bytes -= bytes;
        }
        fits
    }
}

/// What a clip takes of [`KEPT_BYTES`].
fn size(clip: &Clip) -> u64 {
    if clip.late {
        return 0;
    }
    clip.about.bytes()
}

/// The SHA-256 that a text is known by, whatever its line endings: they differ by platform for the same text.
pub fn text_digest(text: &str) -> Hash {
    label::sha256(text.replace("\r\n", "\n").replace('\r', "\n").as_bytes())
}
