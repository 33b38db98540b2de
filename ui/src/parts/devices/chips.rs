//! The devices of the account as a row of chips, and the way to add one. A chip shows only the clips of
//! its device.

use hushclip_model::Command;
use hushclip_model::view::DeviceView;
use leptos::prelude::*;

use crate::host::host;
use crate::library::Library;
use crate::parts::kit::{Dot, Icon, Shape};
use crate::text;

/// Who is in, and who of them is online.
#[component]
pub(crate) fn Devices(
    /// This device is the only one, so that adding is offered in large below.
    alone: Memo<bool>,
) -> impl IntoView {
    let host = host();
    let devices = host.follow(|view| view.devices.clone());
    let library = host.library;
    let filter = library.asks(|query| query.device.clone());
    view! {
        <section class="devices" aria-label=text::devices()>
            <ul>
                <For
                    each=move || devices.get()
                    // One that changes is drawn anew; the others keep the keyboard.
                    key=|device| (device.id.clone(), device.name.clone(), device.online)
                    children=move |device| chip(device, filter, library)
                />
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

fn chip(device: DeviceView, filter: Memo<Option<String>>, library: Library) -> impl IntoView {
    let state = if device.online { text::is_online() } else { text::is_offline() };
    let online = device.online.to_string();
    let inside = view! {
        <Dot />
        <bdi class="device-name">{device.name}</bdi>
        {device.own.then(|| view! { <span class="own">{text::this_device()}</span> })}
        <span class="unseen">{state}</span>
    };
    if !library.can_search() {
        return view! { <li class="chip" data-testid="device" data-online=online title=state>{inside}</li> }.into_any();
    }
    let id = StoredValue::new(device.id);
    let pressed = move || id.with_value(|id| filter.with(|filter| filter.as_ref() == Some(id))).to_string();
    let press = move |_| {
        let id = id.get_value();
        library.narrow(|query| query.device = Some(id).filter(|id| query.device.as_ref() != Some(id)));
    };
    view! {
        <li data-testid="device" data-online=online.clone() title=state>
            <button class="chip" type="button" data-online=online.clone() aria-pressed=pressed on:click=press>
                {inside}
            </button>
        </li>
    }
    .into_any()
}
