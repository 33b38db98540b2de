//! The fingerprints of the account and of the list of devices, to compare by eye.

use leptos::prelude::*;

use crate::host::host;
use crate::text;

/// The fingerprints and how to use them.
#[component]
pub(crate) fn Check() -> impl IntoView {
    let host = host();
    let check = host.follow(|view| view.check.clone().unwrap_or_default());
    let fingerprint = host.follow(|view| view.fingerprint.clone().unwrap_or_default());
    view! {
        <Show when=move || check.with(|check| !check.is_empty())>
            <section class="card">
                <h2>{text::check()}</h2>
                <p class="label">{text::check_account()}</p>
                <Words words=fingerprint testid="fingerprint" />
                <p class="label">{text::check_list()}</p>
                <Words words=check testid="check" />
                <p class="hint">{text::check_hint()}</p>
            </section>
        </Show>
    }
}

/// Words to compare; they are English, whatever language is in use.
#[component]
pub(crate) fn Words(
    /// The words.
    words: Memo<String>,
    /// For tests.
    testid: &'static str,
) -> impl IntoView {
    view! { <p class="check" lang="en" dir="ltr" data-testid=testid>{move || words.get()}</p> }
}
