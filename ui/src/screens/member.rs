//! The heart: the line's state, the devices, the clips, and the place to send from.

use hushclip_model::Command;
use leptos::prelude::*;

use crate::host::{Host, host};
use crate::parts::account::NewHere;
use crate::parts::browser::InstallCard;
use crate::parts::clips::{Arrived, Clips, Finder, Keyboard, Refresh, WholeSheet};
use crate::parts::devices::{Alone, Devices, InviteSheet};
use crate::parts::kit::{Icon, Mark, Shape};
use crate::parts::notices::{Alerts, Connection, Problem};
use crate::parts::sending::{Composer, Held};
use crate::parts::settings::Paused;
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
    see(host);
    let alone = host.follow(|view| view.devices.len() <= 1);
    view! {
        <header class="bar">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::product()}</h1>
                <div class="line">
                    <Connection />
                    <Refresh />
                </div>
            </div>
            <nav class="places" aria-label=text::places()>
                <Keyboard />
                <Way to=Place::Devices shape=Shape::Devices label=text::devices() testid="devices" />
                <Way to=Place::Settings shape=Shape::Settings label=text::settings() testid="settings" />
            </nav>
        </header>
        <main class="desk">
            <Held />
            <Paused />
            <Problem />
            <NewHere />
            <Alerts />
            <Arrived />
            <InstallCard />
            <Finder />
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
        <WholeSheet />
    }
}

/// Tells the engine that the list is seen, whenever there is something new in it and the page is in sight.
fn see(host: Host) {
    let in_sight = RwSignal::new(!document().hidden());
    let handle = window_event_listener_untyped("visibilitychange", move |_| {
        let shown = !document().hidden();
        if !shown {
            host.library.looked();
        }
        in_sight.set(shown);
    });
    on_cleanup(move || handle.remove());
    let unread = host.follow(|view| view.unread);
    Effect::new(move |_| {
        if unread.get() > 0 && in_sight.get() {
            host.send(Command::Seen);
        }
    });
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
