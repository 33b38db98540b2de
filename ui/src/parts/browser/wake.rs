//! Being told of clips while the app is closed: the browser's push service wakes it. The choice is among
//! the settings, and the browser asks its own question only after the button here.

use leptos::prelude::*;

use crate::host::{Wake as State, host};
use crate::text;

/// The part of the settings that is about wake-ups, where the browser and the relay know them.
#[component]
pub(crate) fn Wake() -> impl IntoView {
    let host = host();
    let (state, choose) = host.wake()?;
    let offered = host.follow(|view| view.push || view.push_key.is_some());
    let card = move || offered.get().then(|| view! { <Choice state choose /> });
    Some(card)
}

#[component]
fn Choice(state: Signal<State>, choose: UnsyncCallback<bool>) -> impl IntoView {
    let word = move || match state.get() {
        State::Off => "off",
        State::Asking => "asking",
        State::On => "on",
        State::Blocked => "blocked",
        State::Failed => "failed",
    };
    let is_on = move || state.get() == State::On;
    let trouble = move || match state.get() {
        State::Blocked => text::wake_blocked(),
        State::Failed => text::wake_failed(),
        State::Off | State::Asking | State::On => "",
    };
    let label = move || match state.get() {
        State::On => text::wake_stop(),
        State::Asking => text::wake_asking(),
        State::Blocked | State::Failed => text::wake_again(),
        State::Off => text::wake_start(),
    };
    let busy = move || state.get() == State::Asking;
    let press = move |_| {
        if !busy() {
            choose.run(!is_on());
        }
    };
    view! {
        <section class="card" data-testid="wake" data-state=word>
            <h2>{text::wake()}</h2>
            <p class="hint" role="status">{move || if is_on() { text::wake_is_on() } else { text::wake_is_off() }}</p>
            <p class="wrong" role="alert" data-testid="wake-trouble">{trouble}</p>
            <button
                class="secondary wide"
                type="button"
                data-testid="wake-button"
                // It keeps the keyboard while the browser asks.
                aria-disabled=move || busy().to_string()
                on:click=press
            >
                {label}
            </button>
            <p class="hint">{text::wake_hint()}</p>
        </section>
    }
}
