//! The first screen of a device without an account: start one, or join one.

use hushclip_engine::Command;
use hushclip_engine::view::Stage;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::entry;
use crate::host::host;
use crate::parts::{Clips, Leave, Mark, NameField, Scan};
use crate::text;

/// Two ways in.
#[component]
pub(crate) fn Welcome() -> impl IntoView {
    let name = RwSignal::new(host().platform().default_name);
    view! {
        <header class="hero">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::PRODUCT}</h1>
                <p class="lead">{text::PROMISE}</p>
            </div>
        </header>
        <Removed />
        <NameField name />
        <Start name />
        <Join name />
    }
}

/// What is left of an account that this device was removed from.
#[component]
fn Removed() -> impl IntoView {
    let host = host();
    let removed = host.follow(|view| view.stage == Stage::Removed);
    let never = Memo::new(|_| false);
    view! {
        <Show when=move || removed.get()>
            <section class="card" data-testid="removed">
                <h2>{text::REMOVED}</h2>
                <p class="lead">{text::REMOVED_HINT}</p>
                <details>
                    <summary>{text::CLIPS}</summary>
                    <Clips alone=never />
                </details>
                <Leave label=text::REMOVED_DELETE sure_label=text::REMOVED_DELETE_SURE />
            </section>
        </Show>
    }
}

#[component]
fn Start(name: RwSignal<String>) -> impl IntoView {
    let host = host();
    let known = host.platform().default_relay;
    let relay = RwSignal::new(known.clone().unwrap_or_default());
    let start = move |event: SubmitEvent| {
        event.prevent_default();
        let relay = entry::tidy_relay(&relay.get_untracked());
        host.send(Command::CreateAccount { relay, name: name.get_untracked().trim().to_owned() });
    };
    view! {
        <form class="card" on:submit=start>
            <h2>{text::START}</h2>
            {match known {
                Some(origin) => view! { <KnownRelay origin /> }.into_any(),
                None => view! { <RelayField relay /> }.into_any(),
            }}
            <button class="primary" type="submit" data-testid="create-account">{text::START_BUTTON}</button>
        </form>
    }
}

/// A page can talk to no other relay than the one that serves it.
#[component]
fn KnownRelay(origin: String) -> impl IntoView {
    view! {
        <p class="field">
            <span class="label">{text::RELAY}</span>
            <bdi dir="ltr">{origin}</bdi>
            <span class="hint">{text::RELAY_HINT}</span>
        </p>
    }
}

#[component]
fn RelayField(relay: RwSignal<String>, #[prop(default = "relay")] testid: &'static str) -> impl IntoView {
    view! {
        <label class="field">
            <span class="label">{text::RELAY}</span>
            <input
                data-testid=testid
                type="text"
                inputmode="url"
                autocomplete="url"
                autocapitalize="none"
                spellcheck="false"
                dir="ltr"
                required
                placeholder=text::RELAY_EXAMPLE
                aria-describedby="relay-hint"
                bind:value=relay
            />
            <span class="hint" id="relay-hint">{text::RELAY_HINT}</span>
        </label>
    }
}

#[component]
fn Join(name: RwSignal<String>) -> impl IntoView {
    let host = host();
    let link = RwSignal::new(String::new());
    let own_relay = host.platform().default_relay;
    let relay = RwSignal::new(own_relay.clone().unwrap_or_default());
    // A link names its relay; a code does not.
    let asks_relay = own_relay.is_none();
    let is_code = Memo::new(move |_| link.with(|link| entry::looks_like_code(link)));
    let join = move |event: SubmitEvent| {
        event.prevent_default();
        let link = link.get_untracked().trim().to_owned();
        if is_code.get_untracked() {
            let (relay, name) = (entry::tidy_relay(&relay.get_untracked()), name.get_untracked().trim().to_owned());
            return host.send(Command::JoinByCode { relay, code: link, name });
        }
        // The page may talk to its own relay only; a link opens the page of its relay.
        let elsewhere = own_relay.as_ref().is_some_and(|own| link.contains("/pair#") && !link.starts_with(&**own));
        if elsewhere {
            return host.news.show(text::ELSEWHERE);
        }
        host.send(Command::Join { link, name: name.get_untracked().trim().to_owned() });
    };
    view! {
        <form class="card" on:submit=join>
            <h2>{text::JOIN}</h2>
            <div class="field">
                <label class="label" for="join-link">{text::JOIN_LINK}</label>
                <div class="beside">
                    <input
                        id="join-link"
                        data-testid="join-link"
                        type="text"
                        inputmode="url"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        dir="ltr"
                        required
                        placeholder=text::JOIN_EXAMPLE
                        aria-describedby="join-hint"
                        bind:value=link
                    />
                    <button class="secondary" type="submit" data-testid="join">{text::JOIN_BUTTON}</button>
                </div>
                <p class="hint" id="join-hint">{text::JOIN_HINT}</p>
            </div>
            <Show when=move || asks_relay && is_code.get()>
                <RelayField relay testid="code-relay" />
            </Show>
            <Scan />
        </form>
    }
}
