//! The service worker, as the page sees it: newer builds, which wait until the person asks for them, and
//! what it tells the page. `static/sw.js` is its other half.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use gloo_events::EventListener;
use hushclip_ui::{Shared, Update};
use js_sys::{Array, Date};
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Event, MessageChannel, MessageEvent, ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration,
    ServiceWorkerState,
};

use crate::tabs::reload;

/// How long a page that stays open goes on without asking whether there is a newer build, milliseconds.
const ASK_AGAIN_MS: f64 = 3_600_000.0;

/// What the worker is told, and answers nothing to.
#[derive(Serialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Word<'a> {
    Answered { name: &'a str },
    Keep { texts: &'a [Shared] },
}

/// The worker of this page.
#[derive(Clone)]
pub(crate) struct Worker(Rc<Inner>);

struct Inner {
    update: RwSignal<Update>,
    registration: RefCell<Option<ServiceWorkerRegistration>>,
}

impl Worker {
    /// Follows it; `told` is called with what it says.
    pub(crate) fn follow(told: impl Fn(&str) + 'static) -> Self {
        let this = Self(Rc::new(Inner { update: RwSignal::new(Update::None), registration: RefCell::default() }));
        if let Some(container) = container() {
            let heard = move |event: &Event| {
                if let Some(word) = event.unchecked_ref::<MessageEvent>().data().as_string() {
                    told(&word);
                }
            };
            EventListener::new(&container, "message", heard).forget();
            spawn_local(this.clone().watch(container));
        }
        this
    }

    /// How it stands with newer builds.
    pub(crate) fn update(&self) -> RwSignal<Update> {
        self.0.update
    }

    /// The person wants the newer build.
    pub(crate) fn switch(&self) {
        if self.0.update.get_untracked() == Update::Switching {
            return;
        }
        let waiting = self.0.registration.borrow().as_ref().and_then(ServiceWorkerRegistration::waiting);
        match waiting {
            Some(waiting) => {
                self.0.update.set(Update::Switching);
                // It cannot fail for a text.
                let _ = waiting.post_message(&"switch".into());
            }
            // Another tab was faster, or a yet newer one is on its way.
            None => reload(),
        }
    }

    /// What the worker keeps for the page that has the account, until that says it is answered.
    pub(crate) async fn kept(&self) -> Vec<Shared> {
        // Nothing, where there is no worker to ask, is no list.
        let Some(answer) = self.ask("take").await else { return Vec::new() };
        Array::from(&answer).iter().filter_map(|kept| serde_wasm_bindgen::from_value(kept).ok()).collect()
    }

    /// This need not be kept any more.
    pub(crate) fn answered(&self, name: &str) {
        self.say(&Word::Answered { name });
    }

    /// Keeps this, while the page is left.
    pub(crate) fn keep(&self, texts: &[Shared]) {
        self.say(&Word::Keep { texts });
    }

    /// Whether there is one, which keeps what this page is left with.
    pub(crate) fn is_there(&self) -> bool {
        self.there().is_some()
    }

    fn say(&self, word: &Word) {
        // Neither fails for texts.
        if let (Some(worker), Ok(word)) = (self.there(), serde_wasm_bindgen::to_value(word)) {
            let _ = worker.post_message(&word);
        }
    }

    /// The one that this page came through; or the one that came afterwards.
    fn there(&self) -> Option<ServiceWorker> {
        let active = || self.0.registration.borrow().as_ref().and_then(ServiceWorkerRegistration::active);
        container()?.controller().or_else(active)
    }

    /// Lets the tab with the account have what was shared; tells whether there was anything.
    pub(crate) async fn pass_on(&self) -> bool {
        self.ask("pass on").await.and_then(|count| count.as_f64()).is_some_and(|count| count > 0.0)
    }

    async fn ask(&self, what: &str) -> Option<JsValue> {
        let worker = match self.there() {
            Some(worker) => worker,
            None => registered().await?,
        };
        let channel = MessageChannel::new().ok()?;
        let (answer, answered) = oneshot::channel();
        let _listener = EventListener::once(&channel.port1(), "message", move |event| {
            // Nobody waits any more, if it fails.
            let _ = answer.send(event.unchecked_ref::<MessageEvent>().data());
        });
        channel.port1().start();
        worker.post_message_with_transferable(&what.into(), &Array::of1(&channel.port2())).ok()?;
        answered.await.ok()
    }

    async fn watch(self, container: ServiceWorkerContainer) {
        let Ok(ready) = container.ready() else { return };
        let Ok(registration) = JsFuture::from(ready).await else { return };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        self.0.registration.replace(Some(registration.clone()));
        if let Some(waiting) = registration.waiting() {
            self.offer(&waiting);
        }
        let found = self.clone();
        let at = registration.clone();
        let look = move |_: &Event| {
            if let (Some(installing), Some(_)) = (at.installing(), at.active()) {
                found.offer(&installing);
            }
        };
        EventListener::new(&registration, "updatefound", look).forget();
        ask_again(registration);
    }

    /// Offers a build once all of it is here.
    fn offer(&self, worker: &ServiceWorker) {
        let this = self.clone();
        let seen = worker.clone();
        let look = move || match seen.state() {
            ServiceWorkerState::Installed => this.0.update.set(Update::Ready),
            ServiceWorkerState::Activated if this.0.update.get_untracked() == Update::Switching => reload(),
            ServiceWorkerState::Activated => this.0.update.set(Update::Elsewhere),
            _ => {}
        };
        look();
        EventListener::new(worker, "statechange", move |_| look()).forget();
    }
}

/// A page that is never left would never hear of a newer build.
fn ask_again(registration: ServiceWorkerRegistration) {
    let asked = StoredValue::new_local(Date::now());
    let document = document();
    let seen = document.clone();
    let ask = move |_: &Event| {
        if !seen.hidden() && Date::now() - asked.get_value() > ASK_AGAIN_MS {
            asked.set_value(Date::now());
            // Without a connection there is nothing to hear.
            let _ = registration.update();
        }
    };
    EventListener::new(&document, "visibilitychange", ask).forget();
}

async fn registered() -> Option<ServiceWorker> {
    let registration = JsFuture::from(container()?.get_registration()).await.ok()?;
    registration.dyn_into::<ServiceWorkerRegistration>().ok()?.active()
}

fn container() -> Option<ServiceWorkerContainer> {
    let container = window().navigator().service_worker();
    container.is_object().then_some(container)
}
