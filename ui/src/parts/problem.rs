//! The banner for what went wrong, with the engine's own words and what can be done right here.

use hushclip_engine::view::{Problem as Shown, Stage};
use hushclip_engine::{Command, View};
use leptos::prelude::*;

use crate::host::host;
use crate::parts::icon::{Icon, Shape};
use crate::parts::leave::Leave;
use crate::place::Place;
use crate::text;

/// Problems that stop an account on this device, perhaps for good.
const ENDS: [&str; 4] = ["fork", "bad_log", "removed_unproven", "sign_in_refused"];
/// Those of them that a person may have looked into, and then wants to go on.
const DISPUTED: [&str; 3] = ["fork", "bad_log", "removed_unproven"];

/// How joining ends without a device that has joined.
const UNJOINED: [&str; 10] = [
    "invite_gone",
    "invite_used",
    "invite_refused",
    "code_gone",
    "code_refused",
    "code_void",
    "join_unanswered",
    "join_unfinished",
    "join_misled",
    "pairing_disturbed",
];

/// What can be looked into among the settings: the relay's address, its bounds, and whether it is well.
const ABOUT_RELAY: [&str; 9] = [
    "relay_unavailable",
    "relay_no_space",
    "relay_refused",
    "relay_takes_nothing",
    "keys_overdue",
    "relay_version",
    "relay_full",
    "too_large",
    "push_refused",
];
/// What the list of devices tells more about.
const ABOUT_DEVICES: [&str; 4] = ["removal_unsaved", "list_unsaved", "own_removal", "unknown_device"];

/// Whether the newest problem is why this device is in no account yet.
pub(crate) fn unjoined(view: &View) -> bool {
    let outside = matches!(view.stage, Stage::New | Stage::Removed);
    outside && view.problem.as_ref().is_some_and(|problem| UNJOINED.contains(&problem.code.as_str()))
}

/// The newest problem, until it is dismissed or solved.
#[component]
pub(crate) fn Problem() -> impl IntoView {
    let host = host();
    let problem = host.follow(|view| view.problem.clone());
    let resume = move || {
        view! {
            <button
                class="secondary"
                type="button"
                data-testid="resume"
                on:click=move |_| host.send(Command::Resume)
            >
                {text::resume()}
            </button>
        }
    };
    let dismiss = move || {
        view! {
            <button
                class="bare"
                type="button"
                aria-label=text::dismiss()
                title=text::dismiss()
                on:click=move |_| host.send(Command::Dismiss)
            >
                <Icon shape=Shape::Close />
            </button>
        }
    };
    let member = host.follow(|view| view.stage == Stage::Member);
    let unjoined = host.follow(unjoined);
    // Beside what was to be sent, or in large on the first screen.
    let said_elsewhere = move |problem: &Shown| host.outgoing().says(problem) || unjoined.get();
    let leads = move |code: &str| {
        let about = |codes: &[&str]| member.get_untracked() && codes.contains(&code);
        let (place, label) = if about(&ABOUT_RELAY) {
            (Place::Settings, text::open_settings())
        } else if about(&ABOUT_DEVICES) {
            (Place::Devices, text::alert_devices())
        } else {
            return None;
        };
        let go = move |_| host.places.go(place);
        Some(view! {
            <button class="inline" type="button" data-testid="problem-more" on:click=go>
                {label}
            </button>
        })
    };
    move || {
        problem.get().filter(|problem| !said_elsewhere(problem)).map(|problem| {
            let code = problem.code.as_str();
            let (ends, disputed) = (ENDS.contains(&code), DISPUTED.contains(&code));
            view! {
                <div class="problem" role="alert" data-testid="problem" data-code=problem.code.clone()>
                    <Icon shape=Shape::Warning />
                    <div class="words">
                        <p>{text::problem(&problem)}</p>
                        {leads(&problem.code)}
                        {ends
                            .then(|| {
                                view! {
                                    <div class="row start">
                                        {disputed.then(resume)}
                                        <Leave />
                                    </div>
                                }
                            })}
                    </div>
                    // What stops everything stays until there is an answer.
                    {(!disputed).then(dismiss)}
                </div>
            }
        })
    }
}
