//! Which language a person reads here: the first of those the browser names that there are words in,
//! else English. Chosen once, when the app is mounted.

use std::cell::Cell;

use leptos::prelude::{document, window};
use wasm_bindgen::JsValue;

/// A language there are words in, in the order of the tables that `build.rs` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

thread_local! {
    static CHOSEN: Cell<Language> = const { Cell::new(Language::English) };
}

impl Language {
    /// The one in use.
    pub(crate) fn current() -> Self {
        CHOSEN.get()
    }

    /// As it is written in a page.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Of a tag such as "de-AT", if it is one of these.
    fn of(tag: &str) -> Option<Self> {
        match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            _ => None,
        }
    }
}

/// Reads what the browser prefers, and says in the page what language it is in.
pub(crate) fn choose() {
    let language = preferred().iter().find_map(|tag| Language::of(tag)).unwrap_or(Language::English);
    CHOSEN.set(language);
    if let Some(page) = document().document_element() {
        // Without it, a screen reader speaks German words in an English voice.
        let _ = page.set_attribute("lang", language.tag());
        let _ = page.set_attribute("dir", "ltr");
    }
}

/// Has another one in use, whatever the browser prefers.
#[cfg(test)]
pub(crate) fn force(language: Language) {
    CHOSEN.set(language);
}

/// How dates and times are written: as in the person's own variety of the language in use.
pub(crate) fn notation() -> String {
    let language = Language::current();
    let own = preferred().into_iter().find(|tag| Language::of(tag) == Some(language));
    own.unwrap_or_else(|| language.tag().to_owned())
}

fn preferred() -> Vec<String> {
    window().navigator().languages().iter().filter_map(|tag: JsValue| tag.as_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variety_counts_as_its_language() {
        assert_eq!(Language::of("de-AT"), Some(Language::German));
        assert_eq!(Language::of("EN"), Some(Language::English));
        assert_eq!(Language::of("den"), None);
        assert_eq!(Language::of(""), None);
    }
}
