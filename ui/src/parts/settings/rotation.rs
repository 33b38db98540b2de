//! How often this device changes its keys.

use hushclip_model::Command;
use leptos::ev::Event;
use leptos::prelude::*;

use crate::host::host;
use crate::text;

/// What is offered, minutes.
const CHOICES: [u32; 5] = [30, 60, 360, 1_440, 10_080];

/// A choice of intervals, and the present one if it is none of them.
#[component]
pub(crate) fn Rotation() -> impl IntoView {
    let host = host();
    let minutes = host.follow(|view| view.rotation_minutes);
    let choose = move |event: Event| {
        if let Ok(minutes) = event_target_value(&event).parse() {
            host.send(Command::SetRotation { minutes });
        }
    };
    let options = move || {
        let now = minutes.get();
        let mut choices = CHOICES.to_vec();
        choices.extend(now.filter(|now| !CHOICES.contains(now)));
        choices.sort_unstable();
        let option = |choice: u32| {
            view! { <option value=choice.to_string() selected=Some(choice) == now>{text::every(choice)}</option> }
        };
        choices.into_iter().map(option).collect_view()
    };
    view! {
        <section class="card">
            <h2>{text::rotation()}</h2>
            <label class="field">
                <span class="label">{text::rotation_label()}</span>
                <select data-testid="rotation" aria-describedby="rotation-hint" on:change=choose>
                    {options}
                </select>
            </label>
            <p class="hint" id="rotation-hint">{text::rotation_hint()}</p>
        </section>
    }
}
