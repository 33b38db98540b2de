//! The devices of the account, one below the other, with what is known of each and the way to
//! remove it.

use hushclip_model::Command;
use hushclip_model::view::{Connection, DeviceView};
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::kit::{Confirm, Dot};
use crate::{text, time};

/// All devices, this one first.
#[component]
pub(crate) fn Roster() -> impl IntoView {
    let host = host();
    let ids = host.follow(|view| view.devices.iter().map(|device| device.id.clone()).collect::<Vec<_>>());
    view! {
        <ul class="roster" aria-label=text::devices()>
            <For each=move || ids.get() key=Clone::clone let(id)>
                <Member id />
            </For>
        </ul>
    }
}

/// The device with this identifier; its name never changes.
#[component]
fn Member(id: String) -> impl IntoView {
    let host = host();
    let device = {
        let id = id.clone();
        host.follow(move |view| view.devices.iter().find(|device| device.id == id).cloned())
    };
    let DeviceView { name, own, .. } = device.get_untracked()?;
    let online = move || device.with(|device| device.as_ref().is_some_and(|device| device.online));
    let removing = Memo::new(move |_| device.with(|device| device.as_ref().is_some_and(|device| device.removing)));
    let confirmed = move || device.with(|device| device.as_ref().and_then(|device| device.confirmed_at));
    let later = Memo::new(move |_| device.with(|device| device.as_ref().map_or(0, |device| device.later)));
    let state = move || if online() { text::is_online() } else { text::is_offline() };
    let confirmed = move || match confirmed() {
        None => text::never_confirmed().to_owned(),
        Some(at) => text::confirmed(&time::ago(at, host.lately.get().max(at))),
    };
    let connected = host.follow(|view| matches!(view.connection, Connection::Online | Connection::CatchingUp));
    let remove = {
        let name = name.clone();
        let command = StoredValue::new(id.clone());
        let on_yes = UnsyncCallback::new(move |()| {
            host.send(Command::RemoveDevice { device: command.get_value() });
            // The button goes away and would take the keyboard with it.
            focus_soon("h1");
        });
        move || {
            view! {
                <Confirm
                    label=text::remove()
                    spoken=text::remove_device(text::isolate(&name))
                    warning=text::remove_warning(text::isolate(&name))
                    yes=text::remove_sure()
                    testid="remove"
                    on_yes
                />
            }
        }
    };
    let progress = move || {
        view! {
            <p class="removing pulse" role="status">
                {move || if connected.get() { text::removing() } else { text::removing_offline() }}
            </p>
        }
    };
    Some(view! {
        <li class="member-row" data-testid="member" data-id=id data-online=move || online().to_string()>
            <Dot />
            <p class="who">
                <bdi class="full-name">{name}</bdi>
                {own.then(|| view! { " " <span class="own">{text::this_device()}</span> })}
            </p>
            <p class="hint">
                {state}
                {(!own).then(|| view! { <span class="confirmed" data-testid="confirmed">" · " {confirmed}</span> })}
                {move || (later.get() > 0).then(|| view! { <span class="later" data-testid="later">{text::later(later.get())}</span> })}
            </p>
            {(!own)
                .then(|| {
                    view! {
                        {move || if removing.get() { progress().into_any() } else { remove().into_any() }}
                    }
                })}
        </li>
    })
}
