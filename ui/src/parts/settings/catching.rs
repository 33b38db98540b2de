//! What of this computer's copies is looked at: all, none, not those of some sites; and whether the clipboard
//! is watched beyond the browser. Only an extension sees copies at all.

use hushclip_model::settings::Change;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::host;
use crate::parts::kit::{Icon, Shape};
use crate::text;

/// Pausing and watching.
#[component]
pub(crate) fn Catching() -> impl IntoView {
    let host = host();
    if !host.platform().extension {
        return None;
    }
    let paused = host.follow(|view| view.settings.paused);
    let watch = host.follow(|view| view.settings.watch);
    Some(view! {
        <section class="card" data-testid="catching">
            <h2>{text::catching()}</h2>
            <label class="tick">
                <input
                    type="checkbox"
                    data-testid="pause"
                    prop:checked=move || paused.get()
                    on:change=move |event| {
                        let paused = Some(event_target_checked(&event));
                        host.choose(Change { paused, ..Change::default() });
                    }
                />
                <span>
                    {text::pause()}
                    <span class="hint">{text::pause_hint()}</span>
                </span>
            </label>
            <label class="tick">
                <input
                    type="checkbox"
                    data-testid="watch"
                    prop:checked=move || watch.get()
                    on:change=move |event| {
                        let watch = Some(event_target_checked(&event));
                        host.choose(Change { watch, ..Change::default() });
                    }
                />
                <span>
                    {text::watch()}
                    <span class="hint">{text::watch_hint()}</span>
                </span>
            </label>
            <Sites />
        </section>
    })
}

/// Among the clips: says that nothing is sent, for those who forgot.
#[component]
pub(crate) fn Paused() -> impl IntoView {
    let host = host();
    if !host.platform().extension {
        return None;
    }
    let paused = host.follow(|view| view.settings.paused);
    let go_on = move |_| {
        host.choose(Change { paused: Some(false), ..Change::default() });
        // The button goes away and would take the keyboard with it.
        focus_soon("#search, h1");
    };
    Some(view! {
        <Show when=move || paused.get()>
            <div class="alert paused" data-testid="paused">
                <Icon shape=Shape::Clock />
                <p class="words">{text::paused_now()}</p>
                <button class="secondary small" type="button" data-testid="go-on" on:click=go_on>
                    {text::go_on()}
                </button>
            </div>
        </Show>
    })
}

/// The sites that are paused.
#[component]
fn Sites() -> impl IntoView {
    let host = host();
    let sites = host.follow(|view| view.settings.paused_sites.clone());
    let row = move |site: String| {
        let gone = site.clone();
        let remove = move |_| {
            host.choose(Change { resume_sites: vec![gone.clone()], ..Change::default() });
            // The button goes away and would take the keyboard with it.
            focus_soon("#sites-title");
        };
        view! {
            <li data-testid="paused-site">
                <bdi dir="ltr">{site.clone()}</bdi>
                <button
                    class="bare"
                    type="button"
                    aria-label=text::unpause(&site)
                    title=text::unpause(&site)
                    on:click=remove
                >
                    <Icon shape=Shape::Close />
                </button>
            </li>
        }
    };
    view! {
        <h3 id="sites-title" tabindex="-1">{text::paused_sites()}</h3>
        <p class="hint" hidden=move || !sites.with(Vec::is_empty)>{text::paused_sites_hint()}</p>
        <ul class="sites" hidden=move || sites.with(Vec::is_empty)>
            <For each=move || sites.get() key=Clone::clone children=row />
        </ul>
    }
}
