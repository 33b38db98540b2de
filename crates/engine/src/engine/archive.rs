//! The history as a file: what goes into it, and what comes in from one. Sealing it is
//! [`hushclip_crypto::archive`]'s work, for which shells pass the passphrase by.

use hushclip_crypto::archive::{Archive, ArchivedClip};
use hushclip_crypto::body::{HTML, Part, TEXT};
use hushclip_model::Content;
use hushclip_protocol::limits;

use super::Engine;
use crate::clip::{About, Clip, Layout, Lookup};
use crate::secrets::secret_of;
use hushclip_rich::harmless;

impl Engine {
    /// The records that [`Engine::archive`] wants.
    pub fn archived_records(&self) -> Vec<String> {
        self.archived().flat_map(|clip| clip.source().keys()).collect()
    }

    /// The history, oldest first, and how many clips are missing in it, because these records do not have them. Secrets,
    /// which are short-lived, stay out.
    pub fn archive(&self, now: u64, records: &dyn Lookup) -> (Archive, u32) {
        let archived = |clip: &Clip| {
            let Content { text, html } = clip.source().content(records)?;
            let device = self.present_clip(clip).from;
            Some(ArchivedClip { item: clip.item, at_ms: clip.at_ms, device, text, html, pinned: clip.pinned })
        };
        let mut clips: Vec<_> = self.archived().filter_map(archived).collect();
        clips.reverse();
        let lost = self.archived().count().saturating_sub(clips.len());
        (Archive { at_ms: now, clips }, u32::try_from(lost).unwrap_or(u32::MAX))
    }

    /// Newest first.
    fn archived(&self) -> impl Iterator<Item = &Clip> {
        self.history.shown().filter(|clip| secret_of(clip).is_none())
    }

    /// Which clips of a file are not here and find room, oldest first; what is newest comes before what is old.
    fn importable(&self, clips: Vec<ArchivedClip>) -> Vec<ArchivedClip> {
        let mut room = self.history.room();
        let mut news: Vec<ArchivedClip> = Vec::new();
        for clip in clips.into_iter().rev() {
            // However long the file is.
            if room.is_full() {
                break;
            }
            let bytes = (clip.text.len() + clip.html.as_ref().map_or(0, String::len)) as u64;
            let is_new = !self.is_known(&clip.item) && !news.iter().any(|other| other.item == clip.item);
            if is_new && clip.text.len() <= limits::CLIP_BYTES && room.take(bytes) {
                news.push(clip);
            }
        }
        news.reverse();
        news
    }

    /// Takes clips in that are not here, below those that are; how many. They stay on this device.
    pub(super) fn import(&mut self, clips: Vec<ArchivedClip>) -> u32 {
        let Some(own) = self.own_id() else { return 0 };
        let now = self.now;
        let mut added = 0;
        for clip in self.importable(clips).into_iter().rev() {
            let Some(order) = self.history.place_before() else { return added };
            let html = harmless(Content { text: clip.text.clone(), html: clip.html }).and_then(|content| content.html);
            let text = (!clip.text.is_empty()).then(|| Part::new(TEXT, clip.text));
            let parts: Vec<_> = text.into_iter().chain(html.map(|html| Part::new(HTML, html))).collect();
            let clip = Clip {
                item: clip.item,
                order,
                cursor: 0,
                device: own,
                at_ms: clip.at_ms,
                stored_ms: now,
                about: About::new(&parts),
                sent_ms: 0,
                flags: 0,
                ttl_s: limits::TTL_S,
                expires_ms: 0,
                counter: 0,
                pinned: clip.pinned,
                trashed_ms: 0,
                origin: origin(clip.device),
                late: false,
                given_up: false,
                layout: Layout::Apart,
            };
            let writes = self.history.add_oldest(clip, &parts);
            self.persist_all(writes);
            self.clips_revision += 1;
            added += 1;
        }
        added
    }
}

/// What a file calls the device that a clip came from, as long as a name may be.
fn origin(mut device: String) -> String {
    if device.is_empty() {
        return "?".into();
    }
    device.truncate(device.floor_char_boundary(limits::NAME_BYTES));
    device
}
