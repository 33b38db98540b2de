//! Whether and how the app can be installed here, and whether the browser keeps what it has stored.

use gloo_events::EventListener;
use hushclip_ui::{Install, Kept};
use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Storage, StorageManager};

/// Under this name the browser remembers that the person does not want to be offered it.
const LATER: &str = "install-later";
/// Whatever is no tab of a browser.
const OWN_WINDOW: &str = "(display-mode: standalone), (display-mode: minimal-ui), (display-mode: fullscreen), \
     (display-mode: window-controls-overlay)";

/// How it stands here.
#[derive(Clone, Copy)]
pub(crate) struct Installing {
    pub(crate) way: RwSignal<Install>,
    pub(crate) later: RwSignal<bool>,
    pub(crate) kept: RwSignal<Kept>,
    prompt: StoredValue<Option<JsValue>, LocalStorage>,
}

impl Installing {
    pub(crate) fn new() -> Self {
        let this = Self {
            way: RwSignal::new(by_hand()),
            later: RwSignal::new(remembered().is_some_and(|kept| matches!(kept.get_item(LATER), Ok(Some(_))))),
            kept: RwSignal::new(Kept::Unknown),
            prompt: StoredValue::new_local(None),
        };
        EventListener::new(&window(), "appinstalled", move |_| this.way.set(Install::Done)).forget();
        spawn_local(async move {
            if let Some(kept) = answer(storage().persisted()).await {
                this.kept.set(if kept { Kept::Yes } else { Kept::No });
            }
        });
        this
    }

    /// The browser would ask whether to install the app.
    pub(crate) fn offered(self, prompt: JsValue) {
        self.prompt.set_value(Some(prompt));
        self.way.set(Install::Offered);
    }

    /// Lets it ask. It does so once.
    pub(crate) fn install(self) {
        let Some(prompt) = self.prompt.try_update_value(Option::take).flatten() else { return };
        let asked = method(&prompt, "prompt").and_then(|ask| ask.call0(&prompt).ok());
        spawn_local(async move {
            let outcome = match asked.map(JsCast::unchecked_into::<Promise>) {
                Some(answer) => JsFuture::from(answer).await.ok(),
                None => None,
            };
            let outcome = outcome.and_then(|outcome| Reflect::get(&outcome, &"outcome".into()).ok());
            let accepted = outcome.and_then(|outcome| outcome.as_string()).as_deref() == Some("accepted");
            self.way.set(if accepted { Install::Done } else { Install::None });
        });
    }

    /// Offers it no more, but for the settings.
    pub(crate) fn later(self) {
        self.later.set(true);
        if let Some(kept) = remembered() {
            // Where nothing can be remembered, it is offered once more the next time.
            let _ = kept.set_item(LATER, "yes");
        }
    }

    /// Asks the browser to keep what is stored.
    pub(crate) fn keep(self) {
        spawn_local(async move {
            match answer(storage().persist()).await {
                Some(true) => self.kept.set(Kept::Yes),
                Some(false) => self.kept.set(Kept::Refused),
                None => {}
            }
        });
    }

    /// The same, where the browser decides without a question to the person.
    pub(crate) fn keep_unasked(self) {
        if self.kept.get_untracked() == Kept::No && !user_agent().contains("Firefox/") {
            spawn_local(async move {
                if answer(storage().persist()).await == Some(true) {
                    self.kept.set(Kept::Yes);
                }
            });
        }
    }
}

/// Whether this is a window of the app's own.
fn is_own_window() -> bool {
    let matches = window().match_media(OWN_WINDOW).ok().flatten().is_some_and(|list| list.matches());
    matches || Reflect::get(&window().navigator(), &"standalone".into()).is_ok_and(|value| value.is_truthy())
}

/// What can be said before the browser says anything.
fn by_hand() -> Install {
    if is_own_window() {
        return Install::Done;
    }
    let agent = user_agent();
    let has = |word: &str| agent.contains(word);
    let touches = window().navigator().max_touch_points() > 1;
    if has("iPhone") || has("iPad") || has("Macintosh") && touches {
        Install::HomeScreen
    } else if has("Macintosh") && has("Version/") && has("Safari/") {
        Install::Dock
    } else if has("Android") && has("Firefox/") {
        Install::Menu
    } else {
        Install::None
    }
}

fn user_agent() -> String {
    window().navigator().user_agent().unwrap_or_default()
}

/// What outlives the page, where that is allowed.
fn remembered() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn storage() -> StorageManager {
    window().navigator().storage()
}

/// What the browser answers, yes or no. On pages without a secure origin there is nobody to ask.
async fn answer(asked: Result<Promise, JsValue>) -> Option<bool> {
    JsFuture::from(asked.ok()?).await.ok()?.as_bool()
}

fn method(object: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(object, &name.into()).ok()?.dyn_into().ok()
}
