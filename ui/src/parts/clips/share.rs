//! Handing a clip to other apps through the system's own sheet, where the browser has one.

use js_sys::Reflect;
use leptos::prelude::window;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, ShareData};

use crate::host::Host;
use crate::{entry, text};

/// Whether the browser can do that.
pub(crate) fn can_share() -> bool {
    Reflect::get(&window().navigator(), &"share".into()).is_ok_and(|share| share.is_function())
}

/// Opens the system's sheet. Has to be called within a tap.
pub(crate) fn share(host: Host, shared: &str) {
    let data = ShareData::new();
    match entry::as_link(shared) {
        Some(link) => data.set_url(link),
        None => data.set_text(shared),
    }
    let asked = window().navigator().share_with_data(&data);
    spawn_local(async move {
        let Err(error) = JsFuture::from(asked).await else { return };
        // Who closes the sheet knows that nothing was shared.
        if DomException::from(error).name() != "AbortError" {
            host.news.show(text::share_failed());
        }
    });
}
