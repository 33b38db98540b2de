//! The field for this device's name.

use leptos::prelude::*;

use crate::text;

/// Asks what the other devices shall call this one.
#[component]
pub(crate) fn NameField(
    /// What is typed.
    name: RwSignal<String>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="label">{text::device_name()}</span>
            <input
                data-testid="name"
                type="text"
                autocomplete="off"
                maxlength="40"
                dir="auto"
                required
                aria-describedby="name-hint"
                bind:value=name
            />
            <span class="hint" id="name-hint">{text::name_hint()}</span>
        </label>
    }
}
