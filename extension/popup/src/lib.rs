//! The popup: the shared screens in front of the engine that the background owns. It keeps and
//! decides nothing, and may be closed at any moment.

use hushclip_ui::{App, Command, Face, Platform, mount};
use hushclip_wasm_core::port;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Opens the line to the background and shows what it says.
#[wasm_bindgen(start)]
pub fn start() {
    let (view, set_view) = signal(None);
    let (notice, set_notice) = signal(None);
    let port = port::connect(move |view| set_view.set(Some(view)), move |notice| set_notice.set(Some(notice)));
    let send = UnsyncCallback::new(move |command: Command| port.command(command));
    let platform = Platform::here(Face::Popup, None);
    mount(move || view! { <App view notice send platform /> });
}
