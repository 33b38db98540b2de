//! The browser's clock, and timers that ring by it.

use gloo_timers::callback::Timeout;

/// The longest time a browser's timer takes; beyond it, it would fire at once.
const LONGEST_MS: u64 = 0x7fff_ffff;

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "the present is after 1970")]
    let now = js_sys::Date::now() as u64;
    now
}

/// Calls back at `at` (milliseconds since 1970), or earlier if that is too far off for a timer.
pub(crate) fn call_at(at: u64, callback: impl FnOnce() + 'static) -> Timeout {
    Timeout::new(at.saturating_sub(now()).min(LONGEST_MS) as u32, callback)
}
