//! The keys: those that work wherever the keyboard is among the clips, and the list of all of them.

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;

use crate::focus::{focus_soon, is_typing};
use crate::host::{Host, host};
use crate::parts::kit::{Icon, Shape, Sheet};
use crate::text;

const KEYS: [(&[&str], text::Word); 11] = [
    (&["/"], text::key_search),
    (&["↓", "↑"], text::key_walk),
    (&["Enter"], text::key_copy),
    (&["Shift", "Enter"], text::key_copy_plain),
    (&["P"], text::key_pin),
    (&["V"], text::key_whole),
    (&["M"], text::key_menu),
    (&["Delete"], text::key_delete),
    (&["Ctrl", "Z"], text::key_undo),
    (&["Esc"], text::key_escape),
    (&["Ctrl", "Enter"], text::key_send),
];

/// The list of keys and the button that shows it; the keys themselves work while this is shown.
#[component]
pub(crate) fn Keyboard() -> impl IntoView {
    let host = host();
    let open = RwSignal::new(false);
    let handle = window_event_listener(ev::keydown, move |event| keys(host, &event, open));
    on_cleanup(move || handle.remove());
    let on_cancel = UnsyncCallback::new(move |()| open.set(false));
    let row = |(keys, label): (&'static [&'static str], text::Word)| {
        let caps = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view();
        view! {
            <div>
                <dt>{caps}</dt>
                <dd>{label()}</dd>
            </div>
        }
    };
    view! {
        <button
            class="bare keyboard"
            type="button"
            data-testid="keyboard"
            aria-label=text::keyboard()
            title=text::keyboard()
            aria-keyshortcuts="?"
            on:click=move |_| open.set(true)
        >
            <Icon shape=Shape::Keyboard />
        </button>
        <Sheet open on_cancel title="keyboard-title">
            <div class="keys">
                <h2 id="keyboard-title" tabindex="-1" autofocus>{text::keyboard()}</h2>
                <dl>{KEYS.map(row).into_iter().collect_view()}</dl>
                <button class="secondary" type="button" on:click=move |_| open.set(false)>{text::close()}</button>
            </div>
        </Sheet>
    }
}

fn keys(host: Host, event: &KeyboardEvent, open: RwSignal<bool>) {
    let command = event.ctrl_key() || event.meta_key();
    if is_typing(event) || event.default_prevented() || event.alt_key() {
        return;
    }
    match event.key().as_str() {
        "/" if !command => focus_soon("#search"),
        "?" if !command => open.set(true),
        "z" if command => {
            if !host.news.take_newest() {
                return;
            }
        }
        _ => return,
    }
    event.prevent_default();
}
