//! The popup: the shared screens in front of the engine that the background owns. It keeps and
//! decides nothing, and may be closed at any moment.

use std::alloc::System;

use hushclip_ui::{App, Command, Face, LockCommand, LockState, Platform, mount};
use hushclip_wasm_core::port;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is given back: passphrases are typed here.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// Opens the line to the background and shows what it says.
#[wasm_bindgen(start)]
pub fn start() {
    let (view, set_view) = signal(None);
    let (lock, set_lock) = signal(None);
    let (notice, set_notice) = signal(None);
    let port = port::connect(
        move |view| set_view.set(Some(view)),
        move |lock| {
            if lock.state == LockState::Locked {
                set_view.set(None);
                set_notice.set(None);
            }
            set_lock.set(Some(lock));
        },
        move |notice| set_notice.set(Some(notice)),
    );
    let to_lock = port.clone();
    let ask = UnsyncCallback::new(move |command: LockCommand| to_lock.ask(command));
    let send = UnsyncCallback::new(move |command: Command| port.command(command));
    let platform = Platform::here(Face::Popup, None);
    mount(move || view! { <App view lock notice send ask platform /> });
}
