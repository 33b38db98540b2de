//! A device asks to be let in: the person types what it shows. Clicking "looks right" would be what
//! an attacker waits for, so there is no such button.

use hushclip_engine::Command;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;

use crate::entry;
use crate::focus::focus_soon;
use crate::host::host;
use crate::text;

/// Who wants in, and the field for its digits.
#[component]
pub(crate) fn Request(
    /// What the device calls itself.
    name: String,
) -> impl IntoView {
    let host = host();
    let typed = RwSignal::new(String::new());
    let field = NodeRef::<Input>::new();
    let wrong = host.follow(|view| view.invite.as_ref().is_some_and(|invite| invite.wrong_digits));
    let complete = Memo::new(move |_| typed.with(|typed| entry::digits(typed)));
    let approve = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(digits) = complete.get_untracked() {
            host.send(Command::Approve { digits: Some(digits), share_history: false });
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
