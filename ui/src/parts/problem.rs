//! The banner for what went wrong, with the engine's own words.

use hushclip_engine::Command;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::Leave;
use crate::parts::icon::{Icon, Shape};
use crate::text;

/// Problems that end an account on this device.
const ENDS: [&str; 5] = ["removed_unproven", "fork", "bad_log", "unknown_account", "sign_in_refused"];
/// Those that may be over: the person can let the device look again.
const MAY_RESUME: [&str; 4] = ["removed_unproven", "fork", "bad_log", "unknown_account"];

/// The newest problem, until it is dismissed or solved.
#[component]
pub(crate) fn Problem() -> impl IntoView {
    let host = host();
    let problem = host.follow(|view| view.problem.clone());
    move || {
        problem.get().map(|problem| {
            view! {
                <div class="problem" role="alert" data-testid="problem" data-code=problem.code.clone()>
                    <Icon shape=Shape::Warning />
                    <div class="words">
                        <p>{problem.message}</p>
                        <div class="row">
                            {MAY_RESUME.contains(&problem.code.as_str()).then(|| view! { <Resume /> })}
                            {ENDS
                                .contains(&problem.code.as_str())
                                .then(|| view! { <Leave label=text::LEAVE sure_label=text::LEAVE_SURE /> })}
                        </div>
                    </div>
                    <button
                        class="bare"
                        type="button"
                        aria-label=text::DISMISS
                        title=text::DISMISS
                        on:click=move |_| host.send(Command::Dismiss)
                    >
                        <Icon shape=Shape::Close />
                    </button>
                </div>
            }
        })
    }
}

#[component]
fn Resume() -> impl IntoView {
    let host = host();
    view! {
        <button class="secondary" type="button" data-testid="resume" on:click=move |_| host.send(Command::Resume)>
            {text::RESUME}
        </button>
    }
}
