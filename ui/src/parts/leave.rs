//! Forgetting the account on this device.

use hushclip_engine::Command;
use leptos::prelude::*;

use crate::host::host;

/// A button that acts when pressed twice: there is no way back.
#[component]
pub(crate) fn Leave(
    /// What it says first.
    label: &'static str,
    /// What it says when it means it.
    sure_label: &'static str,
) -> impl IntoView {
    let host = host();
    let sure = RwSignal::new(false);
    let press = move |_| {
        if sure.get_untracked() {
            host.send(Command::Leave);
        } else {
            sure.set(true);
        }
    };
    view! {
        <button class="secondary" class:danger=move || sure.get() type="button" data-testid="leave" on:click=press>
            {move || if sure.get() { sure_label } else { label }}
        </button>
    }
}
