//! Shown when the host cannot start at all, for example without storage.

use leptos::prelude::*;

use crate::parts::Mark;
use crate::text;

/// Why nothing works.
#[component]
pub(crate) fn Failure(
    /// What happened and what to do.
    message: String,
) -> impl IntoView {
    view! {
        <main class="page centred">
            <Mark />
            <h1 tabindex="-1">{text::cannot_start()}</h1>
            <p class="lead" role="alert" data-testid="failure">{message}</p>
        </main>
    }
}
