//! An account with one device: the one thing to do next, done right here.

use hushclip_model::Command;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::invite::Invite;
use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::kit::{Icon, Shape};
use crate::text;

/// Offers to add the second device.
#[component]
pub(crate) fn Alone() -> impl IntoView {
    let host = host();
    let inviting = host.follow(|view| view.invite.is_some());
    Effect::new(move |before: Option<bool>| {
        let inviting = inviting.get();
        match before {
            Some(false) if inviting => focus_soon("#invite-title"),
            Some(true) if !inviting => focus_soon(".alone button"),
            _ => {}
        }
        inviting
    });
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && inviting.get_untracked() {
            // Left to itself, it would close the popup too.
            event.prevent_default();
            host.send(Command::CancelInvite);
        }
    };
    let offer = move || {
        view! {
            <h2>{text::alone()}</h2>
            <p class="lead">{text::alone_hint()}</p>
            <button class="primary" type="button" data-testid="invite" on:click=move |_| host.send(Command::Invite)>
                <Icon shape=Shape::Plus />
                {text::add()}
            </button>
        }
    };
    view! {
        <section class="card alone" on:keydown=escape>
            {move || if inviting.get() { view! { <Invite /> }.into_any() } else { offer().into_any() }}
        </section>
    }
}
