//! A device asks to be let in: after a link, the person types the six digits that it shows; after a
//! code, a yes is enough.

use hushclip_model::{Command, Problem};
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;

use crate::entry;
use crate::focus::focus_soon;
use crate::host::host;
use crate::text;

/// Who wants in, what it shall get, and the answer.
#[component]
pub(crate) fn Request(
    /// What the device calls itself.
    name: String,
    /// Whether it shows digits to type here.
    needs_digits: bool,
) -> impl IntoView {
    let host = host();
    let typed = RwSignal::new(String::new());
    let share_history = RwSignal::new(false);
    let field = NodeRef::<Input>::new();
    let complete = Memo::new(move |_| typed.with(|typed| entry::digits(typed)));
    let ready = move || !needs_digits || complete.with(Option::is_some);
    let approve = move |event: SubmitEvent| {
        event.prevent_default();
        let digits = complete.get_untracked().filter(|_| needs_digits);
        if digits.is_some() || !needs_digits {
            let approve = Command::Approve { digits, share_history: share_history.get_untracked() };
            host.ask(approve, move |outcome| match outcome.problem() {
                // The invite says it, beside the field.
                Some(Problem::DigitsDiffer) | None => {}
                Some(problem) => host.news.tell(problem.clone(), host),
            });
            if let Some(field) = field.get_untracked() {
                field.select();
            }
        }
    };
    let namesake = host.follow(|view| view.invite.as_ref().is_some_and(|invite| invite.namesake));
    let fingerprint = host.follow(|view| view.fingerprint.clone().unwrap_or_default());
    focus_soon(if needs_digits { ".digits-input" } else { "#invite-title" });
    view! {
        <form class="request" on:submit=approve>
            <h2 id="invite-title" tabindex="-1">{text::wants_to_join(text::isolate(&name))}</h2>
            <p class="lead" id="request-hint">
                {if needs_digits { text::request_hint() } else { text::request_code_hint() }}
            </p>
            <p class="wrong" data-testid="namesake" hidden=move || !namesake.get()>{text::namesake()}</p>
            {needs_digits.then(|| view! { <Digits typed field /> })}
            <label class="tick">
                <input type="checkbox" data-testid="share-history" bind:checked=share_history />
                <span>
                    {text::share_history()} <span class="hint">{text::share_history_hint()}</span>
                </span>
            </label>
            <p class="hint">
                {text::request_fingerprint()} " " <bdi lang="en" dir="ltr">{move || fingerprint.get()}</bdi>
            </p>
            <div class="row">
                <button
                    class="plain danger"
                    type="button"
                    data-testid="refuse"
                    on:click=move |_| host.send(Command::Refuse)
                >
                    {text::refuse()}
                </button>
                <button class="primary" type="submit" data-testid="approve" disabled=move || !ready()>
                    {text::approve()}
                </button>
            </div>
        </form>
    }
}

#[component]
fn Digits(typed: RwSignal<String>, field: NodeRef<Input>) -> impl IntoView {
    let wrong = host().follow(|view| view.invite.as_ref().is_some_and(|invite| invite.wrong_digits));
    view! {
        <input
            node_ref=field
            class="digits-input"
            data-testid="digits-input"
            type="text"
            inputmode="numeric"
            autocomplete="one-time-code"
            maxlength="9"
            dir="ltr"
            aria-label=text::request_field()
            aria-describedby="request-hint digits-wrong"
            aria-invalid=move || wrong.get().to_string()
            bind:value=typed
        />
        <p class="wrong" id="digits-wrong" role="alert">{move || wrong.get().then_some(text::wrong_digits())}</p>
    }
}
