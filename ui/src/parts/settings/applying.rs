//! What happens with clips of other devices.

use hushclip_model::settings::{Apply, Change};
use leptos::prelude::*;

use crate::host::host;
use crate::text;

/// The choice; a page may only offer, so it has no "always".
#[component]
pub(crate) fn Applying() -> impl IntoView {
    let host = host();
    let unasked = host.platform().extension;
    let chosen = host.follow(move |view| match view.settings.apply {
        Apply::Always if !unasked => Apply::Ask,
        apply => apply,
    });
    let choices = [
        (Apply::Always, "always", text::apply_always(), text::apply_always_hint()),
        (Apply::Ask, "ask", text::apply_ask(), text::apply_ask_hint()),
        (Apply::Never, "never", text::apply_never(), text::apply_never_hint()),
    ];
    let choice = move |(apply, word, label, hint): (Apply, &'static str, &'static str, &'static str)| {
        view! {
            <label class="tick">
                <input
                    type="radio"
                    name="apply"
                    data-testid=format!("apply-{word}")
                    prop:checked=move || chosen.get() == apply
                    on:change=move |_| host.choose(Change { apply: Some(apply), ..Change::default() })
                />
                <span>
                    {label}
                    <span class="hint">{hint}</span>
                </span>
            </label>
        }
    };
    view! {
        <section class="card">
            <fieldset>
                <legend>{text::applying()}</legend>
                {choices.into_iter().filter(|(apply, ..)| unasked || *apply != Apply::Always).map(choice).collect_view()}
            </fieldset>
        </section>
    }
}
