//! Adding a device: the link as a picture and as text, or a code to type, and then the question who
//! wants in.

use hushclip_model::Command;
use hushclip_model::view::Connection;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::qr::Qr;
use super::request::Request;
use crate::host::host;
use crate::parts::kit::{Icon, Shape, Sheet};
use crate::{clipboard, text};

/// The open invite in a sheet above everything; Escape ends the invite.
#[component]
pub(crate) fn InviteSheet() -> impl IntoView {
    let host = host();
    let open = host.follow(|view| view.invite.is_some());
    let on_cancel = UnsyncCallback::new(move |()| host.send(Command::CancelInvite));
    view! {
        <Sheet open on_cancel title="invite-title">
            <Invite />
        </Sheet>
    }
}

/// The open invite.
#[component]
pub(crate) fn Invite() -> impl IntoView {
    let host = host();
    let request = host.follow(|view| {
        let invite = view.invite.as_ref()?;
        Some((invite.request.clone()?, !invite.by_code))
    });
    view! {
        <div class="invite">
            {move || match request.get() {
                Some((name, needs_digits)) => view! { <Request name needs_digits /> }.into_any(),
                None => view! { <Waiting /> }.into_any(),
            }}
        </div>
    }
}

/// Nobody has answered yet.
#[component]
fn Waiting() -> impl IntoView {
    let host = host();
    let shown =
        host.follow(|view| view.invite.as_ref().and_then(|invite| Some((invite.by_code, invite.secret.clone()?))));
    view! {
        <h2 id="invite-title" tabindex="-1" autofocus>{text::invite()}</h2>
        <Kind />
        {move || match shown.get() {
            Some((true, code)) => view! { <Code code /> }.into_any(),
            Some((false, url)) => view! { <Link url /> }.into_any(),
            None => view! { <Making /> }.into_any(),
        }}
    }
}

/// The choice between a link and a code; taking the other one makes a new invite.
#[component]
fn Kind() -> impl IntoView {
    let host = host();
    let by_code = host.follow(|view| view.invite.as_ref().is_some_and(|invite| invite.by_code));
    let choice = move |code: bool, label: &'static str, testid: &'static str| {
        let choose = move |_| {
            if by_code.get_untracked() != code {
                host.send(if code { Command::InviteByCode } else { Command::Invite });
            }
        };
        view! {
            <button
                type="button"
                data-testid=testid
                aria-pressed=move || (by_code.get() == code).to_string()
                on:click=choose
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="switch" role="group" aria-label=text::invite_kind()>
            {choice(false, text::invite_by_link(), "invite-by-link")}
            {choice(true, text::invite_by_code(), "invite-by-code")}
        </div>
    }
}

/// The relay has not answered yet.
#[component]
fn Making() -> impl IntoView {
    let host = host();
    let online = host.follow(|view| matches!(view.connection, Connection::Online | Connection::CatchingUp));
    view! {
        <p class="lead pulse" role="status">
            {move || if online.get() { text::invite_making() } else { text::invite_offline() }}
        </p>
        <Cancel />
    }
}

/// The link, to scan or to copy.
#[component]
fn Link(url: String) -> impl IntoView {
    view! {
        <p class="lead">{text::invite_hint()}</p>
        <Qr link=url.clone() label=text::invite_qr() />
        <p class="link" dir="ltr" data-testid="invite-url" aria-label=text::invite_link()>{url.clone()}</p>
        <Left />
        <div class="row">
            <Cancel />
            <CopyButton what=url label=text::invite_copy() failed=text::link_not_copied() />
        </div>
    }
}

/// The code, to read and to type.
#[component]
fn Code(code: String) -> impl IntoView {
    let relay = host().follow(|view| view.relay.clone().unwrap_or_default());
    view! {
        <p class="lead">{text::code_hint()}</p>
        <p class="code" dir="ltr" data-testid="invite-code" aria-label=text::code()>{code.clone()}</p>
        <p class="hint">
            {text::code_relay()}
            " "
            <bdi class="relay" dir="ltr" data-testid="invite-relay">{move || relay.get()}</bdi>
        </p>
        <Left />
        <div class="row">
            <Cancel />
            <CopyButton what=code label=text::code_copy() failed=text::code_not_copied() />
        </div>
    }
}

/// How long the invite still works.
#[component]
fn Left() -> impl IntoView {
    let host = host();
    let expires_at = host.follow(|view| view.invite.as_ref().map_or(0, |invite| invite.expires_at));
    let left = move || match host.seconds_until(expires_at.get()) {
        0 => text::invite_over().to_owned(),
        left => text::works_for(left / 60, left % 60),
    };
    view! { <p class="hint">{left}</p> }
}

#[component]
fn Cancel() -> impl IntoView {
    let host = host();
    view! {
        <button class="plain" type="button" on:click=move |_| host.send(Command::CancelInvite)>{text::cancel()}</button>
    }
}

/// Copies, and says on the button how it went: other messages are behind the dialog.
#[component]
fn CopyButton(what: String, label: &'static str, failed: &'static str) -> impl IntoView {
    let said = RwSignal::new(label);
    let copy = move |_| {
        let written = clipboard::write(&what, None);
        spawn_local(async move {
            let said_then = if written.await { text::copied() } else { failed };
            // The invite may have ended meanwhile, and the button with it.
            said.try_set(said_then);
        });
    };
    view! {
        <button class="secondary" type="button" on:click=copy>
            <Icon shape=Shape::Copy />
            <span role="status">{move || said.get()}</span>
        </button>
    }
}
