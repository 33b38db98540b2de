//! The heart: the line's state, the devices, the clips, and the place to send from.

use leptos::prelude::*;

use crate::host::{Page, host};
use crate::parts::icon::{Icon, Shape};
use crate::parts::{Alerts, Alone, Clips, Composer, Connection, Devices, InviteSheet, Mark, Problem};
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
            <button
                class="bare manage-button"
                type="button"
                data-testid="manage"
                aria-label=text::MANAGE
                title=text::MANAGE
                on:click=move |_| host.page.set(Page::Devices)
            >
                <Icon shape=Shape::Devices />
            </button>
        </header>
        <main class="desk">
            <Problem />
            <Alerts />
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
