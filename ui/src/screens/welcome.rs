//! The first screen of a device without an account: start one, or join one. A device that was
//! removed from its account finds here what it still has, and one that did not get into an account, why.

use hushclip_model::view::Stage;
use hushclip_model::{Command, Problem};
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::account::{Former, FormerClips, Join, NameField, Start};
use crate::parts::browser::InstallFirst;
use crate::parts::kit::Mark;
use crate::parts::notices::unjoined;
use crate::text;

/// Two ways in.
#[component]
pub(crate) fn Welcome() -> impl IntoView {
    let host = host();
    let problem = host.follow(|view| (view.problem.clone(), unjoined(view)));
    // Until it is dismissed, whatever else goes wrong meanwhile.
    let failed = Memo::new(move |before: Option<&Option<Problem>>| match problem.get() {
        (Some(problem), true) => Some(problem),
        (Some(_), false) => before.cloned().flatten(),
        (None, _) => None,
    });
    move || match failed.get() {
        Some(problem) => view! { <Unjoined problem /> }.into_any(),
        None => view! { <Ways /> }.into_any(),
    }
}

#[component]
fn Ways() -> impl IntoView {
    let host = host();
    let entering = host.entering();
    let removed = host.follow(|view| view.stage == Stage::Removed);
    view! {
        <header class="hero">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::product()}</h1>
                <p class="lead">{text::promise()}</p>
            </div>
        </header>
        <Show when=move || removed.get()>
            <Former />
        </Show>
        <InstallFirst />
        <NameField name=entering.name />
        <Start entering />
        <Join name=entering.name relay=entering.relay />
        <Show when=move || removed.get()>
            <FormerClips />
        </Show>
    }
}

/// Joining did not work out: why, and the next try. Whoever comes from there has other devices, so nothing here
/// starts an account by mistake.
#[component]
fn Unjoined(problem: Problem) -> impl IntoView {
    let host = host();
    let entering = host.entering();
    let removed = host.follow(|view| view.stage == Stage::Removed);
    let (why, code) = (text::problem(&problem), problem.code());
    let title = if matches!(problem, Problem::InviteGone | Problem::InviteUsed) {
        text::link_ended()
    } else {
        text::unjoined()
    };
    let start = move |_| {
        host.send(Command::Dismiss);
        focus_soon("h1");
    };
    view! {
        <header class="hero">
            <Mark />
            <div>
                <h1 tabindex="-1">{title}</h1>
                <p class="lead" role="alert" data-testid="problem" data-code=code>{why}</p>
            </div>
        </header>
        <NameField name=entering.name />
        <Join name=entering.name relay=entering.relay />
        <button class="plain" type="button" data-testid="no-others" on:click=start>{text::no_others()}</button>
        <Show when=move || removed.get()>
            <FormerClips />
        </Show>
    }
}
