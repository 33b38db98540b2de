//! Making an account, and the field for its relay.

use hushclip_model::{Command, Problem};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::entry;
use crate::host::{Entering, host};
use crate::text;

/// Makes an account whose first device is this one.
#[component]
pub(crate) fn Start(
    /// What is typed.
    entering: Entering,
) -> impl IntoView {
    let host = host();
    let Entering { name, relay, token, .. } = entering;
    let refused = host.follow(|view| view.problem == Some(Problem::TokenWanted));
    // Once asked for, it stays: a wrong one can be mended.
    let asked = Memo::new(move |before: Option<&bool>| {
        before.copied().unwrap_or_default() || refused.get() || !token.get_untracked().is_empty()
    });
    let start = move |event: SubmitEvent| {
        event.prevent_default();
        let relay = entry::tidy_relay(&relay.get_untracked());
        host.send(Command::CreateAccount {
            relay,
            name: name.get_untracked().trim().to_owned(),
            token: Some(token.get_untracked().trim().to_owned()).filter(|token| !token.is_empty()),
        });
    };
    view! {
        <form class="card" on:submit=start>
            <h2>{text::start()}</h2>
            {match host.platform().default_relay {
                Some(origin) => view! { <KnownRelay origin /> }.into_any(),
                None => view! { <RelayField relay testid="relay" hint=text::relay_hint() /> }.into_any(),
            }}
            <Show when=move || asked.get()>
                <TokenField token />
            </Show>
            <button class="primary" type="submit" data-testid="create-account">{text::start_button()}</button>
        </form>
    }
}

/// A page can talk to no other relay than the one that serves it.
#[component]
fn KnownRelay(origin: String) -> impl IntoView {
    view! {
        <p class="field">
            <span class="label">{text::relay()}</span>
            <bdi dir="ltr">{origin}</bdi>
            <span class="hint">{text::relay_hint()}</span>
        </p>
    }
}

/// The field for what a relay wants that is not open to everybody.
#[component]
fn TokenField(token: RwSignal<String>) -> impl IntoView {
    view! {
        <label class="field">
            <span class="label">{text::relay_token()}</span>
            <input
                data-testid="token"
                type="text"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                dir="ltr"
                required
                aria-describedby="token-hint"
                bind:value=token
            />
            <span class="hint" id="token-hint">{text::relay_token_hint()}</span>
        </label>
    }
}

/// The field for a relay's address.
#[component]
pub(crate) fn RelayField(
    /// What is typed.
    relay: RwSignal<String>,
    /// For tests, and to tell the fields of a page apart.
    testid: &'static str,
    /// What a person should know.
    hint: &'static str,
) -> impl IntoView {
    let hint_id = format!("{testid}-hint");
    view! {
        <label class="field">
            <span class="label">{text::relay()}</span>
            <input
                data-testid=testid
                type="text"
                inputmode="url"
                autocomplete="url"
                autocapitalize="none"
                spellcheck="false"
                dir="ltr"
                required
                placeholder=text::relay_example()
                aria-describedby=hint_id.clone()
                bind:value=relay
            />
            <span class="hint" id=hint_id>{hint}</span>
        </label>
    }
}
