//! The browser's clipboard. Calls start within the tap that asks for them, because browsers allow
//! nothing else.

use std::cell::Cell;
use std::rc::Rc;

use gloo_file::Blob;
use hushclip_model::{Content, Problem};
use js_sys::{Array, JsString, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Clipboard, ClipboardItem};

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

/// The same with a text that is not here yet; whether it has an HTML form is known. The browser waits for it, where it
/// can; elsewhere a tap counts for seconds. If it does not come, the future tells why.
pub(crate) fn write_later<C: Future<Output = Result<Content, Problem>> + 'static>(
    content: C,
    has_html: bool,
) -> impl Future<Output = Result<(), Option<Problem>>> + use<C> {
    let why = Rc::new(Cell::new(None));
    let noted = Rc::clone(&why);
    let content = future_to_promise(async move {
        content.await.map(forms).map_err(|problem| {
            noted.set(Some(problem));
            JsValue::UNDEFINED
        })
    });
    let started = clipboard().map(|clipboard| write_promised(&clipboard, &content, has_html));
    async move {
        let written = match started {
            Some(Ok(promise)) => JsFuture::from(promise).await.map(drop),
            // There is no such class.
            Some(Err(_)) => write_when_here(content).await,
            None => Err(JsValue::UNDEFINED),
        };
        written.map_err(|_| why.take())
    }
}

async fn write_when_here(content: Promise) -> Result<(), JsValue> {
    let forms: Array = JsFuture::from(content).await?.unchecked_into();
    let text = forms.get(0).as_string().unwrap_or_default();
    let clipboard = clipboard().ok_or(JsValue::UNDEFINED)?;
    JsFuture::from(clipboard.write_text(&text)).await.map(drop)
}

/// Text and HTML, which may be missing.
fn forms(content: Content) -> JsValue {
    Array::of2(&content.text.into(), &content.html.map_or(JsValue::UNDEFINED, JsValue::from)).into()
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
    let forms = Array::of2(&text.into(), &html.into());
    write_promised(clipboard, Promise::resolve(&forms).unchecked_ref(), true)
}

/// Writes what [`forms`] will have. Where the class is missing, this is an exception.
fn write_promised(clipboard: &Clipboard, content: &Promise, has_html: bool) -> Result<Promise, JsValue> {
    let item = Object::new();
    for (place, kind) in [(0, "text/plain"), (1, "text/html")].into_iter().take(1 + usize::from(has_html)) {
        let content = content.clone();
        let blob = future_to_promise(async move {
            let forms: Array = JsFuture::from(content).await?.unchecked_into();
            Ok(Blob::new_with_options(JsString::from(forms.get(place)), Some(kind)).into())
        });
        Reflect::set(&item, &kind.into(), &blob)?;
    }
    let item = ClipboardItem::new_with_record_from_str_to_blob_promise(&item)?;
    Ok(clipboard.write(&Array::of1(&item)))
}

/// The clipboard; none on pages without a secure origin.
fn clipboard() -> Option<Clipboard> {
    let clipboard = window().navigator().clipboard();
    clipboard.is_object().then_some(clipboard)
}
