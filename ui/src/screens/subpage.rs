//! The frame of a page beside the clips: a header with the way back.

use leptos::prelude::*;

use crate::host::host;
use crate::parts::kit::{Icon, Shape};
use crate::parts::notices::{Connection, Problem};
use crate::text;

/// A page with a title, and a button that leads back to the clips.
#[component]
pub(crate) fn Subpage(
    /// What the page is called.
    title: &'static str,
    children: Children,
) -> impl IntoView {
    let host = host();
    view! {
        <header class="bar">
            <button
                class="bare"
                type="button"
                data-testid="back"
                aria-label=text::back()
                title=text::back()
                on:click=move |_| host.places.back()
            >
                <Icon shape=Shape::Back />
            </button>
            <div>
                <h1 tabindex="-1">{title}</h1>
                <Connection />
            </div>
        </header>
        <main class="desk">
            <Problem />
            {children()}
        </main>
    }
}
