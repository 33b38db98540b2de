//! The heart: the line's state, the devices, the clips, and the place to send from.

use leptos::prelude::*;

use crate::host::host;
use crate::parts::{Alerts, Alone, Clips, Composer, Connection, Devices, Icon, InviteSheet, Mark, Problem, Shape};
use crate::place::Place;
use crate::text;

/// A device in an account.
#[component]
pub(crate) fn Member() -> impl IntoView {
    let host = host();
    if host.opened_link.get_untracked().is_some() {
        host.opened_link.set(None);
        host.news.show(text::opened_member());
    }
    let alone = host.follow(|view| view.devices.len() <= 1);
    view! {
        <header class="bar">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::product()}</h1>
                <Connection />
            </div>
            <nav class="places" aria-label=text::places()>
                <Way to=Place::Devices shape=Shape::Devices label=text::devices() testid="devices" />
                <Way to=Place::Settings shape=Shape::Settings label=text::settings() testid="settings" />
            </nav>
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

#[component]
fn Way(to: Place, shape: Shape, label: &'static str, testid: &'static str) -> impl IntoView {
    let host = host();
    view! {
        <button
            class="bare"
            type="button"
            data-testid=testid
            aria-label=label
            title=label
            on:click=move |_| host.places.go(to)
        >
            <Icon shape />
            <span class="word" aria-hidden="true">{label}</span>
        </button>
    }
}
