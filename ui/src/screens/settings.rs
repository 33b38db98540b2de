//! What a person may choose for this device.

use leptos::prelude::*;

use super::subpage::Subpage;
use crate::parts::account::{Leave, Lock};
use crate::parts::browser::{OnThisDevice, Wake};
use crate::parts::settings::{Appearance, Applying, Bounds, Catching, History, Rotation, Secrets};
use crate::text;

/// The page of the settings.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    view! {
        <Subpage title=text::settings()>
            <Applying />
            <Secrets />
            <Catching />
            <Wake />
            <Appearance />
            <History />
            <OnThisDevice />
            <Lock />
            <Rotation />
            <Bounds />
            <section class="card">
                <h2>{text::leave()}</h2>
                <p class="hint">{text::leave_hint()}</p>
                <Leave />
            </section>
        </Subpage>
    }
}
