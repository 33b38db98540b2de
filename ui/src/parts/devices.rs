//! The devices of the account as a row of chips, and the way to add one.

use hushclip_engine::Command;
use hushclip_engine::view::DeviceView;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::icon::{Dot, Icon, Shape};
use crate::text;

/// Who is in, and who of them is online.
#[component]
pub(crate) fn Devices(
    /// This device is the only one, so that adding is offered in large below.
    alone: Memo<bool>,
) -> impl IntoView {
    let host = host();
    let devices = host.follow(|view| view.devices.clone());
    view! {
        <section class="devices" aria-label=text::devices()>
            <ul>
                {move || devices.get().into_iter().map(chip).collect_view()}
            </ul>
            <Show when=move || !alone.get()>
                <button
                    class="chip add"
                    type="button"
                    data-testid="invite"
                    on:click=move |_| host.send(Command::Invite)
                >
                    <Icon shape=Shape::Plus />
                    {text::add()}
                </button>
            </Show>
        </section>
    }
}

fn chip(device: DeviceView) -> impl IntoView {
    let state = if device.online { text::is_online() } else { text::is_offline() };
    let online = device.online.to_string();
    view! {
        <li class="chip" data-testid="device" data-online=online title=state>
            <Dot />
            <bdi class="device-name">{device.name}</bdi>
            {device.own.then(|| view! { <span class="own">{text::this_device()}</span> })}
            <span class="unseen">{state}</span>
        </li>
    }
}
