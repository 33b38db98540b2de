//! The fingerprint of the list of devices, to compare by eye.

use leptos::prelude::*;

use crate::host::host;
use crate::text;

/// The fingerprint and how to use it.
#[component]
pub(crate) fn Check() -> impl IntoView {
    let host = host();
    let check = host.follow(|view| view.check.clone());
    view! {
        <Show when=move || check.with(|check| !check.is_empty())>
            <section class="card">
                <h2>{text::check()}</h2>
                <p class="check" dir="ltr" data-testid="check">{move || check.get()}</p>
                <p class="hint">{text::check_hint()}</p>
            </section>
        </Show>
    }
}
