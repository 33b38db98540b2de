//! The device is locked: all that can be done is to unlock it, or to give up what it holds.

use hushclip_model::LockCommand;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::{Confirm, Mark, PassphraseField, Trouble, TryButton};
use crate::text;

/// Asks for the passphrase.
#[component]
pub(crate) fn Locked() -> impl IntoView {
    let host = host();
    let passphrase = RwSignal::new(String::new());
    let busy = host.follow_lock(|lock| lock.busy);
    let tried = host.follow_lock(|lock| lock.problem.is_some());
    Effect::new(move |before: Option<bool>| {
        let tried = tried.get();
        if before.is_none() || tried {
            focus_soon("#passphrase");
        }
        tried
    });
    let unlock = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            host.ask(LockCommand::Unlock { passphrase: passphrase.get_untracked() });
            passphrase.set(String::new());
        }
    };
    view! {
        <header class="hero">
            <Mark />
            <div>
                <h1 tabindex="-1" data-testid="locked">{text::locked()}</h1>
                <p class="lead">{text::locked_hint()}</p>
            </div>
        </header>
        <form class="card" on:submit=unlock>
            <PassphraseField id="passphrase" label=text::passphrase() typed=passphrase kind="current-password" />
            <Trouble />
            <TryButton label=text::unlock() working=text::unlocking() testid="unlock" />
        </form>
        <Confirm
            label=text::forgotten()
            warning=text::forgotten_warning()
            yes=text::forgotten_sure()
            testid="forget"
            on_yes=UnsyncCallback::new(move |()| host.ask(LockCommand::Forget))
        />
    }
}
