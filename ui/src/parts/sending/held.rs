//! Copies that look like secrets: they wait here, in memory only, for the person to say what becomes of them.

use hushclip_model::{Command, HELD_MS, HeldView, SecretKind};
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::{Host, host};
use crate::parts::kit::{Icon, Shape};
use crate::text;

/// The newest question; the others come after its answer.
#[component]
pub(crate) fn Held() -> impl IntoView {
    let host = host();
    let held = host.follow(|view| view.held.first().cloned());
    let others = host.follow(|view| view.held.len().saturating_sub(1));
    view! {
        // Always there, so that a screen reader says what comes into it.
        <section class="held" aria-label=text::held() role="status">
            {move || held.get().map(|held| question(host, held, others))}
        </section>
    }
}

fn question(host: Host, held: HeldView, others: Memo<usize>) -> impl IntoView {
    let HeldView { id, kind, at, hint } = held;
    let (asks, always) = words(kind);
    let remember = RwSignal::new(false);
    let id = StoredValue::new(id);
    let answer = move |send: bool, burn: bool| {
        let remember = remember.get_untracked();
        host.send(Command::AnswerSecret { id: id.get_value(), send, remember, burn });
        // The button goes away and would take the keyboard with it.
        focus_soon(".held button, #search, h1");
    };
    let left = move || text::held_for(host.seconds_until(at + HELD_MS));
    view! {
        <div class="card question" data-testid="held" data-kind=format!("{kind:?}")>
            <h2>
                <Icon shape=Shape::Secret />
                {asks}
            </h2>
            <p class="hint-of">
                <bdi dir="ltr" data-testid="held-hint">{hint}</bdi>
                // Not for screen readers: they would say it each second.
                <span class="hint" aria-hidden="true">{left}</span>
            </p>
            <p class="hint">{text::held_hint()}</p>
            <div class="answers">
                <button class="primary" type="button" data-testid="held-send" on:click=move |_| answer(true, false)>
                    {text::send()}
                </button>
                <button class="secondary" type="button" data-testid="held-keep" on:click=move |_| answer(false, false)>
                    {text::held_keep()}
                </button>
                <button
                    class="plain"
                    type="button"
                    data-testid="held-burn"
                    aria-describedby="burn-hint"
                    on:click=move |_| answer(true, true)
                >
                    {text::held_burn()}
                </button>
                <p class="hint" id="burn-hint">{text::held_burn_hint()}</p>
            </div>
            <label class="tick">
                <input type="checkbox" data-testid="held-remember" bind:checked=remember />
                <span>{always}</span>
            </label>
            <p class="hint" hidden=move || others.get() == 0>{move || text::more_held(others.get())}</p>
        </div>
    }
}

/// The question for a kind, and what its box for every time says.
fn words(kind: SecretKind) -> (&'static str, &'static str) {
    match kind {
        SecretKind::Code => (text::held_code(), text::always_code()),
        SecretKind::Card => (text::held_card(), text::always_card()),
        SecretKind::Key => (text::held_key(), text::always_key()),
        SecretKind::Token => (text::held_token(), text::always_token()),
        SecretKind::Password => (text::held_password(), text::always_password()),
    }
}
