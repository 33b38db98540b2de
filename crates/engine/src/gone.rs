//! Texts that were deleted a moment ago. Another agent on this clipboard may not know yet and put one of them
//! there, and a device that was away when the clip came knows it by nothing else.

use hushclip_crypto::body::Gone;
use hushclip_protocol::ids::{Hash, ItemId};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::Engine;
use crate::history::{LATE_MS, text_digest};
use crate::log::Log;
use crate::outbox::Deleted;
use crate::record::{self, put};

/// How many are kept.
const TRACES: usize = 64;

/// What is left of a text that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Trace {
    /// Keyed by this epoch.
    #[n(0)]
    pub(crate) epoch: u64,
    #[n(1)]
    pub(crate) digest: Hash,
    /// When this device learned of it.
    #[n(2)]
    pub(crate) at_ms: u64,
}

/// What a tombstone of this epoch says of an item.
pub(crate) fn name_gone(log: &Log, epoch: u64, deleted: &Deleted) -> Gone {
    let Deleted { device, counter, item, text, .. } = deleted;
    let text = text.as_ref().and_then(|text| log.keyed(epoch, text));
    Gone { device: *device, counter: *counter, item: *item, text }
}

impl Engine {
    /// Whether a text was deleted a moment ago.
    pub(crate) fn was_deleted(&self, text: &str) -> bool {
        !self.traces.is_empty() && self.has_trace(&text_digest(text))
    }

    /// Whether the clipboard was last seen to hold a text that was deleted a moment ago.
    pub(crate) fn shows_deleted(&self) -> bool {
        self.history.on_clipboard().is_some_and(|digest| self.has_trace(digest))
    }

    fn has_trace(&self, text: &Hash) -> bool {
        let Some(log) = self.log() else { return false };
        let recent = self.traces.iter().filter(|trace| is_recent(trace, self.now));
        recent.rev().any(|trace| log.keyed(trace.epoch, text) == Some(trace.digest))
    }

    /// Takes a clip out of the list.
    pub(crate) fn take_out(&mut self, item: &ItemId) {
        let Some(clip) = self.history.remove(item) else { return };
        self.persist(clip.delete());
        self.clips_revision += 1;
        // No agent has put a late one on a clipboard.
        let Some(log) = self.log().filter(|_| !clip.late) else { return };
        let keyed = log.epoch().and_then(|epoch| Some((epoch, log.keyed(epoch, &text_digest(&clip.text))?)));
        if let Some((epoch, digest)) = keyed {
            self.note_trace(epoch, digest);
        }
    }

    /// A clip that never came here is deleted. If this device was about to send the same, because it saw it on a
    /// clipboard, that goes too.
    pub(crate) fn forget_text(&mut self, epoch: u64, digest: Hash, rng: &mut dyn CryptoRng) {
        self.note_trace(epoch, digest);
        let Some(log) = self.log() else { return };
        let same = |item: &ItemId| {
            let text = self.history.get(item).map(|clip| text_digest(&clip.text));
            text.is_some_and(|text| log.keyed(epoch, &text) == Some(digest))
        };
        let same: Vec<ItemId> = self.outbox.new_clips().filter(same).collect();
        if !same.is_empty() {
            // It is what the person copied here last, and newer than what was missed so far.
            self.newest_missed = None;
        }
        for item in same {
            self.forget(&item, None, rng);
        }
    }

    fn note_trace(&mut self, epoch: u64, digest: Hash) {
        let now = self.now;
        self.traces.retain(|trace| is_recent(trace, now));
        self.traces.push(Trace { epoch, digest, at_ms: now });
        if self.traces.len() > TRACES {
            self.traces.remove(0);
        }
        self.persist(put(record::TRACES, &self.traces));
    }

    /// Lets go what has had its time.
    pub(crate) fn tidy_traces(&mut self) {
        let (before, now) = (self.traces.len(), self.now);
        self.traces.retain(|trace| is_recent(trace, now));
        if self.traces.len() < before {
            self.persist(put(record::TRACES, &self.traces));
        }
    }

    /// An item has come by, whether it is news or not: should it be deleted, this is where it is stored.
    pub(crate) fn note_place(&mut self, item: ItemId, cursor: u64) {
        let own = self.own_id();
        if let Some(clip) = self.history.get_mut(&item).filter(|clip| Some(clip.device) != own && clip.cursor != cursor)
        {
            clip.cursor = cursor;
            let write = clip.record();
            return self.persist(write);
        }
        self.outbox(|outbox, out| outbox.note_place(item, cursor, out));
    }
}

fn is_recent(trace: &Trace, now: u64) -> bool {
    now.abs_diff(trace.at_ms) < LATE_MS
}
