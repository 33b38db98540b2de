//! What the relay keeps and lets through, as it said itself.

use leptos::prelude::*;

use crate::host::host;
use crate::text;

/// The relay's address and bounds, once it has told them.
#[component]
pub(crate) fn Bounds() -> impl IntoView {
    let host = host();
    let relay = host.follow(|view| view.relay.clone());
    let bounds = host.follow(|view| view.bounds.clone());
    let card = move || {
        let bounds = bounds.get()?;
        Some(view! {
            <section class="card" data-testid="bounds">
                <h2>{text::the_relay()}</h2>
                <p class="hint">{move || relay.get()}</p>
                <p class="hint">{text::relay_keeps(&bounds)}</p>
                <p class="hint">{text::relay_takes(&bounds)}</p>
            </section>
        })
    };
    view! { {card} }
}
