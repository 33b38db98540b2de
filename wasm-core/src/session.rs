//! What the browser keeps in memory for the extension while none of its pages is open: until it is closed, never on a
//! disk.

use js_sys::Promise;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::js;

/// What is kept under this name.
pub async fn load(name: &str) -> Option<String> {
    let kept: Promise = js::call(&area()?, "get", &[&name.into()]).ok()?.dyn_into().ok()?;
    js::get(&JsFuture::from(kept).await.ok()?, name)?.as_string()
}

/// Keeps this under a name. What is larger than the browser keeps is not kept.
pub fn save(name: &str, value: &str) {
    let Some(area) = area() else { return };
    let kept = js::call(&area, "set", &[&js::object(&[(name, &value.into())])]);
    if let Some(kept) = kept.ok().and_then(|kept| kept.dyn_into::<Promise>().ok()) {
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(kept).await;
        });
    }
}

fn area() -> Option<JsValue> {
    js::get(&js::get(&js::global("chrome")?, "storage")?, "session")
}
