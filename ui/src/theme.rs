//! Light, dark or as the system: an attribute on the page that the style sheet reads. It is remembered
//! beside the account, so that a page has its look before the first picture is there.

use hushclip_model::View;
use hushclip_model::settings::Theme;
use leptos::prelude::*;

const KEY: &str = "theme";
const ATTRIBUTE: &str = "data-theme";

/// Gives the page the look that is chosen, from now on.
pub(crate) fn follow(view: Signal<Option<View>>) {
    show(&remembered().unwrap_or_default());
    let chosen = Memo::new(move |_| view.with(|view| view.as_ref().map(|view| view.settings.theme)));
    Effect::new(move |_| {
        if let Some(theme) = chosen.get() {
            let word = match theme {
                Theme::System => "",
                Theme::Light => "light",
                Theme::Dark => "dark",
            };
            show(word);
            remember(word);
        }
    });
}

fn show(word: &str) {
    let Some(page) = document().document_element() else { return };
    // Neither fails for a name that is one.
    let _ = match word {
        "light" | "dark" => page.set_attribute(ATTRIBUTE, word),
        _ => page.remove_attribute(ATTRIBUTE),
    };
}

fn remembered() -> Option<String> {
    window().local_storage().ok()??.get_item(KEY).ok()?
}

fn remember(word: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // Without it, the look comes with the first picture.
        let _ = storage.set_item(KEY, word);
    }
}
