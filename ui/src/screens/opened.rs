//! A pairing link was opened here. Nothing happens with it until the person says so.

use hushclip_engine::Command;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::{Mark, NameField};
use crate::text;

/// Asks before the link is used up.
#[component]
pub(crate) fn OpenedLink() -> impl IntoView {
    let host = host();
    let name = RwSignal::new(host.platform().default_name);
    let join = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(link) = host.opened_link.get_untracked() {
            host.send(Command::Join { link, name: name.get_untracked().trim().to_owned() });
        }
    };
    view! {
        <header class="hero">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::opened()}</h1>
                <p class="lead">{text::opened_hint()}</p>
            </div>
        </header>
        <form class="card" on:submit=join>
            <NameField name />
            <button class="primary" type="submit" data-testid="join">{text::join_button()}</button>
            <p class="hint">{text::opened_once()}</p>
        </form>
        <button class="plain" type="button" on:click=move |_| host.opened_link.set(None)>{text::opened_later()}</button>
    }
}
