//! The passphrase lock among the settings: setting, changing and removing a passphrase, and when the
//! device locks. Also the field and the button that the screen of a locked device has.

use hushclip_model::{LockCommand, LockState, Outcome, Problem};
use leptos::ev::{Event, KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use super::strength::{self, SHORTEST};
use crate::focus::focus_soon;
use crate::host::host;
use crate::text;

/// What is offered, minutes.
const CHOICES: [Option<u32>; 5] = [Some(5), Some(15), Some(60), Some(240), None];

/// What is being filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Set,
    Change,
    Remove,
}

/// The part of the settings that is about the passphrase.
#[component]
pub(crate) fn Lock() -> impl IntoView {
    let host = host();
    let open = RwSignal::new(None::<Form>);
    let guarded = host.follow_lock(|lock| lock.state == LockState::Guarded);
    // The page of options shares the extension's background: reloading it does not lock.
    let fleeting = host.platform().extension;
    let show = move || match open.get() {
        Some(form) => view! { <Filling form open /> }.into_any(),
        None if guarded.get() => view! { <Guarded open /> }.into_any(),
        None => view! { <Opener form=Form::Set open label=text::lock_set() testid="set-passphrase" /> }.into_any(),
    };
    view! {
        <section class="card" data-testid="lock" data-state=move || if guarded.get() { "guarded" } else { "open" }>
            <h2 id="lock-title" tabindex="-1">{text::lock()}</h2>
            <p class="hint">{move || if guarded.get() { text::lock_guarded() } else { text::lock_open() }}</p>
            {show}
            <p class="hint">{if fleeting { text::lock_fleeting() } else { text::lock_reload() }}</p>
        </section>
    }
}

/// What can be done while there is a passphrase.
#[component]
fn Guarded(open: RwSignal<Option<Form>>) -> impl IntoView {
    let host = host();
    let minutes = host.follow_lock(|lock| lock.auto_lock_minutes);
    let problem = RwSignal::new(None);
    let choose = move |event: Event| {
        // Never has no number.
        let minutes = event_target_value(&event).parse().ok();
        host.ask(LockCommand::SetAutoLock { minutes }, move |outcome| {
            problem.try_set(outcome.problem().cloned());
        });
    };
    let options = move || {
        let now = minutes.get();
        let option = |choice: Option<u32>| {
            let value = choice.map(|minutes| minutes.to_string()).unwrap_or_default();
            view! { <option value=value selected=choice == now>{text::lock_delay(choice)}</option> }
        };
        CHOICES.into_iter().map(option).collect_view()
    };
    view! {
        <label class="field">
            <span class="label">{text::lock_after()}</span>
            <select data-testid="auto-lock" on:change=choose>
                {options}
            </select>
        </label>
        <Trouble problem />
        <button
            class="secondary wide"
            type="button"
            data-testid="lock-now"
            on:click=move |_| host.send(LockCommand::Lock)
        >
            {text::lock_now()}
        </button>
        <div class="row">
            <Opener form=Form::Change open label=text::lock_change() testid="change-passphrase" />
            <Opener form=Form::Remove open label=text::lock_remove() testid="remove-passphrase" />
        </div>
    }
}

#[component]
fn Opener(form: Form, open: RwSignal<Option<Form>>, label: &'static str, testid: &'static str) -> impl IntoView {
    let class = if form == Form::Set { "secondary" } else { "plain" };
    let start = move |_| {
        open.set(Some(form));
        focus_soon("#lock-form input");
    };
    view! {
        <button class=class type="button" data-testid=testid on:click=start>
            {label}
        </button>
    }
}

/// The fields of a form, and what becomes of them.
#[component]
fn Filling(form: Form, open: RwSignal<Option<Form>>) -> impl IntoView {
    let host = host();
    let (old, new, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let refused = RwSignal::new(None::<&'static str>);
    let busy = host.follow_lock(|lock| lock.busy);
    let problem = RwSignal::new(None);
    let heard = move |outcome: Outcome| {
        // Whoever has closed the form has seen enough.
        let Some(()) = problem.try_update(|problem| *problem = outcome.problem().cloned()) else { return };
        if outcome.problem().is_some() {
            // The button that was pressed rested meanwhile, and lost the keyboard.
            return focus_soon("#lock-form input");
        }
        open.set(None);
        host.news.show(if form == Form::Remove { text::passphrase_is_removed() } else { text::passphrase_is_set() });
        focus_soon("#lock-title");
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        problem.set(None);
        let old = old.get_untracked();
        if form == Form::Remove {
            return host.ask(LockCommand::RemovePassphrase { old }, heard);
        }
        let new = new.get_untracked();
        refused.set(if new.trim().chars().count() < SHORTEST {
            Some(text::passphrase_short())
        } else if new != again.get_untracked() {
            Some(text::passphrase_differs())
        } else {
            None
        });
        if refused.get_untracked().is_none() {
            host.ask(LockCommand::SetPassphrase { old: (form == Form::Change).then_some(old), new }, heard);
        }
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            // Left to itself, it would close the popup too.
            event.prevent_default();
            event.stop_propagation();
            open.set(None);
        }
    };
    let advice = move || strength::of(&new.read()).map(strength::Strength::words);
    let label = if form == Form::Remove { text::remove_passphrase() } else { text::save_passphrase() };
    view! {
        <form id="lock-form" class="filling" on:submit=submit on:keydown=escape>
            {(form != Form::Set)
                .then(|| {
                    view! {
                        <PassphraseField
                            id="passphrase-old"
                            label=text::passphrase_old()
                            typed=old
                            kind="current-password"
                        />
                    }
                })}
            {(form != Form::Remove)
                .then(|| {
                    view! {
                        <div class="field">
                            <PassphraseField
                                id="passphrase-new"
                                label=text::passphrase_new()
                                typed=new
                                kind="new-password"
                                described="passphrase-hint"
                            />
                            <p class="hint" id="passphrase-hint">{text::passphrase_hint()}</p>
                            <p class="strength" role="status" data-testid="strength">{advice}</p>
                        </div>
                        <PassphraseField
                            id="passphrase-again"
                            label=text::passphrase_repeat()
                            typed=again
                            kind="new-password"
                        />
                    }
                })}
            <p class="wrong" role="alert" data-testid="passphrase-refused">{move || refused.get()}</p>
            <Trouble problem />
            <div class="row start">
                <TryButton label working=text::sealing() testid="save-passphrase" />
                <button class="plain" type="button" on:click=move |_| open.set(None)>{text::cancel()}</button>
            </div>
        </form>
    }
}

/// A field for a passphrase.
#[component]
pub(crate) fn PassphraseField(
    /// Identifier of the field, also for tests.
    id: &'static str,
    /// What to type.
    label: &'static str,
    /// What is typed.
    typed: RwSignal<String>,
    /// For password managers.
    kind: &'static str,
    /// Identifier of what explains it.
    #[prop(optional)]
    described: Option<&'static str>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="label">{label}</span>
            <input
                id=id
                data-testid=id
                type="password"
                autocomplete=kind
                autocapitalize="none"
                spellcheck="false"
                dir="auto"
                required
                aria-describedby=described
                bind:value=typed
            />
        </label>
    }
}

/// Why the lock did not do what was asked last.
#[component]
pub(crate) fn Trouble(
    /// What is wrong.
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    view! {
        <p
            class="wrong"
            role="alert"
            dir="auto"
            data-testid="lock-problem"
            data-code=move || problem.get().map(|problem| problem.code())
        >
            {move || problem.get().map(|problem| text::problem(&problem))}
        </p>
    }
}

/// The button that tries a passphrase; it waits after wrong ones.
#[component]
pub(crate) fn TryButton(
    /// What it says.
    label: &'static str,
    /// What it says while that is done.
    working: &'static str,
    /// For tests.
    testid: &'static str,
) -> impl IntoView {
    let host = host();
    let busy = host.follow_lock(|lock| lock.busy);
    let retry_at = host.follow_lock(|lock| lock.retry_at);
    let wait = Memo::new(move |_| retry_at.get().map_or(0, |at| host.seconds_until(at)));
    let resting = move || busy.get() || wait.get() > 0;
    let words = move || match (busy.get(), wait.get()) {
        (true, _) => working.to_owned(),
        (false, 0) => label.to_owned(),
        (false, seconds) => text::try_again_in(seconds),
    };
    view! {
        <button
            class="primary"
            type="submit"
            data-testid=testid
            disabled=resting
            aria-busy=move || busy.get().to_string()
        >
            {words}
        </button>
    }
}
