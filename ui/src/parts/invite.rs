//! Adding a device: the link as a picture and as text, and then the question who wants in.

use hushclip_engine::Command;
use hushclip_engine::view::{Connection, InviteView};
use leptos::ev::Event;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::host::host;
use crate::parts::digits::Request;
use crate::parts::icon::{Icon, Shape};
use crate::parts::qr::Qr;
use crate::{clipboard, text, time};

/// The open invite in a sheet above everything; Escape ends the invite.
#[component]
pub(crate) fn InviteSheet() -> impl IntoView {
    let host = host();
    let sheet = NodeRef::<Dialog>::new();
    let open = host.follow(|view| view.invite.is_some());
    Effect::new(move |_| {
        let open = open.get();
        let Some(sheet) = sheet.get() else { return };
        if open && !sheet.open() {
            // Fails only for a sheet that is not in the page, which then has nobody to show it to.
            let _ = sheet.show_modal();
        } else if !open && sheet.open() {
            sheet.close();
        }
    });
    view! {
        <dialog
            class="sheet"
            node_ref=sheet
            aria-labelledby="invite-title"
            on:cancel=move |_: Event| host.send(Command::CancelInvite)
        >
            <Show when=move || open.get()>
                <Invite />
            </Show>
        </dialog>
    }
}

/// The open invite.
#[component]
pub(crate) fn Invite() -> impl IntoView {
    let host = host();
    let part = move |part: fn(&InviteView) -> String| {
        host.follow(move |view| view.invite.as_ref().map(part).unwrap_or_default())
    };
    let url = part(|invite| invite.url.clone());
    let code = part(|invite| invite.code.clone().unwrap_or_default());
    let request = host.follow(|view| view.invite.as_ref().and_then(|invite| invite.request.clone()));
    view! {
        <div class="invite">
            {move || match request.get() {
                Some(name) => view! { <Request name /> }.into_any(),
                None if code.with(|code| !code.is_empty()) => view! { <Code code=code.get() /> }.into_any(),
                None if url.with(String::is_empty) => view! { <Making /> }.into_any(),
                None => view! { <Link url=url.get() /> }.into_any(),
            }}
        </div>
    }
}

/// There is no link yet.
#[component]
fn Making() -> impl IntoView {
    let host = host();
    let online = host.follow(|view| matches!(view.connection, Connection::Online | Connection::CatchingUp));
    view! {
        <h2 id="invite-title" tabindex="-1" autofocus>{text::INVITE}</h2>
        <p class="lead pulse" role="status">
            {move || if online.get() { text::INVITE_MAKING } else { text::INVITE_OFFLINE }}
        </p>
        <Cancel />
    }
}

/// How long an invite lasts.
const INVITE_SECONDS: u64 = 600;

/// The link, to scan or to copy.
#[component]
fn Link(url: String) -> impl IntoView {
    let copied = RwSignal::new(None);
    let copy = {
        let url = url.clone();
        move |_| copy_link(copied, &url)
    };
    view! {
        <h2 id="invite-title" tabindex="-1" autofocus>{text::INVITE}</h2>
        <p class="lead">{text::INVITE_HINT}</p>
        <Qr link=url.clone() label=text::INVITE_QR />
        <p class="link" dir="ltr" data-testid="invite-url" aria-label=text::INVITE_LINK>{url}</p>
        <Left />
        <div class="row">
            <Cancel />
            <button class="secondary" type="button" on:click=copy>
                <Icon shape=Shape::Copy />
                <span role="status">{move || copied.get().unwrap_or(text::INVITE_COPY)}</span>
            </button>
        </div>
        <Instead label=text::CODE_INSTEAD command=Command::InviteByCode />
    }
}

/// The code, to read out or to type.
#[component]
fn Code(code: String) -> impl IntoView {
    let copied = RwSignal::new(None);
    let copy = {
        let code = code.clone();
        move |_| copy_link(copied, &code)
    };
    view! {
        <h2 id="invite-title" tabindex="-1" autofocus>{text::INVITE}</h2>
        <p class="lead">{text::INVITE_CODE_HINT}</p>
        <p class="code" dir="ltr" data-testid="invite-code" aria-label=text::INVITE_CODE>{code}</p>
        <Left />
        <div class="row">
            <Cancel />
            <button class="secondary" type="button" on:click=copy>
                <Icon shape=Shape::Copy />
                <span role="status">{move || copied.get().unwrap_or(text::INVITE_COPY_CODE)}</span>
            </button>
        </div>
        <Instead label=text::LINK_INSTEAD command=Command::Invite />
    }
}

/// How long the invite still works.
#[component]
fn Left() -> impl IntoView {
    let host = host();
    let expires_at = host.follow(|view| view.invite.as_ref().map_or(0, |invite| invite.expires_at));
    let left = move || match time::seconds_until(expires_at.get(), host.now.get()) {
        0 => text::INVITE_OVER.to_owned(),
        // The page's clock ticks once a second, so it may lag behind the moment of opening.
        left => {
            let left = left.min(INVITE_SECONDS);
            text::works_for(left / 60, left % 60)
        }
    };
    view! { <p class="hint" data-testid="invite-left">{left}</p> }
}

/// The other kind of invite.
#[component]
fn Instead(label: &'static str, command: Command) -> impl IntoView {
    let host = host();
    view! {
        <button class="plain" type="button" data-testid="instead" on:click=move |_| host.send(command.clone())>
            {label}
        </button>
    }
}

#[component]
fn Cancel() -> impl IntoView {
    let host = host();
    view! {
        <button class="plain" type="button" on:click=move |_| host.send(Command::CancelInvite)>{text::CANCEL}</button>
    }
}

/// Says on the button how it went: other messages are behind the dialog.
fn copy_link(copied: RwSignal<Option<&'static str>>, url: &str) {
    let written = clipboard::write(url, None);
    spawn_local(async move {
        copied.set(Some(if written.await { text::COPIED } else { text::LINK_NOT_COPIED }));
    });
}
