//! The field to search in and the chips that narrow the list down: what clips are, and whether they are
//! pinned. The chips of the devices narrow it down too; they stand in `devices`.

use hushclip_model::Query;
use hushclip_model::view::Filter;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use crate::focus::focus_soon;
use crate::host::{Face, host};
use crate::library::Library;
use crate::parts::kit::{Icon, Shape};
use crate::text;

const KINDS: [(Filter, &str, text::Word); 4] = [
    (Filter::Text, "filter-text", text::kind_text),
    (Filter::Link, "filter-link", text::kind_link),
    (Filter::Formatted, "filter-formatted", text::kind_formatted),
    (Filter::Secret, "filter-secret", text::kind_secret),
];

/// Narrows the list down.
#[component]
pub(crate) fn Finder() -> impl IntoView {
    let host = host();
    let library = host.library;
    if !library.can_search() {
        return None;
    }
    let any = host.follow(|view| view.total > 0);
    let narrowed = library.asks(Library::is_narrowed);
    let show = move || any.get() || narrowed.get();
    let chosen = library.asks(|query| query.pinned || query.kind != Filter::All);
    // Whoever comes back finds the chips open while they leave something out.
    let open = RwSignal::new(chosen.get_untracked());
    Some(view! {
        <search class="finder" hidden=move || !show()>
            <Field />
            <button
                class="bare"
                class:chosen=move || chosen.get()
                type="button"
                data-testid="filters"
                aria-label=text::filters()
                title=text::filters()
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <Icon shape=Shape::Filter />
            </button>
            <Show when=move || open.get()>
                <Chips />
            </Show>
            <Tally narrowed />
        </search>
    })
}

#[component]
fn Field() -> impl IntoView {
    let host = host();
    let library = host.library;
    let typed = library.asks(|query| query.text.clone());
    let popup = host.platform().face == Face::Popup;
    // A question comes first.
    if popup && host.peek(|view| view.held.is_empty()) {
        focus_soon("#search");
    }
    let keys = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" if !typed.with_untracked(String::is_empty) => {
            // Left to itself, it would close the popup too.
            event.prevent_default();
            event.stop_propagation();
            library.narrow(|query| query.text.clear());
        }
        "ArrowDown" | "Enter" => {
            event.prevent_default();
            focus_soon(".clips .copy");
        }
        _ => {}
    };
    view! {
        <div class="search">
            <Icon shape=Shape::Search />
            <input
                id="search"
                data-testid="search"
                type="search"
                dir="auto"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                enterkeyhint="search"
                aria-label=text::search()
                placeholder=text::search()
                aria-keyshortcuts="/"
                prop:value=move || typed.get()
                on:input=move |event| {
                    let text = event_target_value(&event);
                    library.narrow(|query| query.text = text);
                }
                on:keydown=keys
            />
            <Show when=move || !typed.with(String::is_empty)>
                <button
                    class="bare"
                    type="button"
                    data-testid="search-clear"
                    aria-label=text::search_clear()
                    title=text::search_clear()
                    on:click=move |_| {
                        library.narrow(|query| query.text.clear());
                        focus_soon("#search");
                    }
                >
                    <Icon shape=Shape::Close />
                </button>
            </Show>
        </div>
    }
}

#[component]
fn Chips() -> impl IntoView {
    let host = host();
    let library = host.library;
    let pinned = library.asks(|query| query.pinned);
    let kind = library.asks(|query| query.kind);
    let kinds = KINDS.map(|(filter, testid, label)| {
        let press = move |_| {
            library.narrow(|query| query.kind = if query.kind == filter { Filter::All } else { filter });
        };
        view! {
            <button
                class="chip"
                type="button"
                data-testid=testid
                aria-pressed=move || (kind.get() == filter).to_string()
                on:click=press
            >
                {label()}
            </button>
        }
    });
    view! {
        <div class="chips" role="group" aria-label=text::filters()>
            <button
                class="chip"
                type="button"
                data-testid="filter-pinned"
                aria-pressed=move || pinned.get().to_string()
                on:click=move |_| library.narrow(|query: &mut Query| query.pinned = !query.pinned)
            >
                <Icon shape=Shape::Pin />
                {text::pinned()}
            </button>
            {kinds.into_iter().collect_view()}
        </div>
    }
}

/// How many clips that finds. Always there, so that a screen reader says what changes.
#[component]
fn Tally(narrowed: Memo<bool>) -> impl IntoView {
    let host = host();
    let counts = host.follow(|view| (view.found, view.total));
    let tally = move || {
        let (found, total) = counts.get();
        // Where nothing is left, the list says why.
        (narrowed.get() && found > 0).then(|| text::found_of(text::grouped(found), text::grouped(total)))
    };
    view! { <p class="tally hint" role="status" data-testid="tally">{tally}</p> }
}
