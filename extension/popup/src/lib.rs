//! The popup: the shared screens in front of the engine that the background owns. It keeps and
//! decides nothing, and may be closed at any moment. The options page shows the same, with more room.

use std::alloc::System;

use hushclip_ui::{App, Asked, Face, LockState, Platform, Query, mount, resume};
use hushclip_wasm_core::session::Common;
use hushclip_wasm_core::{port, target};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is given back: passphrases are typed here.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

const OPTIONS: &str = "/options.html";
/// What is typed and not sent is kept under this name, for all popups and tabs. The background forgets it with the account.
const DRAFT: &str = "draft";

/// Opens the line to the background and shows what it says.
#[wasm_bindgen(start)]
pub fn start() {
    let (view, set_view) = signal(None);
    let (lock, set_lock) = signal(None);
    let (answer, set_answer) = signal(None);
    let (notice, set_notice) = signal(None);
    let port = port::connect(
        move |view| set_view.set(Some(view)),
        move |lock| {
            if lock.state == LockState::Locked {
                set_view.set(None);
                set_answer.set(None);
                set_notice.set(None);
            }
            set_lock.set(Some(lock));
        },
        move |answered| set_answer.set(Some(answered)),
        move |notice| set_notice.set(Some(notice)),
    );
    port.watch();
    let say = port.clone();
    let send = UnsyncCallback::new(move |asked: Asked| say.ask(asked));
    let say = port.clone();
    let query = UnsyncCallback::new(move |query: Query| say.query(query));
    let platform = platform();
    let draft = RwSignal::new(String::new());
    let common = Common::new(DRAFT);
    // As the other pages know it, and whether they have said so since this one was opened.
    let (known, told) = (StoredValue::new(String::new()), StoredValue::new(false));
    common.follow(move |typed| {
        told.set_value(true);
        known.set_value(typed.clone());
        draft.set(typed);
    });
    mount(move || {
        Effect::new(move || {
            let typed = draft.get();
            if known.with_value(|known| *known != typed) {
                common.save(&typed);
                known.set_value(typed);
            }
        });
        view! { <App view lock answer notice send query platform draft /> }
    });
    spawn_local(async move {
        if let Some(kept) = common.load().await.filter(|_| !told.get_value()) {
            known.set_value(kept.clone());
            resume(draft, kept);
        }
    });
}

/// A tab is no popup, but neither is it a page that a relay could have served.
fn platform() -> Platform {
    let popup = Platform::here(Face::Popup, None, target);
    let in_tab = location().pathname().is_ok_and(|path| path == OPTIONS);
    if in_tab { Platform { face: Face::Web, ..popup } } else { popup }
}
