//! One engine per browser profile: two tabs with the same keys would be two devices with one name.
//! A Web Lock decides, because the browser gives it back even when a tab crashes.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use hushclip_model::Problem;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal};

use crate::js;

const NAME: &str = "hushclip";
/// How long a page that is being left may still hold the lock, milliseconds.
const PATIENCE_MS: u32 = 1_000;

/// Takes the lock for as long as this page lives.
pub(crate) async fn take() -> Result<(), Problem> {
    let (patience, _listener) = until_left()?;
    let signal = patience.signal();
    let _timeout = Timeout::new(PATIENCE_MS, move || patience.abort());
    // A promise without an end keeps the lock.
    let held = || Promise::new(&mut |_, _| {}).into();
    granted(&signal, held).await
}

/// Waits until no other tab owns the engine, so that starting a client can be tried again.
pub async fn other_tab_closed() {
    match until_left() {
        Ok((waiting, _listener)) => _ = granted(&waiting.signal(), || JsValue::UNDEFINED).await,
        Err(_) => TimeoutFuture::new(PATIENCE_MS).await,
    }
}

thread_local! {
    /// Whether the page has been left. Browsers may bring it back as it was.
    static LEFT: Rc<Cell<bool>> = {
        let left = Rc::<Cell<bool>>::default();
        for (event, is_left) in [("pagehide", true), ("pageshow", false)] {
            let left = Rc::clone(&left);
            if let Some(window) = web_sys::window() {
                EventListener::new(&window, event, move |_| left.set(is_left)).forget();
            }
        }
        left
    };
}

/// What ends when the page is left, for as long as the listener is kept. Browsers may keep a page that only waits as it
/// is, and a lock that is given to it then is nobody's.
fn until_left() -> Result<(AbortController, EventListener), Problem> {
    if LEFT.with(|left| left.get()) {
        return Err(Problem::OtherTab);
    }
    let controller = AbortController::new().map_err(|_| Problem::InsecurePage)?;
    let (window, left) = (web_sys::window().ok_or(Problem::InsecurePage)?, controller.clone());
    let listener = EventListener::once(&window, "pagehide", move |_| left.abort());
    Ok((controller, listener))
}

/// Asks for the lock, as long as the signal says; `until` makes what keeps it.
async fn granted(signal: &AbortSignal, until: impl FnOnce() -> JsValue + 'static) -> Result<(), Problem> {
    let locks = js::global("navigator").and_then(|navigator| js::get(&navigator, "locks"));
    let locks = locks.ok_or(Problem::InsecurePage)?;
    let mut until = Some(until);
    let promise = Promise::new(&mut |resolve, reject| {
        let Some(until) = until.take() else { return };
        let refused = reject.clone();
        let callback = Closure::once_into_js(move || {
            let _ = resolve.call0(&JsValue::UNDEFINED);
            until()
        });
        let request = js::call(&locks, "request", &[&NAME.into(), &js::object(&[("signal", signal)]), &callback]);
        let request: Promise = request.unwrap_or_else(|error| Promise::reject(&error).into()).into();
        let failed = Closure::once_into_js(move |error: JsValue| {
            let _ = refused.call1(&JsValue::UNDEFINED, &error);
        });
        let _ = js::call(&request, "catch", &[&failed]);
    });
    JsFuture::from(promise).await.map(|_| ()).map_err(|_| Problem::OtherTab)
}
