//! The line to the relay as a dot and a word.

use hushclip_model::view;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::kit::Dot;
use crate::{text, time};

/// How the line stands, with a live countdown while there is none.
#[component]
pub(crate) fn Connection() -> impl IntoView {
    use view::Connection::{CatchingUp, Connecting, Idle, Online, Waiting};

    let host = host();
    let connection = host.follow(|view| view.connection);
    let state = move || match connection.get() {
        Idle => "idle",
        Connecting => "connecting",
        CatchingUp => "catching_up",
        Online => "online",
        Waiting { .. } => "waiting",
    };
    let word = move || match connection.get() {
        Idle => text::idle(),
        Connecting => text::connecting(),
        CatchingUp => text::catching_up(),
        Online => text::online(),
        Waiting { .. } => text::waiting(),
    };
    let countdown = move || match connection.get() {
        Waiting { retry_at } => text::retry_in(host.seconds_until(retry_at)),
        _ => String::new(),
    };
    let in_touch_at = host.follow(|view| view.in_touch_at);
    let heard = move || match connection.get() {
        Idle | Waiting { .. } => {
            in_touch_at.get().map(|at| format!(" · {}", text::in_touch(time::ago(at, host.lately.get().max(at)))))
        }
        _ => None,
    };
    view! {
        <p class="connection" role="status" data-testid="connection" data-state=state>
            <Dot />
            {word}
            // Not for screen readers: they would say it each second.
            <span aria-hidden="true">{countdown}</span>
            <span aria-hidden="true" class="in-touch" data-testid="in-touch">{heard}</span>
        </p>
    }
}
