//! What a person may choose for this device.

use leptos::prelude::*;

use crate::parts::{Bounds, Leave, Lock, Rotation, Subpage, Wake};
use crate::text;

/// The page of the settings.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    view! {
        <Subpage title=text::SETTINGS>
            <Wake />
            <Lock />
            <Rotation />
            <Bounds />
            <section class="card">
                <h2>{text::LEAVE}</h2>
                <p class="hint">{text::LEAVE_HINT}</p>
                <Leave />
            </section>
        </Subpage>
    }
}
