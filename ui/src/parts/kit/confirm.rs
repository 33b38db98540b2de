//! A question before what cannot be taken back: the button first, then, in its place, what will
//! happen and a second button. Escape takes back the first press.

use leptos::ev::KeyboardEvent;
use leptos::html::{Button, P};
use leptos::prelude::*;

use crate::text;

/// Does something only after it was asked for twice.
#[component]
pub(crate) fn Confirm(
    /// What the first button says.
    label: &'static str,
    /// What a screen reader says for it, where its words alone are not enough.
    #[prop(into, optional)]
    spoken: Option<String>,
    /// What will happen.
    #[prop(into)]
    warning: String,
    /// What the second button says.
    yes: &'static str,
    /// For tests: the first button; the second one has `-sure` after it.
    testid: &'static str,
    /// What to do.
    on_yes: UnsyncCallback<()>,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let first = NodeRef::<Button>::new();
    let question = NodeRef::<P>::new();
    Effect::new(move |before: Option<bool>| {
        let asking = asking.get();
        if before.is_some_and(|before| before != asking) {
            request_animation_frame(move || {
                let moved = match (question.get_untracked(), first.get_untracked()) {
                    (Some(question), _) => question.focus(),
                    (None, Some(first)) => first.focus(),
                    (None, None) => Ok(()),
                };
                // What cannot be focused leaves the keyboard where it is.
                let _ = moved;
            });
        }
        asking
    });
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && asking.get_untracked() {
            // Left to itself, it would close the popup too.
            event.prevent_default();
            event.stop_propagation();
            asking.set(false);
        }
    };
    let warning = StoredValue::new(warning);
    let ask = move || {
        view! {
            <div class="sure" role="group" aria-label=label>
                <p node_ref=question tabindex="-1">{warning.get_value()}</p>
                <div class="row">
                    <button class="plain" type="button" on:click=move |_| asking.set(false)>{text::cancel()}</button>
                    <button
                        class="danger"
                        type="button"
                        data-testid=format!("{testid}-sure")
                        on:click=move |_| {
                            asking.set(false);
                            on_yes.run(());
                        }
                    >
                        {yes}
                    </button>
                </div>
            </div>
        }
    };
    let spoken = StoredValue::new(spoken);
    let offer = move || {
        view! {
            <button
                node_ref=first
                class="plain danger"
                type="button"
                data-testid=testid
                aria-label=spoken.get_value()
                on:click=move |_| asking.set(true)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="confirm" class:asking=move || asking.get() on:keydown=escape>
            {move || if asking.get() { ask().into_any() } else { offer().into_any() }}
        </div>
    }
}
