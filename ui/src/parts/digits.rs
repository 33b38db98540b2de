//! A device asks to be let in. After a link the person types what it shows: clicking "looks right" would
//! be what an attacker waits for, so there is no such button. After a typed code a click is enough.

use hushclip_engine::Command;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;

use crate::entry;
use crate::focus::focus_soon;
use crate::host::host;
use crate::text;

/// Who wants in, and what has to be said about it.
#[component]
pub(crate) fn Request(
    /// What the device calls itself.
    name: String,
) -> impl IntoView {
    let needs_digits = host().follow(|view| view.invite.as_ref().is_none_or(|invite| invite.needs_digits));
    move || {
        let name = name.clone();
        if needs_digits.get() { view! { <ByDigits name /> }.into_any() } else { view! { <ByClick name /> }.into_any() }
    }
}

/// The right code was typed there.
#[component]
fn ByClick(name: String) -> impl IntoView {
    let host = host();
    let share = RwSignal::new(false);
    let approve = move |event: SubmitEvent| {
        event.prevent_default();
        host.send(Command::Approve { digits: None, share_history: share.get_untracked() });
    };
    focus_soon("#invite-title");
    view! {
        <form class="request" on:submit=approve>
            <h2 id="invite-title" tabindex="-1" dir="auto">{text::wants_to_join(&name)}</h2>
            <p class="lead">{text::REQUEST_BY_CODE}</p>
            <Share share />
            <div class="row">
                <button class="plain danger" type="button" on:click=move |_| host.send(Command::Refuse)>
                    {text::REFUSE}
                </button>
                <button class="primary" type="submit" data-testid="approve">{text::APPROVE}</button>
            </div>
        </form>
    }
}

/// Whether the newcomer may read what came before it.
#[component]
fn Share(share: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="tick">
            <input type="checkbox" data-testid="share-history" bind:checked=share />
            <span>{text::SHARE_HISTORY}</span>
        </label>
    }
}

/// Who wants in, and the field for its digits.
#[component]
fn ByDigits(
    /// What the device calls itself.
    name: String,
) -> impl IntoView {
    let host = host();
    let typed = RwSignal::new(String::new());
    let share = RwSignal::new(false);
    let field = NodeRef::<Input>::new();
    let wrong = host.follow(|view| view.invite.as_ref().is_some_and(|invite| invite.wrong_digits));
    let complete = Memo::new(move |_| typed.with(|typed| entry::digits(typed)));
    let approve = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(digits) = complete.get_untracked() {
            host.send(Command::Approve { digits: Some(digits), share_history: share.get_untracked() });
            if let Some(field) = field.get_untracked() {
                field.select();
            }
        }
    };
    focus_soon(".digits-input");
    view! {
        <form class="request" on:submit=approve>
            <h2 id="invite-title" dir="auto">{text::wants_to_join(&name)}</h2>
            <p class="lead" id="digits-hint">{text::REQUEST_HINT}</p>
            <input
                node_ref=field
                class="digits-input"
                data-testid="digits-input"
                type="text"
                inputmode="numeric"
                autocomplete="one-time-code"
                maxlength="9"
                dir="ltr"
                aria-label=text::REQUEST_FIELD
                aria-describedby="digits-hint digits-wrong"
                aria-invalid=move || wrong.get().to_string()
                bind:value=typed
            />
            <p class="wrong" id="digits-wrong" role="alert">{move || wrong.get().then_some(text::WRONG_DIGITS)}</p>
            <Share share />
            <div class="row">
                <button class="plain danger" type="button" on:click=move |_| host.send(Command::Refuse)>
                    {text::REFUSE}
                </button>
                <button
                    class="primary"
                    type="submit"
                    data-testid="approve"
                    disabled=move || complete.with(Option::is_none)
                >
                    {text::APPROVE}
                </button>
            </div>
        </form>
    }
}
