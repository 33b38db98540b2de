//! The banner for what went wrong, with the engine's own words and what can be done right here.

use hushclip_model::view::Stage;
use hushclip_model::{Command, Problem as Shown, View};
use leptos::prelude::*;

use crate::host::host;
use crate::parts::account::Leave;
use crate::parts::kit::{Icon, Shape};
use crate::place::Place;
use crate::text;

/// Whether it stops the account on this device, perhaps for good.
const fn ends(problem: &Shown) -> bool {
    is_disputed(problem) || matches!(problem, Shown::SignInRefused)
}

/// Whether it is for a person to look into, who may then want to go on.
const fn is_disputed(problem: &Shown) -> bool {
    matches!(problem, Shown::Fork | Shown::BadLog | Shown::RemovedUnproven)
}

/// Whether joining has ended with it, and no device has joined.
const fn ends_joining(problem: &Shown) -> bool {
    matches!(
        problem,
        Shown::InviteGone
            | Shown::InviteUsed
            | Shown::InviteRefused
            | Shown::CodeGone
            | Shown::CodeRefused
            | Shown::CodeVoid
            | Shown::JoinUnanswered
            | Shown::JoinUnfinished
            | Shown::JoinMisled
            | Shown::PairingDisturbed
    )
}

/// Where more about it can be seen: the relay's address, its bounds and whether it is well are among the settings.
fn place_of(problem: &Shown) -> Option<(Place, &'static str)> {
    match problem {
        Shown::RelayUnavailable
        | Shown::RelayNoSpace
        | Shown::RelayRefused
        | Shown::RelayTakesNothing
        | Shown::KeysOverdue
        | Shown::RelayVersion
        | Shown::RelayFull
        | Shown::TooLarge { .. }
        | Shown::PushRefused => Some((Place::Settings, text::open_settings())),
        Shown::RemovalUnsaved | Shown::ListUnsaved | Shown::OwnRemoval | Shown::UnknownDevice => {
            Some((Place::Devices, text::alert_devices()))
        }
        _ => None,
    }
}

/// Whether the newest problem is why this device is in no account yet.
pub(crate) fn unjoined(view: &View) -> bool {
    matches!(view.stage, Stage::New | Stage::Removed) && view.problem.as_ref().is_some_and(ends_joining)
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
    let leads = move |problem: &Shown| {
        let (place, label) = place_of(problem).filter(|_| member.get_untracked())?;
        let go = move |_| host.places.go(place);
        Some(view! {
            <button class="inline" type="button" data-testid="problem-more" on:click=go>
                {label}
            </button>
        })
    };
    move || {
        problem.get().filter(|problem| !said_elsewhere(problem)).map(|problem| {
            let disputed = is_disputed(&problem);
            view! {
                <div class="problem" role="alert" data-testid="problem" data-code=problem.code()>
                    <Icon shape=Shape::Warning />
                    <div class="words">
                        <p>{text::problem(&problem)}</p>
                        {leads(&problem)}
                        {ends(&problem)
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
