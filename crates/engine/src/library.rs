//! The library of clips as a person uses it: finding, pinning, deleting on all devices with time to take
//! that back, and what goes by itself because it was meant to.

use hushclip_crypto::body::{FLAG_BURN, FLAG_SENSITIVE, Pin, Tombstone};
use hushclip_model::view::Filter;
use hushclip_model::{ClipView, Content, Query, SecretKind, UNDO_MS, View};
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use rand_core::CryptoRng;

use crate::history::text_digest;
use crate::outbox::{Cargo, Deleted};
use crate::part::random_item;
use crate::record::{SEEN, put};
use crate::secrets::recognise;
use crate::state::Clip;
use crate::{Effect, Engine};

/// How much of a long text a list shows, characters.
const SHOWN_CHARS: usize = 2_000;
/// Longest HTML form that a list shows, bytes.
const SHOWN_HTML: usize = 16 * 1024;

impl Engine {
    /// What a person sees, with the clips that they look for.
    pub fn find(&self, query: &Query) -> View {
        let search = Search::new(query);
        let mut view = self.present_frame();
        for clip in self.history.shown().filter(|clip| search.finds(clip)) {
            view.found += 1;
            if view.clips.len() < query.limit as usize {
                let shown = self.present_clip(clip);
                view.clips.push(if shown.id == query.whole { shown } else { shortened(shown) });
            }
        }
        view
    }

    /// The content of a clip.
    pub fn content(&self, id: &str) -> Option<Content> {
        let clip = self.history.get(&ItemId::from_hex(id)?)?;
        Some(Content { text: clip.text.clone(), html: clip.html.clone() })
    }

    /// Whether this is the text of a secret in the list.
    pub fn is_secret(&self, text: &str) -> bool {
        self.history.iter().any(|clip| clip.text == text && secret_of(clip).is_some())
    }

    /// Puts a clip on the clipboard, at the person's wish.
    pub(crate) fn take_from_list(&mut self, id: &str, plain: bool) {
        let Some(item) = ItemId::from_hex(id) else { return };
        let Some(mut content) = self.content(id) else { return };
        if plain {
            content.html = None;
        }
        self.history.take(&item);
        self.write_clipboard(content);
    }

    /// Puts something on the clipboard, noted before and after.
    pub(crate) fn write_clipboard(&mut self, content: Content) {
        let coming = self.history.note_coming(&content.text);
        self.persist(coming);
        let came = self.history.note_clipboard(&content.text);
        self.effect(Effect::WriteClipboard(content));
        self.effect(Effect::Persist(came));
    }

    /// The person took a clip to the clipboard, and the shell put it there.
    pub(crate) fn copied(&mut self, id: &str, rng: &mut dyn CryptoRng) {
        let Some(item) = ItemId::from_hex(id) else { return };
        self.history.take(&item);
        // Such a shell sees no pastes, so this is as near to the first one as it gets.
        if self.history.get(&item).is_some_and(|clip| self.burns_here(clip)) {
            self.delete_for_all(&[item], rng);
        }
    }

    /// Something was pasted: if it was a clip to be forgotten then, it is.
    pub(crate) fn pasted(&mut self, rng: &mut dyn CryptoRng) {
        let burning = self.history.iter().find(|clip| self.burns_here(clip) && self.history.holds(&clip.text));
        let Some(item) = burning.map(|clip| clip.item) else { return };
        self.delete_for_all(&[item], rng);
    }

    fn burns_here(&self, clip: &Clip) -> bool {
        clip.flags & FLAG_BURN != 0 && self.identity.as_ref().is_some_and(|identity| identity.id != clip.device)
    }

    pub(crate) fn pin(&mut self, id: &str, pinned: bool, rng: &mut dyn CryptoRng) {
        let Some(item) = ItemId::from_hex(id) else { return };
        if self.set_pinned(&item, pinned) {
            self.queue(Cargo::Pins(vec![Pin { item, pinned }]), rng);
        }
    }

    /// Says whether that is news.
    pub(crate) fn set_pinned(&mut self, item: &ItemId, pinned: bool) -> bool {
        let Some(clip) = self.history.get_mut(item).filter(|clip| clip.pinned != pinned) else { return false };
        clip.pinned = pinned;
        let write = clip.record();
        self.persist(write);
        self.clips_revision += 1;
        true
    }

    /// Takes clips out of sight, for now.
    pub(crate) fn delete(&mut self, items: impl Iterator<Item = ItemId>) {
        let at = self.now.max(1);
        self.trash(items, |trashed| (trashed == 0).then_some(at));
    }

    pub(crate) fn delete_all(&mut self) {
        let all: Vec<_> = self.history.iter().map(|clip| clip.item).collect();
        self.delete(all.into_iter());
    }

    pub(crate) fn undelete(&mut self, ids: &[String]) {
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
            let write = clip.record();
            self.persist(write);
            self.clips_revision += 1;
        }
    }

    /// Deletes clips here, and tells the others to.
    pub(crate) fn delete_for_all(&mut self, items: &[ItemId], rng: &mut dyn CryptoRng) {
        let mut gone = Vec::new();
        for item in items {
            let Some(clip) = self.history.get(item) else { continue };
            let Clip { device, counter, cursor, flags, .. } = *clip;
            let unsent = self.outbox.contains(item);
            // Short secrets can be guessed, and are asked about before they are sent anyway.
            let text = (flags & FLAG_SENSITIVE == 0).then(|| text_digest(&clip.text));
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
    pub(crate) fn forget(&mut self, item: &ItemId, text: Option<Hash>, rng: &mut dyn CryptoRng) {
        let Some(clip) = self.history.get(item) else { return };
        let foreign = Some(clip.device) != self.own_id();
        let same = if foreign { self.history.same_before(clip, self.now) } else { Vec::new() };
        let put_there = (foreign && !clip.late) || self.history.was_taken(&clip.text);
        if put_there && secret_of(clip).is_some() && self.history.holds(&clip.text) {
            let content = Content::text(clip.text.clone());
            self.effect(Effect::ClearClipboard(content));
        }
        let same = same.into_iter().map(|item| (item, None));
        for (gone, text) in same.chain([(*item, text)]) {
            if self.outbox.contains(&gone) {
                self.give_up(&gone, text, rng);
            } else if gone != *item {
                continue;
            }
            self.take_out(&gone);
        }
    }

    /// Queues something for the other devices that is no clip.
    pub(crate) fn queue(&mut self, cargo: Cargo, rng: &mut dyn CryptoRng) {
        if self.account.is_none() {
            return;
        }
        let order = self.history.next_order();
        self.history.reserve(order);
        let item = random_item(rng);
        self.outbox(|outbox, out| outbox.put(item, order, cargo, out));
        self.flush(rng);
    }

    pub(crate) fn seen(&mut self) {
        let newest = self.history.next_order() - 1;
        if self.seen_order != newest {
            self.seen_order = newest;
            self.persist(put(SEEN, &newest));
            self.clips_revision += 1;
        }
    }

    /// Clips of other devices that came since the person last saw the list.
    pub(crate) fn unread(&self) -> u32 {
        let newer = self.history.shown().take_while(|clip| clip.order > self.seen_order);
        newer.filter(|clip| self.is_unread(clip)).count() as u32
    }

    pub(crate) fn is_unread(&self, clip: &Clip) -> bool {
        // Own clips and imported ones name this device.
        clip.order > self.seen_order && Some(clip.device) != self.own_id()
    }

    pub(crate) fn own_id(&self) -> Option<DeviceId> {
        let removed = self.removed.as_ref().map(|removed| removed.device);
        self.identity.as_ref().map(|identity| identity.id).or(removed)
    }

    /// When [`Engine::tidy_library`] has something to do next.
    pub(crate) fn next_tidying(&self) -> Option<u64> {
        let answers = self.secrets.next_due();
        self.history.iter().filter_map(|clip| goes_at(clip, self.now)).chain(answers).min()
    }

    /// Lets go what has had its time.
    pub(crate) fn tidy_library(&mut self, rng: &mut dyn CryptoRng) {
        self.drop_unanswered();
        self.tidy_traces();
        let now = self.now;
        let due = |clip: &&Clip| goes_at(clip, now).is_some_and(|at| at <= now);
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
}

/// When a clip goes by itself, or for good. What is further off than it ever was has been so since before
/// the clock was put back, and is due.
fn goes_at(clip: &Clip, now: u64) -> Option<u64> {
    let due = |from: u64, for_ms: u64| {
        let end = from.saturating_add(for_ms);
        (from != 0).then_some(if end > now.saturating_add(for_ms) { now } else { end })
    };
    let life_ms = u64::from(clip.ttl_s) * 1000;
    let expires = due(clip.expires_ms.saturating_sub(life_ms), life_ms);
    due(clip.trashed_ms, UNDO_MS).into_iter().chain(expires).min()
}

/// What kind of secret a clip is, if its sender took it for one.
pub(crate) fn secret_of(clip: &Clip) -> Option<SecretKind> {
    let sensitive = clip.flags & (FLAG_SENSITIVE | FLAG_BURN) != 0;
    sensitive.then(|| recognise(&clip.text).unwrap_or(SecretKind::Password))
}

/// A query, prepared.
struct Search<'a> {
    query: &'a Query,
    words: Vec<String>,
    device: Option<DeviceId>,
}

impl<'a> Search<'a> {
    fn new(query: &'a Query) -> Self {
        let words = query.text.split_whitespace().map(str::to_lowercase).collect();
        Self { query, words, device: DeviceId::from_hex(&query.device) }
    }

    fn finds(&self, clip: &Clip) -> bool {
        let Self { query, words, device } = self;
        let from = query.device.is_empty() || *device == Some(clip.device);
        if !from || (query.pinned && !clip.pinned) {
            return false;
        }
        let secret = clip.flags & (FLAG_SENSITIVE | FLAG_BURN) != 0;
        let fits = match query.kind {
            Filter::All => true,
            Filter::Secret => secret,
            Filter::Formatted => clip.html.is_some() && !secret,
            Filter::Link => !secret && is_link(&clip.text),
            Filter::Text => !secret && clip.html.is_none() && !is_link(&clip.text),
        };
        fits && (words.is_empty() || (!secret && words.iter().all(|word| holds_word(&clip.text, word))))
    }
}

/// Whether a text is a web address and nothing else.
fn is_link(text: &str) -> bool {
    let text = text.trim();
    let schemed = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (schemed("https://") || schemed("http://")) && !text.contains(char::is_whitespace)
}

/// Whether a text holds a word that is in lower case, in any case.
fn holds_word(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    // The usual case, without a copy of the text.
    let (text, word) = (text.as_bytes(), word.as_bytes());
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// As much of a clip as a list shows.
fn shortened(mut clip: ClipView) -> ClipView {
    if let Some((end, _)) = clip.text.char_indices().nth(SHOWN_CHARS) {
        clip.text.truncate(end);
        clip.cut = true;
    }
    if clip.html.as_ref().is_some_and(|html| html.len() > SHOWN_HTML) {
        clip.html = None;
        clip.cut = true;
    }
    clip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_script() {
        assert!(holds_word("Grüße aus KÖLN", "köln"));
        assert!(holds_word("Hello World", "o w"));
        assert!(holds_word("HELLO", "hello"));
        assert!(!holds_word("hell", "hello"));
    }

    #[test]
    fn a_link_is_an_address_and_nothing_else() {
        assert!(is_link(" HTTPS://example.org/a "));
        assert!(!is_link("see https://example.org"));
        assert!(!is_link("https://example.org and more"));
        assert!(!is_link("h€"));
    }
}
