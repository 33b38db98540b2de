//! The browser's clock and timers, in windows and in workers alike.

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::js;

/// The longest time a browser's timer takes; beyond it, it would fire at once.
const LONGEST_MS: u64 = 0x7fff_ffff;

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "the present is after 1970")]
    let now = js_sys::Date::now() as u64;
    now
}

/// A running timer; dropping it stops it.
pub(crate) struct Timer {
    id: JsValue,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls back at `at` (milliseconds since 1970), or earlier if that is too far off for a timer.
    pub(crate) fn at(at: u64, callback: impl FnMut() + 'static) -> Self {
        let callback = Closure::new(callback);
        let id = start(callback.as_ref().unchecked_ref(), at.saturating_sub(now()));
        Self { id, _callback: callback }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let _ = js::call(&js_sys::global(), "clearTimeout", &[&self.id]);
    }
}

/// Waits for so many milliseconds.
pub(crate) async fn sleep(ms: u64) {
    let promise = Promise::new(&mut |resolve, _| {
        start(&resolve, ms);
    });
    // It is never rejected.
    let _ = JsFuture::from(promise).await;
}

fn start(callback: &Function, ms: u64) -> JsValue {
    #[expect(clippy::cast_precision_loss, reason = "at most 2^31")]
    let ms = ms.min(LONGEST_MS) as f64;
    js::call(&js_sys::global(), "setTimeout", &[callback, &ms.into()]).unwrap_or(JsValue::UNDEFINED)
}
