//! The devices of the account: who is in, who was heard from, who shall go.

use hushclip_model::Command;
use leptos::prelude::*;

use super::subpage::Subpage;
use crate::host::host;
use crate::parts::devices::{Check, InviteSheet, Roster};
use crate::parts::kit::{Icon, Shape};
use crate::text;

/// The page of the devices.
#[component]
pub(crate) fn Devices() -> impl IntoView {
    let host = host();
    view! {
        <Subpage title=text::devices()>
            <Roster />
            <p class="hint">{text::devices_hint()}</p>
            <button
                class="secondary wide"
                type="button"
                data-testid="invite"
                on:click=move |_| host.send(Command::Invite)
            >
                <Icon shape=Shape::Plus />
                {text::add()}
            </button>
            <Check />
        </Subpage>
        <InviteSheet />
    }
}
