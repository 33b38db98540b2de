//! What a person should know: calm banners in the engine's own words, until dismissed.

use hushclip_model::{Alert, AlertView, Command};
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::{Host, host};
use crate::parts::kit::{Icon, Shape};
use crate::place::Place;
use crate::{text, time};

/// How many are shown before the person asks for all.
const SHOWN: usize = 2;

/// The alerts, newest first.
#[component]
pub(crate) fn Alerts() -> impl IntoView {
    let host = host();
    let all = RwSignal::new(false);
    let alerts = host.follow(|view| view.alerts.iter().rev().cloned().collect::<Vec<_>>());
    let more = Memo::new(move |_| alerts.with(Vec::len) > SHOWN);
    let shown = move || {
        let shown = if all.get() { usize::MAX } else { SHOWN };
        alerts.get().into_iter().take(shown).collect::<Vec<_>>()
    };
    view! {
        // Always there, so that a screen reader says what comes into it.
        <section class="alerts" aria-label=text::alerts() role="status">
            <ul>
                // A message may change while its identifier stays, as when more clips are missing.
                <For each=shown key=|alert| (alert.id, alert.what.count()) let(alert)>
                    <li>{banner(host, alert)}</li>
                </For>
            </ul>
            <Show when=move || more.get()>
                <div class="row">
                    <button
                        class="plain small"
                        type="button"
                        aria-expanded=move || all.get().to_string()
                        on:click=move |_| all.update(|all| *all = !*all)
                    >
                        {move || {
                            if all.get() { text::alerts_fewer().to_owned() } else { text::all_alerts(alerts.with(Vec::len)) }
                        }}
                    </button>
                    <button class="plain small" type="button" on:click=move |_| dismiss_all(host)>
                        {text::alerts_dismiss()}
                    </button>
                </div>
            </Show>
        </section>
    }
}

fn banner(host: Host, alert: AlertView) -> impl IntoView {
    let (id, at) = (alert.id, alert.at);
    let (shape, devices) = match alert.what {
        Alert::Joined { .. } => (Shape::Joined, true),
        Alert::Removed { .. } => (Shape::Gone, true),
        Alert::Cloned { .. } | Alert::ClonedHere => (Shape::Twice, true),
        Alert::Missing { .. } | Alert::Unreadable { .. } => (Shape::Warning, false),
        Alert::Expired { .. } | Alert::Silent { .. } => (Shape::Clock, false),
        Alert::LogRestored | Alert::ItemsRestored => (Shape::Restored, false),
        _ => (Shape::Warning, true),
    };
    let dismiss = move |_| {
        host.send(Command::DismissAlert { id });
        // The button goes away and would take the keyboard with it.
        focus_soon(".alerts .bare, h1");
    };
    view! {
        <div class="alert" data-testid="alert" data-code=alert.what.code()>
            <Icon shape />
            <div class="words">
                <p>{text::alert(&alert.what)}</p>
                <p class="foot">
                    <time title=time::exact(at)>{move || time::ago(at, host.lately.get().max(at))}</time>
                    {devices
                        .then(|| {
                            view! {
                                <button
                                    class="inline"
                                    type="button"
                                    data-testid="alert-devices"
                                    on:click=move |_| host.places.go(Place::Devices)
                                >
                                    {text::alert_devices()}
                                </button>
                            }
                        })}
                </p>
            </div>
            <button
                class="bare"
                type="button"
                data-testid="alert-dismiss"
                aria-label=text::dismiss()
                title=text::dismiss()
                on:click=dismiss
            >
                <Icon shape=Shape::Close />
            </button>
        </div>
    }
}

fn dismiss_all(host: Host) {
    for id in host.peek(|view| view.alerts.iter().map(|alert| alert.id).collect::<Vec<_>>()) {
        host.send(Command::DismissAlert { id });
    }
    focus_soon("h1");
}
