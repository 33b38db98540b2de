//! The devices of the account and this device's keys: who is in, who goes, how to compare.

use hushclip_engine::Command;
use hushclip_engine::view::DeviceView;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::{Page, host};
use crate::parts::icon::{Icon, Shape};
use crate::parts::{InviteSheet, Leave, Problem};
use crate::{text, time};

/// Choices for how often keys change, minutes.
const ROTATIONS: [u32; 5] = [30, 60, 360, 1_440, 10_080];

/// The page behind the button in the header.
#[component]
pub(crate) fn Manage() -> impl IntoView {
    let host = host();
    let devices = host.follow(|view| view.devices.clone());
    let check = host.follow(|view| view.check.clone());
    let several = Memo::new(move |_| devices.with(|devices| devices.len() > 1));
    view! {
        <header class="bar">
            <button
                class="bare"
                type="button"
                data-testid="back"
                aria-label=text::BACK
                title=text::BACK
                on:click=move |_| host.page.set(Page::Clips)
            >
                <Icon shape=Shape::Back />
            </button>
            <h1 tabindex="-1">{text::DEVICES_TITLE}</h1>
        </header>
        <main class="desk manage">
            <Problem />
            <ul class="device-list" aria-label=text::DEVICES>
                <For each=move || devices.get() key=|device| format!("{device:?}") let(device)>
                    <Device device />
                </For>
            </ul>
            <button class="secondary" type="button" data-testid="add-device" on:click=move |_| host.send(Command::Invite)>
                <Icon shape=Shape::Plus />
                {text::ADD}
            </button>
            <Show when=move || several.get()>
                <section class="card">
                    <h2>{text::CHECK}</h2>
                    <p class="check" dir="ltr" data-testid="check">{move || check.get()}</p>
                    <p class="hint">{text::CHECK_HINT}</p>
                </section>
            </Show>
            <Rotation />
            <section class="card">
                <h2>{text::LEAVE}</h2>
                <p class="hint">{text::LEAVE_HINT}</p>
                <Leave label=text::LEAVE sure_label=text::LEAVE_SURE />
            </section>
        </main>
        <InviteSheet />
    }
}

#[component]
fn Device(device: DeviceView) -> impl IntoView {
    let host = host();
    let DeviceView { id, name, own, online, confirmed_at, removing } = device;
    let asking = RwSignal::new(false);
    let state = if online { text::IS_ONLINE } else { text::IS_OFFLINE };
    let confirmed = move || match confirmed_at {
        _ if own => String::new(),
        Some(at) => text::last_confirmed(&time::ago(at, host.lately.get())),
        None => text::NEVER_CONFIRMED.to_owned(),
    };
    let named = name.clone();
    let ask = move || {
        let (id, name) = (id.clone(), named.clone());
        let remove = move |_| host.send(Command::RemoveDevice { device: id.clone() });
        focus_soon(".asking .danger");
        view! {
            <div class="asking" role="group" aria-label=text::remove_title(&name)>
                <p>{text::REMOVE_CAN}</p>
                <p class="hint">{text::REMOVE_CANNOT}</p>
                <div class="row">
                    <button class="plain" type="button" on:click=move |_| asking.set(false)>{text::CANCEL}</button>
                    <button class="primary danger" type="button" data-testid="remove-sure" on:click=remove>
                        {text::REMOVE}
                    </button>
                </div>
            </div>
        }
    };
    let label = text::remove_title(&name);
    view! {
        <li class="device" data-testid="listed-device" data-online=online.to_string()>
            <div class="device-line">
                <span class="dot"></span>
                <div class="words">
                    <bdi class="device-full-name">{name}</bdi>
                    <p class="hint">
                        {if own { text::THIS_DEVICE } else { state }}
                        {move || confirmed()}
                    </p>
                </div>
                {if removing {
                    view! { <span class="hint pulse" role="status">{text::REMOVING}</span> }.into_any()
                } else if own {
                    ().into_any()
                } else {
                    view! {
                        <button
                            class="plain danger"
                            type="button"
                            data-testid="remove"
                            aria-label=label
                            aria-expanded=move || asking.get().to_string()
                            on:click=move |_| asking.update(|asking| *asking = !*asking)
                        >
                            {text::REMOVE}
                        </button>
                    }
                        .into_any()
                }}
            </div>
            {move || (asking.get() && !removing).then(&ask)}
        </li>
    }
}

#[component]
fn Rotation() -> impl IntoView {
    let host = host();
    let current = host.follow(|view| view.rotation_minutes);
    let choose = move |event| {
        if let Ok(minutes) = event_target_value(&event).parse() {
            host.send(Command::SetRotation { minutes });
        }
    };
    view! {
        <section class="card">
            <label class="field">
                <span class="label">{text::ROTATION}</span>
                <select data-testid="rotation" on:change=choose prop:value=move || current.get().to_string()>
                    {ROTATIONS
                        .into_iter()
                        .map(|minutes| {
                            let chosen = move || current.get() == minutes;
                            view! { <option value=minutes selected=chosen>{text::every(minutes)}</option> }
                        })
                        .collect_view()}
                </select>
                <span class="hint">{text::ROTATION_HINT}</span>
            </label>
        </section>
    }
}
