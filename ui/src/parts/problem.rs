//! The banner for what went wrong, with the engine's own words.

use hushclip_engine::Command;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::icon::{Icon, Shape};
use crate::text;

/// Problems that end an account on this device.
const ENDS: [&str; 5] = ["removed", "fork", "bad_log", "unknown_account", "sign_in_refused"];

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
                        {ENDS.contains(&problem.code.as_str()).then(|| view! { <Leave /> })}
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

/// Forgets the account, when pressed twice: there is no way back.
#[component]
fn Leave() -> impl IntoView {
    let host = host();
    let sure = RwSignal::new(false);
    let press = move |_| {
        if sure.get_untracked() {
            host.send(Command::Leave);
        } else {
            sure.set(true);
        }
    };
    view! {
        <button class="secondary" type="button" data-testid="leave" on:click=press>
            {move || if sure.get() { text::LEAVE_SURE } else { text::LEAVE }}
        </button>
    }
}
