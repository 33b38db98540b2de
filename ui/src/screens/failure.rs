//! Shown when the host cannot start, for example without storage, or while another tab has the account.

use leptos::prelude::*;

use crate::host::host;
use crate::page::Tab;
use crate::parts::browser::UseHere;
use crate::parts::kit::Mark;
use crate::text;

/// Why nothing works, or not here.
#[component]
pub(crate) fn Failure(
    /// What happened and what to do.
    message: String,
) -> impl IntoView {
    let page = host().page();
    let title = move || match page.map(|page| page.tab.get()) {
        None | Some(Tab::Here) => text::cannot_start(),
        Some(Tab::Elsewhere | Tab::Asked | Tab::Silent) => text::open_elsewhere(),
    };
    view! {
        <main class="page centred">
            <Mark />
            <h1 tabindex="-1">{title}</h1>
            <p class="lead" role="alert" data-testid="failure">{message}</p>
            <UseHere />
        </main>
    }
}
