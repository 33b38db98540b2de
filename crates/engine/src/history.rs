//! The local list of clips, and the answer to "is this clipboard content news?".

use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::label;

use crate::effect::Write;
use crate::event::Content;
use crate::state::{Clip, clipboard_record, coming_record, delete_coming};

/// Clips kept on a device.
const KEPT: usize = 1000;
/// How many of the newest clips are looked at to recognise an echo.
const LOOKED_AT: usize = 32;
/// How long after a clip came in another program may still be busy putting it on the clipboard, in
/// milliseconds.
const ECHO_MS: u64 = 10_000;
/// The same for the newest clip of the others, which is what an agent puts there that was away: as long
/// as the longest pause between two of its attempts.
const LATE_MS: u64 = 60_000;

/// Clips in ascending order of arrival here.
#[derive(Default)]
pub(crate) struct History {
    clips: Vec<Clip>,
    /// Content the person took from the list, which will show up on the clipboard.
    taken: Option<String>,
    /// Digest of what was last seen or put on the clipboard.
    on_clipboard: Option<Hash>,
    /// Digest of what is being put there. Were it noted only before or only after that, a process
    /// killed between would take the older or the newer content for the person's.
    coming: Option<Hash>,
}

impl History {
    pub(crate) fn restore(clips: Vec<Clip>, on_clipboard: Option<Hash>, coming: Option<Hash>) -> Self {
        Self { clips, taken: None, on_clipboard, coming }
    }

    /// Newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Clip> {
        self.clips.iter().rev()
    }

    pub(crate) fn next_order(&self) -> u64 {
        self.clips.last().map_or(1, |clip| clip.order + 1)
    }

    pub(crate) fn get_mut(&mut self, item: &ItemId) -> Option<&mut Clip> {
        self.clips.iter_mut().rev().find(|clip| clip.item == *item)
    }

    pub(crate) fn get(&self, item: &ItemId) -> Option<&Clip> {
        self.clips.iter().rev().find(|clip| clip.item == *item)
    }

    /// Adds a clip; returns what to persist.
    pub(crate) fn add(&mut self, clip: Clip) -> Vec<Write> {
        let mut writes = vec![clip.record()];
        self.clips.push(clip);
        let mut beyond = self.clips.len().saturating_sub(KEPT);
        self.clips.retain(|clip| {
            // What the relay does not have yet is sealed from here.
            let goes = beyond > 0 && clip.cursor > 0;
            if goes {
                beyond -= 1;
                writes.push(clip.delete());
            }
            !goes
        });
        writes
    }

    /// The person takes a clip from the list to the clipboard.
    pub(crate) fn take(&mut self, item: &ItemId) {
        self.taken = self.get(item).map(|clip| canonical(&clip.text));
    }

    /// Whether content on the local clipboard is something that Hushclip put there, or the newest
    /// clip anyway. Content decides, not timing: two agents may share one clipboard, and the order
    /// in which they see each other's writes is not known.
    ///
    /// A clip of another device is an echo until this device has made a newer one; and for a few
    /// seconds even then, because another agent on the same clipboard may lag: for a minute, if it is the
    /// newest of the others, because that agent may just have come back. A clip of this device
    /// is one if it comes back just after it was sent (or while it may have been: `in_doubt`), over
    /// another device's: that agent took it for the newest.
    pub(crate) fn is_echo(&self, content: &Content, own: DeviceId, in_doubt: Option<ItemId>, now: u64) -> bool {
        let text = canonical(&content.text);
        if self.taken.as_ref() == Some(&text) || self.is_on_clipboard(&text) {
            return true;
        }
        let mut superseded = false;
        let foreign =
            self.iter().take(LOOKED_AT).any(|clip| clip.device != own && self.is_on_clipboard(&canonical(&clip.text)));
        let mut newest_foreign = true;
        for (position, clip) in self.iter().take(LOOKED_AT).enumerate() {
            let lag_ms = if newest_foreign { LATE_MS } else { ECHO_MS };
            newest_foreign &= clip.device == own;
            let counts = if clip.device == own {
                position == 0 || Some(clip.item) == in_doubt || (foreign && now.saturating_sub(clip.sent_ms) < ECHO_MS)
            } else {
                position == 0 || !superseded || now.saturating_sub(clip.stored_ms) < lag_ms
            };
            if counts && canonical(&clip.text) == text {
                return true;
            }
            superseded |= clip.device == own;
        }
        false
    }

    /// The newest clip holds this text already.
    pub(crate) fn newest_is(&self, text: &str) -> bool {
        self.clips.last().is_some_and(|clip| canonical(&clip.text) == canonical(text))
    }

    fn is_on_clipboard(&self, canonical: &str) -> bool {
        let digest = Some(digest(canonical));
        self.on_clipboard == digest || self.coming == digest
    }

    /// The clipboard is about to hold this; returns what to persist before it does.
    pub(crate) fn note_coming(&mut self, text: &str) -> Write {
        let digest = digest(&canonical(text));
        self.coming = Some(digest);
        coming_record(&digest)
    }

    /// The clipboard holds this now; returns what to persist.
    pub(crate) fn note_clipboard(&mut self, text: &str) -> Vec<Write> {
        let text = canonical(text);
        if self.taken.as_ref() != Some(&text) {
            self.taken = None;
        }
        let digest = digest(&text);
        let news = self.on_clipboard != Some(digest);
        self.on_clipboard = Some(digest);
        let came = self.coming.take().map(|_| delete_coming());
        news.then(|| clipboard_record(&digest)).into_iter().chain(came).collect()
    }

    /// Whether another device's clip with this text came in after a clip of this list.
    pub(crate) fn came_after(&self, order: u64, text: &str, own: DeviceId) -> bool {
        let text = canonical(text);
        self.iter()
            .take_while(|clip| clip.order > order)
            .any(|clip| clip.device != own && canonical(&clip.text) == text)
    }

    /// Takes a clip out of the list; returns what to persist.
    pub(crate) fn remove(&mut self, item: &ItemId) -> Option<Write> {
        let at = self.clips.iter().rposition(|clip| clip.item == *item)?;
        Some(self.clips.remove(at).delete())
    }
}

fn digest(canonical: &str) -> Hash {
    label::sha256(canonical.as_bytes())
}

/// Line endings differ by platform for the same text.
fn canonical(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
