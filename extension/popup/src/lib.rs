//! The popup: the shared screens in front of the engine that the background owns. It keeps and
//! decides nothing, and may be closed at any moment. The page of options shows the same, with more room.

use std::alloc::System;

use hushclip_ui::{App, Archive, ArchiveRequest, Command, Face, LockCommand, LockState, Platform, Query, mount};
use hushclip_wasm_core::port;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is given back: passphrases are typed here.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

const OPTIONS: &str = "/options.html";

/// Opens the line to the background and shows what it says.
#[wasm_bindgen(start)]
pub fn start() {
    let (view, set_view) = signal(None);
    let (lock, set_lock) = signal(None);
    let (notice, set_notice) = signal(None);
    let (outcome, set_outcome) = signal(None);
    let port = port::connect(
        move |view| set_view.set(Some(view)),
        move |lock| {
            if lock.state == LockState::Locked {
                set_view.set(None);
                set_notice.set(None);
                set_outcome.set(None);
            }
            set_lock.set(Some(lock));
        },
        move |notice| set_notice.set(Some(notice)),
        move |outcome| set_outcome.set(Some(outcome)),
    );
    let say = port.clone();
    let send = UnsyncCallback::new(move |command: Command| say.command(command));
    let say = port.clone();
    let ask = UnsyncCallback::new(move |command: LockCommand| say.ask(command));
    let say = port.clone();
    let query = UnsyncCallback::new(move |query: Query| say.query(query));
    let ask_archive = UnsyncCallback::new(move |request: ArchiveRequest| port.archive(request));
    let archive = Archive { ask: ask_archive, outcome: outcome.into() };
    let platform = platform();
    mount(move || view! { <App view lock notice send ask query archive platform /> });
}

/// A tab is no popup, but neither is it a page that a relay could have served.
fn platform() -> Platform {
    let popup = Platform::here(Face::Popup, None);
    let in_tab = location().pathname().is_ok_and(|path| path == OPTIONS);
    if in_tab { Platform { face: Face::Web, ..popup } } else { popup }
}
