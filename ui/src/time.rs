//! Time as a person reads it: ages, countdowns, and a clock that ticks while the page is seen.
//! Times are milliseconds since 1970.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::{language, text};

/// How long ago something was, in the largest unit that says enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Now,
    Minutes(u64),
    Hours(u64),
    Days(u64),
    /// A week or more.
    Long,
}

impl Age {
    /// The age at `now`. A time to come, from a clock that is ahead, counts as now.
    pub(crate) fn of(at: u64, now: u64) -> Self {
        let seconds = now.saturating_sub(at) / 1000;
        match seconds {
            0..60 => Self::Now,
            60..3_600 => Self::Minutes(seconds / 60),
            3_600..86_400 => Self::Hours(seconds / 3_600),
            86_400..604_800 => Self::Days(seconds / 86_400),
            _ => Self::Long,
        }
    }
}

/// Seconds from `now` until `at`, rounded up, and nought when it has passed.
pub(crate) fn seconds_until(at: u64, now: u64) -> u64 {
    at.saturating_sub(now).div_ceil(1000)
}

/// "2 min ago", or the date.
pub(crate) fn ago(at: u64, now: u64) -> String {
    text::ago(Age::of(at, now))
        .unwrap_or_else(|| String::from(date(at).to_locale_date_string(&language::notation(), &JsValue::UNDEFINED)))
}

/// Date and time in the person's own notation.
pub(crate) fn exact(at: u64) -> String {
    String::from(date(at).to_locale_string(&language::notation(), &JsValue::UNDEFINED))
}

/// The day as in `2026-11-21`, by this device's zone.
pub(crate) fn day(at: u64) -> String {
    let date = date(at);
    format!("{}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

/// The present.
pub(crate) fn now() -> u64 {
    #[expect(clippy::cast_sign_loss, reason = "the present is after 1970")]
    let now = js_sys::Date::now() as u64;
    now
}

/// The present, again each second while the page is seen.
pub(crate) fn clock() -> ReadSignal<u64> {
    let (time, set_time) = signal(now());
    let seen = || web_sys::window().and_then(|w| w.document()).is_some_and(|d| !d.hidden());
    let tick = move || {
        if seen() {
            set_time.set(now());
        }
    };
    if let Ok(handle) = set_interval_with_handle(tick, Duration::from_secs(1)) {
        on_cleanup(move || handle.clear());
    }
    time
}

fn date(at: u64) -> js_sys::Date {
    /// What comes after it is no date to a browser.
    const LAST: u64 = 8_640_000_000_000_000;
    #[expect(clippy::cast_precision_loss, reason = "exact for the next 270,000 years")]
    js_sys::Date::new(&JsValue::from_f64(at.min(LAST) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_change_at_their_bounds() {
        let at = 1_000_000;
        for (seconds, age) in [
            (0, Age::Now),
            (59, Age::Now),
            (60, Age::Minutes(1)),
            (3_599, Age::Minutes(59)),
            (3_600, Age::Hours(1)),
            (86_399, Age::Hours(23)),
            (86_400, Age::Days(1)),
            (604_799, Age::Days(6)),
            (604_800, Age::Long),
        ] {
            assert_eq!(Age::of(at, at + seconds * 1000), age, "after {seconds} s");
        }
        assert_eq!(Age::of(at, at - 5_000), Age::Now, "a clock that is ahead");
    }

    #[test]
    fn a_countdown_ends_at_nought() {
        assert_eq!(seconds_until(12_001, 1), 12);
        assert_eq!(seconds_until(12_002, 1), 13);
        assert_eq!(seconds_until(1, 12_001), 0);
    }
}
