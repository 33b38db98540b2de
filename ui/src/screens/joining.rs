//! On the way in: first nothing to do but wait, then six digits to type on the other device.

use hushclip_model::{Command, view};
use leptos::prelude::*;

use crate::entry;
use crate::host::host;
use crate::parts::kit::Mark;
use crate::parts::notices::Connection;
use crate::text;

/// The joiner's side of pairing.
#[component]
pub(crate) fn Joining() -> impl IntoView {
    let host = host();
    // The link is being used: after this it is worth nothing.
    host.opened_link.set(None);
    let digits = host.follow(|view| view.joining.as_ref().and_then(|joining| joining.digits.clone()));
    let by_link = host.follow(|view| view.joining.is_some());
    let relay = host.follow(|view| view.relay.clone().unwrap_or_default());
    let waiting = host.follow(|view| matches!(view.connection, view::Connection::Waiting { .. }));
    view! {
        <div class="centred" role="status">
            <Mark />
            {move || match digits.get() {
                None => {
                    view! {
                        <h1 tabindex="-1" class="pulse">{text::connecting()}</h1>
                        {move || {
                            if waiting.get() {
                                view! { <Connection /> }.into_any()
                            } else if by_link.get() {
                                view! { <p class="lead">{text::connecting_hint()}</p> }.into_any()
                            } else {
                                ().into_any()
                            }
                        }}
                    }
                        .into_any()
                }
                Some(digits) => {
                    view! {
                        <h1 tabindex="-1">{text::digits()}</h1>
                        <p class="digits" data-testid="digits" role="img" dir="ltr" aria-label=entry::spelled(&digits)>
                            {entry::grouped(&digits)}
                        </p>
                        <p class="lead">{text::digits_hint()}</p>
                    }
                        .into_any()
                }
            }}
            <p class="hint">
                {text::the_relay()} ": " <bdi class="relay" dir="ltr" data-testid="joining-relay">{move || relay.get()}</bdi>
            </p>
        </div>
        <button class="secondary" type="button" on:click=move |_| host.send(Command::CancelJoin)>{text::cancel()}</button>
    }
}
