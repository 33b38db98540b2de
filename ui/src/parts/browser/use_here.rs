//! Another tab has the account: asks it to let go.

use leptos::prelude::*;

use crate::host::host;
use crate::page::{PageAsk, Tab};
use crate::text;

/// The button, where it is another tab that stands in the way.
#[component]
pub(crate) fn UseHere() -> impl IntoView {
    let page = host().page()?;
    let asked = move || page.tab.get() == Tab::Asked;
    let button = move || {
        view! {
            <button
                class="primary"
                type="button"
                data-testid="use-here"
                aria-disabled=move || asked().to_string()
                on:click=move |_| page.ask.run(PageAsk::UseHere)
            >
                {move || if asked() { text::use_here_asking() } else { text::use_here() }}
            </button>
        }
    };
    let silent = move || if page.tab.get() == Tab::Silent { text::use_here_silent() } else { "" };
    Some(view! {
        <Show when=move || page.tab.get() != Tab::Here>{button()}</Show>
        <p class="wrong" role="alert">{silent}</p>
    })
}
