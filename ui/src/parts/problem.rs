//! The banner for what went wrong, with the engine's own words.

use hushclip_engine::Command;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::icon::{Icon, Shape};
use crate::text;

/// The newest problem, until it is dismissed or solved.
#[component]
pub(crate) fn Problem() -> impl IntoView {
    let host = host();
    let problem = host.follow(|view| view.problem.clone());
    move || {
        problem.get().map(|problem| {
            view! {
                <div class="problem" role="alert" data-testid="problem" data-code=problem.code>
                    <Icon shape=Shape::Warning />
                    <p>{problem.message}</p>
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
