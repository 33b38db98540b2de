//! A pairing link was opened here. Nothing happens with it until the person says so.

use hushclip_model::{Command, Target};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::host::host;
use crate::parts::account::NameField;
use crate::parts::kit::Mark;
use crate::parts::notices::unjoined;
use crate::text;

/// Asks before the link is used up, and says which relay it leads to.
#[component]
pub(crate) fn OpenedLink() -> impl IntoView {
    let host = host();
    // The last one stays until the screen is gone.
    let link = Memo::new(move |before: Option<&String>| {
        host.opened_link.get().or_else(|| before.cloned()).unwrap_or_default()
    });
    let own = host.platform().default_relay;
    let failed = host.follow(|view| view.problem.clone().filter(|_| unjoined(view)));
    view! {
        <header class="hero">
            <Mark />
            <div>
                <h1 tabindex="-1">{text::opened()}</h1>
                <p class="lead">{text::opened_hint()}</p>
                {move || {
                    let failed = failed.get()?;
                    let why = text::opened_before(text::problem(&failed));
                    Some(view! { <p class="wrong" role="alert" data-testid="problem" data-code=failed.code()>{why}</p> })
                }}
            </div>
        </header>
        {move || {
            let link = link.get();
            match host.target(&link) {
                Err(problem) => {
                    view! { <p class="card wrong" data-testid="bad-link">{text::problem(&problem)}</p> }.into_any()
                }
                // The page may talk to its own relay only.
                Ok(target) if own.as_ref().is_some_and(|own| *own != target.relay) => {
                    view! { <p class="card wrong" data-testid="bad-link">{text::opened_unreachable(target.relay)}</p> }
                        .into_any()
                }
                Ok(target) => view! { <Ask link target /> }.into_any(),
            }
        }}
        <button class="plain" type="button" data-testid="opened-later" on:click=move |_| host.opened_link.set(None)>
            {text::opened_later()}
        </button>
    }
}

/// The question. Where the relay is another one than the link seems to be from, it takes a second answer.
#[component]
fn Ask(link: String, target: Target) -> impl IntoView {
    let host = host();
    let name = host.entering().name;
    let (elsewhere, Target { relay, page }) = (target.is_elsewhere(), target);
    let known = RwSignal::new(!elsewhere);
    let shown = relay.clone();
    let join = move |event: SubmitEvent| {
        event.prevent_default();
        let (link, relay, name) = (link.clone(), relay.clone(), name.get_untracked().trim().to_owned());
        if elsewhere && known.get_untracked() {
            host.send(Command::JoinAt { relay, link, name });
        } else if !elsewhere {
            host.send(Command::Join { link, name });
        }
    };
    view! {
        <form class="card" on:submit=join>
            <p class="field">
                <span class="label">{text::opened_relay()}</span>
                <bdi class="relay" dir="ltr" data-testid="opened-relay">{shown}</bdi>
            </p>
            {elsewhere
                .then(|| {
                    view! {
                        <p class="wrong" data-testid="other-relay">{text::opened_other(page)}</p>
                        <label class="tick">
                            <input type="checkbox" data-testid="know-relay" bind:checked=known />
                            <span>{text::opened_known()}</span>
                        </label>
                    }
                })}
            <NameField name />
            <button class="primary" type="submit" data-testid="join" disabled=move || !known.get()>
                {text::join_button()}
            </button>
            <p class="hint">{text::opened_once()}</p>
        </form>
    }
}
