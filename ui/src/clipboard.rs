//! The browser's clipboard. Calls start within the tap that asks for them, because browsers allow
//! nothing else.

use js_sys::{Array, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Clipboard, ClipboardItem};

/// Starts putting text, and its HTML form if there is one, on the clipboard. The future tells
/// whether that worked.
pub(crate) fn write(text: &str, html: Option<&str>) -> impl Future<Output = bool> + use<> {
    let started = clipboard().map(|clipboard| {
        let rich = html.and_then(|html| write_rich(&clipboard, text, html).ok());
        rich.unwrap_or_else(|| clipboard.write_text(text))
    });
    async move {
        match started {
            Some(promise) => JsFuture::from(promise).await.is_ok(),
            None => false,
        }
    }
}

/// Whether there is a way to ask for the clipboard's text.
pub(crate) fn can_read() -> bool {
    let read = clipboard().and_then(|clipboard| Reflect::get(&clipboard, &"readText".into()).ok());
    read.is_some_and(|read| read.is_function())
}

/// Starts reading the clipboard's text; `None` when the browser or the person does not allow it.
pub(crate) fn read() -> impl Future<Output = Option<String>> {
    let started = clipboard().map(|clipboard| clipboard.read_text());
    async move { JsFuture::from(started?).await.ok()?.as_string() }
}

fn write_rich(clipboard: &Clipboard, text: &str, html: &str) -> Result<Promise, JsValue> {
    let forms = Object::new();
    for (kind, form) in [("text/plain", text), ("text/html", html)] {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&form.into()), &options)?;
        Reflect::set(&forms, &kind.into(), &Promise::resolve(&blob))?;
    }
    // Where the class is missing, this is an exception and plain text goes instead.
    let item = ClipboardItem::new_with_record_from_str_to_blob_promise(&forms)?;
    Ok(clipboard.write(&Array::of1(&item)))
}

/// The clipboard; none on pages without a secure origin.
fn clipboard() -> Option<Clipboard> {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into()).ok()?;
    clipboard.is_object().then(|| clipboard.unchecked_into())
}
