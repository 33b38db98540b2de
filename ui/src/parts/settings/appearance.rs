//! How the screens look.

use hushclip_model::settings::{Change, Theme};
use leptos::prelude::*;

use crate::host::host;
use crate::text;

/// As the system, light or dark.
#[component]
pub(crate) fn Appearance() -> impl IntoView {
    let host = host();
    let theme = host.follow(|view| view.settings.theme);
    let choices = [
        (Theme::System, "system", text::theme_system()),
        (Theme::Light, "light", text::theme_light()),
        (Theme::Dark, "dark", text::theme_dark()),
    ];
    let choice = move |(choice, word, label): (Theme, &'static str, &'static str)| {
        view! {
            <button
                type="button"
                data-testid=format!("theme-{word}")
                aria-pressed=move || (theme.get() == choice).to_string()
                on:click=move |_| host.choose(Change { theme: Some(choice), ..Change::default() })
            >
                {label}
            </button>
        }
    };
    view! {
        <section class="card">
            <h2>{text::appearance()}</h2>
            <div class="switch three" role="group" aria-label=text::appearance()>
                {choices.map(choice).into_iter().collect_view()}
            </div>
        </section>
    }
}
