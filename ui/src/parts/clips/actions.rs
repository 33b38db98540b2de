//! What can be done with a clip, from its card, its menu and the keyboard alike.

use std::time::Duration;

use hushclip_model::view::ClipKind;
use hushclip_model::{ClipView, Command, Problem, SecretKind, UNDO_MS};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::share;
use crate::host::Host;
use crate::{clipboard, focus, text};

const COPIED_SHOWN: Duration = Duration::from_secs(2);

/// How often a clip was copied just now; counted, so that a second tap starts the time anew.
#[derive(Clone, Copy)]
pub(crate) struct Copies(RwSignal<u32>);

impl Copies {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(0))
    }

    /// Whether it was copied just now; followed.
    pub(crate) fn any(self) -> bool {
        self.0.get() > 0
    }

    fn one_more(self) {
        self.0.try_update(|copies| *copies += 1);
        let end = move || {
            self.0.try_update(|copies| *copies -= 1);
        };
        set_timeout(end, COPIED_SHOWN);
    }
}

/// Puts a clip on the clipboard, perhaps without its formatted form. Has to be called within a tap.
pub(crate) fn copy(host: Host, id: String, plain: bool, copies: Copies) {
    if host.platform().extension {
        // The background can, without a tap.
        host.send(Command::Take { id, plain });
        host.news.say(text::copied());
        return copies.one_more();
    }
    match host.library.peek(&id, ClipView::clone) {
        Some(clip) if !clip.cut => {
            let written = clipboard::write(&clip.text, None);
            say_copied(host, id, copies, async move { if written.await { Ok(()) } else { Err(None) } });
        }
        Some(clip) => {
            let has_html = clip.kind == ClipKind::Html && !plain;
            let written = clipboard::write_later(host.content(id.clone()), has_html);
            say_copied(host, id, copies, written);
        }
        None => host.news.show(text::copy_failed()),
    }
}

fn say_copied(
    host: Host,
    id: String,
    copies: Copies,
    written: impl Future<Output = Result<(), Option<Problem>>> + 'static,
) {
    spawn_local(async move {
        if let Err(why) = written.await {
            return host.news.show(why.map_or_else(|| text::copy_failed().to_owned(), |why| text::problem(&why)));
        }
        host.send(Command::Copied { id });
        host.news.say(text::copied());
        copies.one_more();
    });
}

/// Offers a clip to other programs. Has to be called within a tap.
pub(crate) fn share(host: Host, id: String) {
    match host.library.peek(&id, ClipView::clone) {
        Some(clip) if !clip.cut => share::share(host, &clip.text),
        _ => spawn_local(async move {
            // A tap counts for seconds.
            match host.content(id).await {
                Ok(content) => share::share(host, &content.text),
                Err(problem) => host.news.tell(problem, host),
            }
        }),
    }
}

/// Pins a clip, or no longer.
pub(crate) fn pin(host: Host, id: String) {
    let pinned = host.library.peek(&id, |clip| clip.pinned).unwrap_or_default();
    host.news.say(if pinned { text::is_unpinned() } else { text::is_pinned() });
    host.send(Command::Pin { id, pinned: !pinned });
}

/// Deletes a clip on all devices, and offers to take that back.
pub(crate) fn delete(host: Host, id: String) {
    focus::leave_row();
    let ids = vec![id];
    host.send(Command::Delete { ids: ids.clone() });
    let undo = move || host.send(Command::Undelete { ids: ids.clone() });
    host.news.offer(text::deleted(), text::undo(), Duration::from_millis(UNDO_MS), undo);
}

/// Deletes all clips on all devices, and offers to take that back.
pub(crate) fn delete_all(host: Host) {
    host.send(Command::DeleteAll);
    let undo = move || host.send(Command::Undelete { ids: Vec::new() });
    host.news.offer(text::deleted_all(), text::undo(), Duration::from_millis(UNDO_MS), undo);
}

/// A kind of secret in words.
pub(crate) fn kind_word(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Code => text::secret_code(),
        SecretKind::Card => text::secret_card(),
        SecretKind::Key => text::secret_key(),
        SecretKind::Token => text::secret_token(),
        SecretKind::Password => text::secret_password(),
    }
}
