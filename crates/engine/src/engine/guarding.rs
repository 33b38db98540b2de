//! Connects the secrets to the other parts: a copy that looks like one is held, sent with a short life, or kept here.

use hushclip_model::settings::{Change, Policy};
use hushclip_model::{Content, Notice, Problem};
use rand_core::CryptoRng;

use super::Engine;
use crate::history::text_digest;
use crate::part::random_item;
use crate::secrets::recognise;

impl Engine {
    /// Does with a copy of the person's what is to be done with secrets, or gives it back.
    pub(super) fn guard(&mut self, content: Content, rng: &mut dyn CryptoRng) -> Option<Content> {
        let Some(kind) = recognise(&content.text) else { return Some(content) };
        match self.settings().secrets.of(kind) {
            Policy::Send => {
                if let Err(problem) = self.enqueue_secret(content, false, rng) {
                    self.fail(problem);
                }
            }
            Policy::Never => {}
            Policy::Ask => {
                let held = self.secrets.hold(random_item(rng), kind, content, self.now);
                self.notice(Notice::Held { held });
            }
        }
        None
    }

    /// A copy that cannot be sent goes on waiting.
    pub(super) fn answer_secret(
        &mut self,
        id: &str,
        send: bool,
        remember: bool,
        burn: bool,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        let Some(held) = self.secrets.get(id) else { return Ok(()) };
        let (kind, content) = (held.kind, held.content.clone());
        let text = content.text.clone();
        if send {
            self.require_member()?;
            self.enqueue_secret(content, burn, rng)?;
        }
        if remember {
            self.change_settings(Change::secret(kind, if send { Policy::Send } else { Policy::Never }));
        }
        self.secrets.drop_text(&text);
        Ok(())
    }

    /// Nobody has answered for them. Whoever copies one of them once more is asked once more.
    pub(super) fn drop_unanswered(&mut self) {
        for text in self.secrets.drop_unanswered(self.now) {
            let write = self.history.forget_on_clipboard(&text_digest(&text));
            self.persist_all(write);
        }
    }
}
