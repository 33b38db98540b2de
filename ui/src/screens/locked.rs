//! The device is locked: all that can be done is to unlock it, or to give up what it holds.

use hushclip_model::{LockCommand, Outcome};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::account::{PassphraseField, Trouble, TryButton};
use crate::parts::kit::{Confirm, Mark};
use crate::text;

/// Asks for the passphrase.
#[component]
pub(crate) fn Locked() -> impl IntoView {
    let host = host();
    let passphrase = RwSignal::new(String::new());
    let busy = host.follow_lock(|lock| lock.busy);
    let problem = RwSignal::new(None);
    focus_soon("#passphrase");
    let heard = move |outcome: Outcome| {
        if outcome.problem().is_some() {
            problem.try_set(outcome.problem().cloned());
            focus_soon("#passphrase");
        }
    };
    let unlock = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            problem.set(None);
            host.ask(LockCommand::Unlock { passphrase: passphrase.get_untracked() }, heard);
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
            <Trouble problem />
            <TryButton label=text::unlock() working=text::unlocking() testid="unlock" />
        </form>
        <Confirm
            label=text::forgotten()
            warning=text::forgotten_warning()
            yes=text::forgotten_sure()
            testid="forget"
            on_yes=UnsyncCallback::new(move |()| host.ask(LockCommand::Forget, heard))
        />
    }
}
