//! The heart: the line's state, the devices, the clips, and the place to send from.

use leptos::prelude::*;

use crate::host::host;
use crate::parts::{Alone, Clips, Composer, Connection, Devices, InviteSheet, Mark, Problem};
use crate::text;

/// A device in an account.
#[component]
pub(crate) fn Member() -> impl IntoView {
    let host = host();
    if host.opened_link.get_untracked().is_some() {
        host.opened_link.set(None);
        host.news.show(text::OPENED_MEMBER);
    }
    let alone = host.follow(|view| view.devices.len() <= 1);
    view! {
        <header class="bar">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::PRODUCT}</h1>
                <Connection />
            </div>
        </header>
        <main class="desk">
            <Problem />
            <Devices alone />
            <Show when=move || alone.get()>
                <Alone />
            </Show>
            <Clips alone />
        </main>
        <Composer />
        <Show when=move || !alone.get()>
            <InviteSheet />
        </Show>
    }
}
