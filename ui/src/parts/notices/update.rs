//! A newer build that waits: it is used when the person says so, never on its own.

use leptos::prelude::*;

use crate::host::host;
use crate::page::{PageAsk, Update as State};
use crate::parts::kit::{Icon, Shape};
use crate::text;

/// The bar that offers it, on every screen.
#[component]
pub(crate) fn Update() -> impl IntoView {
    let page = host().page()?;
    let words = move || match page.update.get() {
        State::None => None,
        State::Ready | State::Switching => Some((text::update_ready(), text::update_button())),
        State::Elsewhere => Some((text::update_elsewhere(), text::update_reload())),
    };
    let switching = move || page.update.get() == State::Switching;
    let bar = move || {
        words().map(|(words, label)| {
            view! {
                <div class="alert notch" data-testid="update">
                    <Icon shape=Shape::Restored />
                    <p class="words">{words}</p>
                    <button
                        class="secondary small"
                        type="button"
                        data-testid="update-button"
                        aria-disabled=move || switching().to_string()
                        on:click=move |_| page.ask.run(PageAsk::Update)
                    >
                        {move || if switching() { text::update_working() } else { label }}
                    </button>
                </div>
            }
        })
    };
    Some(view! { <div role="status">{bar}</div> })
}
