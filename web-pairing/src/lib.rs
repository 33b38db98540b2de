//! The web app: a client that owns this browser's engine, and the shared screens in front of it.
//! It decides nothing; `boot.js` starts it once any pairing link has been removed from the address bar.

mod install;
mod own;
mod tabs;
mod wake;
mod worker;

use std::alloc::System;
use std::cell::OnceCell;
use std::rc::Rc;

use hushclip_ui::{Answered, App, Asked, Face, LockState, LockView, Notice, Platform, Problem, Query, View, mount};
use hushclip_wasm_core::{Client, Hooks, other_tab_closed, target};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroizing_alloc::ZeroAlloc;

use crate::own::Own;

/// Memory is wiped when it is given back, so that little is left of keys and clips once it is locked.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// What the screens show.
#[derive(Clone, Copy)]
struct Shown {
    view: RwSignal<Option<View>>,
    lock: RwSignal<Option<LockView>>,
    answer: RwSignal<Option<Answered>>,
    notice: RwSignal<Option<Notice>>,
    failure: RwSignal<Option<Problem>>,
}

#[wasm_bindgen]
extern "C" {
    /// Loads the decoder of QR codes.
    pub type Loader;
    #[wasm_bindgen(method, js_name = call)]
    fn load(this: &Loader) -> js_sys::Promise;
}

/// Starts the app. `link` is the pairing link that the page was opened with; `scanner` loads the
/// decoder of QR codes; `hear` takes a function for what else has happened by now.
#[wasm_bindgen]
pub fn start(link: Option<String>, scanner: Loader, hear: js_sys::Function) {
    let shown = Shown {
        view: RwSignal::new(None),
        lock: RwSignal::new(None),
        answer: RwSignal::new(None),
        notice: RwSignal::new(None),
        failure: RwSignal::new(None),
    };
    let client = Rc::new(OnceCell::<Client>::new());
    let draft = RwSignal::new(String::new());
    let own = Own::new(Rc::clone(&client), &hear, draft);
    let starting = run(shown, Rc::clone(&client), own.clone());
    // No screen asks for anything before the first picture, and that comes from a running client.
    let to_ask = Rc::clone(&client);
    let query = UnsyncCallback::new(move |query: Query| {
        if let Some(client) = to_ask.get() {
            client.query(query);
        }
    });
    let send = UnsyncCallback::new(move |asked: Asked| {
        if let Some(client) = client.get() {
            client.ask(asked);
        }
    });
    let platform = Platform::here(Face::Web, link, target);
    let Shown { view, lock, answer, notice, failure } = shown;
    let scan = UnsyncCallback::new(move |()| scanner.load());
    mount(move || {
        let wake = wake::offer(view, send);
        let page = Some(own.page(view));
        view! { <App view lock answer notice failure send query platform scan wake page draft /> }
    });
    // Only now: mounting sets up what runs it.
    spawn_local(starting);
}

/// Starts the client, after other tabs if need be.
async fn run(shown: Shown, client: Rc<OnceCell<Client>>, own: Own) {
    loop {
        let failure = match Client::start(hooks(shown)).await {
            Ok(started) => {
                let _ = client.set(started);
                shown.failure.set(None);
                own.is_here();
                return;
            }
            Err(failure) => failure,
        };
        let is_elsewhere = failure == Problem::OtherTab;
        shown.failure.set(Some(failure));
        if !is_elsewhere {
            return;
        }
        own.is_elsewhere(other_tab_closed()).await;
    }
}

fn hooks(shown: Shown) -> Hooks {
    Hooks {
        on_view: Box::new(move |view| shown.view.set(Some(view))),
        on_lock: Box::new(move |lock| {
            if lock.state == LockState::Locked {
                shown.view.set(None);
                shown.answer.set(None);
                shown.notice.set(None);
            }
            shown.lock.set(Some(lock));
        }),
        on_answer: Box::new(move |answered| shown.answer.set(Some(answered))),
        on_notice: Box::new(move |notice| shown.notice.set(Some(notice))),
        // Phones allow it only within a tap, and a desktop's clipboard is the extension's business.
        write_clipboard: Box::new(|_| {}),
    }
}
