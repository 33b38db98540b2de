//! What the browser keeps in memory for the extension while none of its pages is open: until it is closed, never on a
//! disk.

use js_sys::{Math, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::js;

const PAGE: &str = "page";
const TEXT: &str = "text";

/// A text that the open pages have in common.
#[derive(Clone, Copy)]
pub struct Common {
    name: &'static str,
    /// This page: what it hears of itself is late.
    page: f64,
}

impl Common {
    /// What is kept under this name.
    pub fn new(name: &'static str) -> Self {
        Self { name, page: Math::random() }
    }

    /// What is kept now.
    pub async fn load(self) -> Option<String> {
        let kept: Promise = js::call(&area()?, "get", &[&self.name.into()]).ok()?.dyn_into().ok()?;
        js::get(&js::get(&JsFuture::from(kept).await.ok()?, self.name)?, TEXT)?.as_string()
    }

    /// Keeps this. What is larger than the browser keeps is not kept.
    pub fn save(self, text: &str) {
        let Some(area) = area() else { return };
        let value = js::object(&[(PAGE, &self.page.into()), (TEXT, &text.into())]);
        let kept = js::call(&area, "set", &[&js::object(&[(self.name, &value)])]);
        if let Some(kept) = kept.ok().and_then(|kept| kept.dyn_into::<Promise>().ok()) {
            wasm_bindgen_futures::spawn_local(async move {
                let _ = JsFuture::from(kept).await;
            });
        }
    }

    /// Hears what another page keeps; nothing, once it is forgotten. Lasts as long as the page.
    pub fn follow(self, heard: impl Fn(String) + 'static) {
        let changed = Closure::<dyn Fn(JsValue)>::new(move |changes: JsValue| {
            let Some(change) = js::get(&changes, self.name) else { return };
            let value = js::get(&change, "newValue");
            let part = |name: &str| value.as_ref().and_then(|value| js::get(value, name));
            if part(PAGE).and_then(|page| page.as_f64()) != Some(self.page) {
                heard(part(TEXT).and_then(|text| text.as_string()).unwrap_or_default());
            }
        });
        if let Some(event) = area().and_then(|area| js::get(&area, "onChanged")) {
            // It takes any function.
            let _ = js::call(&event, "addListener", &[&changed.into_js_value()]);
        }
    }
}

fn area() -> Option<JsValue> {
    js::get(&js::get(&js::global("chrome")?, "storage")?, "session")
}
