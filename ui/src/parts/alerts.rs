//! What the person should know and has not put away yet: somebody came, something did not arrive.

use hushclip_engine::Command;
use hushclip_engine::view::AlertView;
use leptos::prelude::*;

use crate::host::{Page, host};
use crate::parts::icon::{Icon, Shape};
use crate::{text, time};

/// Alerts after which a person may want to look at the devices.
const ABOUT_DEVICES: [&str; 4] = ["joined", "removed", "cloned", "cloned_here"];

/// All alerts, the newest first.
#[component]
pub(crate) fn Alerts() -> impl IntoView {
    let host = host();
    let alerts = host.follow(|view| view.alerts.iter().rev().cloned().collect::<Vec<_>>());
    view! {
        <div class="alerts" role="status">
            <For each=move || alerts.get() key=|alert| (alert.id, alert.message.clone()) let(alert)>
                <Alert alert />
            </For>
        </div>
    }
}

#[component]
fn Alert(alert: AlertView) -> impl IntoView {
    let host = host();
    let AlertView { id, code, message, at, .. } = alert;
    let devices = ABOUT_DEVICES.contains(&code.as_str());
    let shape = if code == "missing" || code.starts_with("cloned") { Shape::Warning } else { Shape::Info };
    let when = move || time::ago(at, host.lately.get());
    view! {
        <div class="alert" data-testid="alert" data-code=code>
            <Icon shape />
            <div class="words">
                <p dir="auto">{message}</p>
                <p class="hint">{when}</p>
                {devices
                    .then(|| {
                        view! {
                            <button class="plain" type="button" on:click=move |_| host.page.set(Page::Devices)>
                                {text::SHOW_DEVICES}
                            </button>
                        }
                    })}
            </div>
            <button
                class="bare"
                type="button"
                data-testid="dismiss-alert"
                aria-label=text::DISMISS
                title=text::DISMISS
                on:click=move |_| host.send(Command::DismissAlert { id })
            >
                <Icon shape=Shape::Close />
            </button>
        </div>
    }
}
