//! Content that is brought from the disk when it is wanted: to be sealed, or to be put on the clipboard.

use std::collections::BTreeMap;

use hushclip_crypto::body::Part;
use hushclip_model::{Answered, CommandId, Content, Outcome, Problem};
use hushclip_protocol::ids::ItemId;
use rand_core::CryptoRng;

use super::Engine;
use crate::Effect;
use crate::clip::plain_and_html;
use crate::contents::{Place, Purpose};
use crate::history::text_digest;

impl Engine {
    /// All of a clip or a payload, if it need not be read.
    pub(super) fn at_hand(&self, item: &ItemId) -> Option<Vec<Part>> {
        self.contents.get(item).cloned().or_else(|| self.history.get(item)?.about.inline())
    }

    /// Does something with the content of a clip of the list, or of a payload: at once, or when it was read.
    pub(super) fn bring(&mut self, item: &ItemId, purpose: Purpose, rng: &mut dyn CryptoRng) {
        if let Some(parts) = self.at_hand(item) {
            return self.brought(*item, purpose, Some(parts), rng);
        }
        if let Some(clip) = self.history.get(item) {
            self.contents.want(*item, purpose, Place::Clip(clip.source()));
        } else if let Some(payload) = self.channels.get(item) {
            self.contents.want(*item, purpose, Place::Payload(payload.clone()));
        }
    }

    /// The disk was read.
    pub(super) fn loaded(&mut self, records: &BTreeMap<String, Option<Vec<u8>>>, rng: &mut dyn CryptoRng) {
        for (wanted, parts) in self.contents.read(records) {
            self.brought(wanted.item, wanted.purpose, parts, rng);
        }
    }

    /// Here it is, or it is lost.
    fn brought(&mut self, item: ItemId, purpose: Purpose, parts: Option<Vec<Part>>, rng: &mut dyn CryptoRng) {
        match (purpose, parts) {
            (Purpose::Push, Some(parts)) => {
                self.contents.bring(item, parts);
                self.flush(rng);
            }
            (Purpose::Push, None) => self.content_lost(item, rng),
            (Purpose::Apply, Some(parts)) => self.write_clipboard(plain_and_html(&parts), false),
            (Purpose::Apply, None) => self.fail(Problem::ContentLost),
            (Purpose::Take { id, plain }, Some(parts)) => {
                let mut content = plain_and_html(&parts);
                if plain {
                    content.html = None;
                }
                self.history.take(&item);
                self.write_clipboard(content, true);
                self.answer(id, Outcome::Done);
            }
            (Purpose::Take { id, .. }, None) => self.answer(id, Problem::ContentLost.into()),
        }
    }

    /// What cannot be read cannot be sent, and must not hold up what comes after it.
    fn content_lost(&mut self, item: ItemId, rng: &mut dyn CryptoRng) {
        if self.outbox.front().is_some_and(|front| front.item == item) {
            self.give_up_front(rng);
            self.fail(Problem::ContentLost);
            self.flush(rng);
        }
    }

    /// Puts something on the clipboard, noted before and after.
    fn write_clipboard(&mut self, content: Content, picked: bool) {
        let digest = text_digest(&content.text);
        let coming = self.history.note_coming(digest);
        self.persist(coming);
        let came = self.history.note_clipboard(digest);
        self.effect(Effect::WriteClipboard { content, picked });
        self.effect(Effect::Persist(came));
    }

    pub(super) fn answer(&mut self, id: CommandId, outcome: Outcome) {
        self.effect(Effect::Answer(Answered { id, outcome }));
    }
}
