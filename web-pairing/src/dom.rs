//! Listening in a page.

use leptos::prelude::window;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::EventTarget;

/// Listens for as long as the page lives.
pub(crate) fn listen<E: FromWasmAbi + 'static>(target: &EventTarget, event: &str, heard: impl Fn(E) + 'static) {
    // Fails for no event name.
    let _ = target.add_event_listener_with_callback(event, function(heard).unchecked_ref());
}

/// A JavaScript function that lives as long as the page.
pub(crate) fn function<E: FromWasmAbi + 'static>(act: impl Fn(E) + 'static) -> JsValue {
    Closure::<dyn Fn(E)>::new(act).into_js_value()
}

/// Starts the page anew.
pub(crate) fn reload() {
    // Where that is not allowed, the person can do it.
    let _ = window().location().reload();
}
