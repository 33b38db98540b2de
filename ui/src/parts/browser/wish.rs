//! What the app was opened for, done as soon as it can be: a shortcut, a notification, a share that was lost.

use hushclip_model::view::{Connection, Stage};
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::Host;
use crate::page::{Page, Wish};
use crate::place::Place;
use crate::text;

/// Follows what is wished for.
pub(crate) fn follow_wishes(host: Host) {
    let Some(page) = host.page() else { return };
    let now = host.follow(|view| (view.stage, view.connection));
    Effect::new(move |_| {
        let (stage, connection) = now.get();
        let Some(wish) = page.wish.get() else { return };
        let is_member = stage == Stage::Member;
        match wish {
            Wish::ShareAgain => host.news.show(text::shared_again()),
            Wish::ShareTooLarge => host.news.show(text::shared_too_large()),
            Wish::ShareFull => host.news.show(text::shared_full()),
            Wish::SharedElsewhere => host.news.show(text::shared_passed()),
            Wish::Devices if is_member => host.places.go(Place::Devices),
            Wish::Newest if is_member => {
                host.places.back();
                if connection != Connection::Online {
                    // What a notification told of has not come yet.
                    return;
                }
                window().scroll_to_with_x_and_y(0.0, 0.0);
                focus_soon(".clips .copy");
            }
            Wish::Paste if is_member => {
                host.places.back();
                host.news.show(text::paste_tap());
                focus_soon(if host.platform().can_read_clipboard { ".composer .paste" } else { ".composer textarea" });
            }
            Wish::Devices | Wish::Newest | Wish::Paste => return,
        }
        page.wish.set(None);
    });
    follow_links(host, page);
}

/// Asks about one pairing link after the other: what is asked about does not change under the finger.
fn follow_links(host: Host, page: Page) {
    let stage = host.follow(|view| view.stage);
    Effect::new(move |said: Option<Option<String>>| {
        let link = page.link.get()?;
        let (asked, stage) = (host.opened_link.get(), stage.get());
        if stage == Stage::Member {
            host.news.show(text::opened_member());
        } else if asked.as_ref() == Some(&link) {
        } else if asked.is_some() || stage == Stage::Joining {
            if said.flatten().as_ref() != Some(&link) {
                host.news.show(text::opened_another());
            }
            return Some(link);
        } else {
            host.opened_link.set(Some(link));
            focus_soon("h1");
        }
        page.link.set(None);
        None
    });
}
