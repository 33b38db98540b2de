//! The relay: its address, what it keeps and lets through as it said itself, and whether it answers.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::health::{self, Health};
use crate::host::host;
use crate::{text, time};

/// The relay's address, how to check it, and its bounds once it has told them.
#[component]
pub(crate) fn Bounds() -> impl IntoView {
    let host = host();
    let relay = host.follow(|view| view.relay.clone().unwrap_or_default());
    let bounds = host.follow(|view| view.bounds.clone());
    let in_touch_at = host.follow(|view| view.in_touch_at);
    let busy = RwSignal::new(false);
    let told = RwSignal::new(None::<Health>);
    let check = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let health = health::check(&relay.get_untracked()).await;
            // The page may have been left meanwhile.
            busy.try_set(false);
            told.try_set(Some(health));
        });
    };
    let verdict = move || match told.get() {
        _ if busy.get() => text::health_asking().to_owned(),
        None => String::new(),
        Some(Health::Well { version, milliseconds }) => text::health_well(milliseconds, version),
        Some(Health::Odd) => text::health_odd().to_owned(),
        Some(Health::Silent) => text::health_silent().to_owned(),
    };
    let well = move || match told.get() {
        Some(Health::Well { .. }) => "well",
        Some(Health::Odd) => "odd",
        Some(Health::Silent) => "silent",
        None => "",
    };
    let heard = move || in_touch_at.get().map(|at| text::in_touch(time::ago(at, host.lately.get().max(at))));
    view! {
        <section class="card" data-testid="bounds" hidden=move || relay.with(String::is_empty)>
            <h2>{text::the_relay()}</h2>
            <p class="relay" dir="ltr">{move || relay.get()}</p>
            <p class="hint" hidden=move || in_touch_at.get().is_none()>{heard}</p>
            <p role="status" data-testid="health" data-state=well>{verdict}</p>
            <button
                class="secondary wide"
                type="button"
                data-testid="check-health"
                aria-disabled=move || busy.get().to_string()
                on:click=check
            >
                {text::health_check()}
            </button>
            {move || {
                bounds
                    .get()
                    .map(|bounds| {
                        view! {
                            <p class="hint">{text::relay_keeps(&bounds)}</p>
                            <p class="hint">{text::relay_takes(&bounds)}</p>
                        }
                    })
            }}
        </section>
    }
}
