//! The first screen of a device without an account: start one, or join one. A device that was
//! removed from its account finds here what it still has.

use hushclip_engine::view::Stage;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::{Former, FormerClips, InstallFirst, Join, Mark, NameField, Start};
use crate::text;

/// Two ways in.
#[component]
pub(crate) fn Welcome() -> impl IntoView {
    let host = host();
    let name = RwSignal::new(host.platform().default_name);
    let relay = RwSignal::new(host.platform().default_relay.unwrap_or_default());
    let removed = host.follow(|view| view.stage == Stage::Removed);
    view! {
        <header class="hero">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::product()}</h1>
                <p class="lead">{text::promise()}</p>
            </div>
        </header>
        <Show when=move || removed.get()>
            <Former />
        </Show>
        <InstallFirst />
        <NameField name />
        <Start name relay />
        <Join name relay />
        <Show when=move || removed.get()>
            <FormerClips />
        </Show>
    }
}
