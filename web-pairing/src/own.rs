//! What this page has to do with as a page of its own, put together for the screens: its worker, its tabs,
//! its installation, and what it was opened for.

use std::cell::OnceCell;
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use hushclip_ui::{Page, PageAsk, Shared, Tab, View, Wish, resume};
use hushclip_wasm_core::Client;
use js_sys::{Date, Function};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

use crate::install::Installing;
use crate::tabs::Tabs;
use crate::worker::Worker;

/// How much of what was shared waits at once for the person's answer.
const MOST_SHARED: usize = 4;
/// By this name the worker keeps what somebody was typing.
const DRAFT: &str = "draft";

/// The page.
#[derive(Clone)]
pub(crate) struct Own {
    client: Rc<OnceCell<Client>>,
    worker: Worker,
    tabs: Tabs,
    installing: Installing,
    shared: RwSignal<Vec<Shared>>,
    draft: RwSignal<String>,
    link: RwSignal<Option<String>>,
    wish: RwSignal<Option<Wish>>,
}

impl Own {
    /// `hear` takes a function that is called with what the page was opened for, and with the browser's offer
    /// to install it. `draft` is what is typed to be sent.
    pub(crate) fn new(client: Rc<OnceCell<Client>>, hear: &Function, draft: RwSignal<String>) -> Self {
        let (shared, link, wish) = (RwSignal::new(Vec::new()), RwSignal::new(None), RwSignal::new(None));
        let installing = Installing::new();
        let told = Rc::new(OnceCell::<Self>::new());
        let later = Rc::clone(&told);
        let worker = Worker::follow(move |word| {
            if let Some(own) = later.get() {
                own.told(word);
            }
        });
        let this = Self { client, worker, tabs: Tabs::new(), installing, shared, draft, link, wish };
        let _ = told.set(this.clone());
        let heard = Closure::<dyn Fn(JsValue)>::new(move |what: JsValue| match what.as_string() {
            Some(opened) if opened.starts_with("http") => link.set(Some(opened)),
            Some(word) => wish.set(wish_of(&word)),
            None => installing.offered(what),
        });
        // It only keeps the function.
        let _ = hear.call1(&JsValue::UNDEFINED, &heard.into_js_value());
        this
    }

    /// What the screens get.
    pub(crate) fn page(&self, view: RwSignal<Option<View>>) -> Page {
        let this = self.clone();
        let installing = self.installing;
        let member = Memo::new(move |_| view.with(|view| view.as_ref().is_some_and(|view| view.device.is_some())));
        Effect::new(move |_| {
            let _ = installing.kept.get();
            if member.get() {
                installing.keep_unasked();
            }
        });
        self.keep_what_is_left();
        Page {
            update: self.worker.update().into(),
            install: installing.way.into(),
            install_later: installing.later.into(),
            kept: installing.kept.into(),
            tab: self.tabs.tab.into(),
            shared: self.shared,
            link: self.link,
            wish: self.wish,
            ask: UnsyncCallback::new(move |ask| this.asked(ask)),
        }
    }

    /// This tab has the account.
    pub(crate) fn is_here(&self) {
        self.tabs.tab.set(Tab::Here);
        self.take_shared();
    }

    /// Another tab has it; until it is worth trying again, `closed` waits.
    pub(crate) async fn is_elsewhere(&self, closed: impl Future<Output = ()>) {
        self.tabs.is_elsewhere();
        if self.worker.pass_on().await {
            self.wish.set(Some(Wish::SharedElsewhere));
        }
        closed.await;
        self.tabs.stand_back().await;
    }

    /// The worker says something.
    fn told(&self, word: &str) {
        match word {
            "shared" if self.client.get().is_some() => self.take_shared(),
            "newest" => self.wish.set(Some(Wish::Newest)),
            _ => {}
        }
    }

    fn take_shared(&self) {
        let this = self.clone();
        spawn_local(async move {
            for kept in this.worker.kept().await {
                this.take(kept);
            }
        });
    }

    fn take(&self, kept: Shared) {
        if kept.name == DRAFT {
            self.worker.answered(DRAFT);
            return resume(self.draft, kept.text);
        }
        if self.shared.with_untracked(|shared| shared.iter().any(|one| one.name == kept.name)) {
            return;
        }
        let refused = self.shared.try_update(|shared| {
            // What is asked about now stays; of the others, the oldest comes first.
            let newer = shared.iter().skip(1).position(|one| one.at > kept.at).map(|at| at + 1);
            shared.insert(newer.unwrap_or(shared.len()), kept);
            if shared.len() > MOST_SHARED { shared.pop() } else { None }
        });
        if let Some(refused) = refused.flatten() {
            self.worker.answered(&refused.name);
            self.wish.set(Some(Wish::ShareFull));
        }
    }

    /// What is typed, and what is not answered yet, goes to the worker when the page is left, and comes back from there.
    fn keep_what_is_left(&self) {
        let (worker, shared) = (self.worker.clone(), self.shared);
        Effect::new(move |before: Option<Vec<String>>| {
            let names = shared.with(|shared| shared.iter().map(|one| one.name.clone()).collect::<Vec<_>>());
            let gone = before.unwrap_or_default().into_iter().filter(|name| !names.contains(name));
            gone.for_each(|name| worker.answered(&name));
            names
        });
        let this = self.clone();
        EventListener::new(&window(), "pagehide", move |_| this.put_away()).forget();
        let this = self.clone();
        let ask = move |event: &Event| {
            if !this.worker.is_there() && !this.left().is_empty() {
                event.prevent_default();
            }
        };
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(&window(), "beforeunload", options, ask).forget();
    }

    fn put_away(&self) {
        let left = self.left();
        if !left.is_empty() {
            self.worker.keep(&left);
        }
    }

    fn left(&self) -> Vec<Shared> {
        let draft = self.draft.get_untracked();
        let draft = (!draft.trim().is_empty()).then(|| Shared { name: DRAFT.to_owned(), at: Date::now(), text: draft });
        self.shared.get_untracked().into_iter().chain(draft).collect()
    }

    fn asked(&self, ask: PageAsk) {
        match ask {
            PageAsk::Update => self.worker.switch(),
            PageAsk::Install => self.installing.install(),
            PageAsk::InstallLater => self.installing.later(),
            PageAsk::Keep => self.installing.keep(),
            PageAsk::UseHere => self.tabs.use_here(),
            PageAsk::Refresh => {
                if let Some(client) = self.client.get() {
                    client.online();
                }
            }
        }
    }
}

/// What the address asks for, by `?do=`.
fn wish_of(word: &str) -> Option<Wish> {
    match word {
        "paste" => Some(Wish::Paste),
        "devices" => Some(Wish::Devices),
        "newest" => Some(Wish::Newest),
        "reshare" => Some(Wish::ShareAgain),
        "full" => Some(Wish::ShareFull),
        "too-large" => Some(Wish::ShareTooLarge),
        _ => None,
    }
}
