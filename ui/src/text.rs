//! Every word a person reads, in one place, in every language. It refuses to look at state: callers
//! choose the sentence.
//!
//! A new word is one line in `i18n/en.json` and one in each of the other languages beside it; then
//! `text::its_key()` is there. With a value in it,
//! `"greeting": { "message": "Hello $NAME$", "placeholders": { "name": { "content": "$1" } } }`
//! becomes `text::greeting(name)`; several values are `$1`, `$2` in the order of the arguments.
//! Singular and plural are two keys. Keys that start with `manifest_` or `browser_` are for the browser and
//! the extension's scripts, and those that start with `engine_` translate what the engine says, by its codes;
//! English is the engine's own. The build fails where a language lacks a key or a placeholder.
//!
//! The web app's `boot.js` and `sw.js` have their few words themselves: they run before it, or without it.

use hushclip_model::view::Bounds;
use hushclip_model::{Alert, Problem};

use crate::language::Language;
use crate::time::Age;

/// One of the words, not yet picked.
pub(crate) type Word = fn() -> &'static str;

include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// The one of a word's texts that is in the language in use.
fn pick<const N: usize>(texts: [&'static str; N]) -> &'static str {
    texts[Language::current() as usize]
}

/// The text with its values in the places of `$1`, `$2` and so on.
fn fill(text: &str, values: &[String]) -> String {
    let mut parts = text.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let place = part.chars().next().and_then(|digit| digit.to_digit(10)).unwrap_or_default() as usize;
        filled.push_str(values.get(place.wrapping_sub(1)).map_or("", String::as_str));
        filled.push_str(part.get(1..).unwrap_or_default());
    }
    filled
}

/// What went wrong: in the language in use if there are words for it, else the engine's own.
pub(crate) fn problem(problem: &Problem) -> String {
    translated(problem.code()).map_or_else(|| problem.to_string(), ToOwned::to_owned)
}

/// What a person should know: likewise.
pub(crate) fn alert(alert: &Alert) -> String {
    let only_one = alert.count() == Some(1);
    let one = translated(&format!("{}_one", alert.code())).filter(|_| only_one);
    let values = alert.values();
    let isolated: Vec<_> = values.iter().map(|value| isolate(value)).collect();
    match one.or_else(|| translated(alert.code())) {
        Some(words) => fill(words, &isolated),
        // The engine's own words have names in quotation marks, and nothing else.
        None => values.iter().zip(&isolated).fold(alert.to_string(), |message, (value, isolated)| {
            message.replace(&format!("“{value}”"), &format!("“{isolated}”"))
        }),
    }
}

/// A name for the middle of a sentence, which keeps its direction of writing to itself.
pub(crate) fn isolate(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// When the next attempt to connect comes, after [`waiting`].
pub(crate) fn retry_in(seconds: u64) -> String {
    let when = if seconds == 0 { retry_now().to_owned() } else { retry_seconds(seconds) };
    format!(" · {when}")
}

/// How long ago something was; `None` when only a date will do.
pub(crate) fn ago(age: Age) -> Option<String> {
    Some(match age {
        Age::Now => now().into(),
        Age::Minutes(n) => ago_minutes(n),
        Age::Hours(n) => ago_hours(n),
        Age::Days(1) => ago_yesterday().into(),
        Age::Days(n) => ago_days(n),
        Age::Long => return None,
    })
}

/// Which other devices have a clip, and which do not yet.
pub(crate) fn delivery(delivered: &[String], awaited: &[String]) -> Option<String> {
    match (delivered.is_empty(), awaited.is_empty()) {
        (true, true) => None,
        (false, true) => Some(delivered_to(list(delivered))),
        (true, false) => Some(waiting_for(list(awaited))),
        (false, false) => Some(delivered_and_waiting(list(delivered), list(awaited))),
    }
}

/// How long the invite still works.
pub(crate) fn works_for(minutes: u64, seconds: u64) -> String {
    works_once(format!("{minutes}:{seconds:02}"))
}

/// When a device last gave a signed sign of life.
pub(crate) fn confirmed(ago: &str) -> String {
    if ago == now() { confirmed_now().into() } else { confirmed_ago(ago) }
}

/// How many items of a device only a later version can show.
pub(crate) fn later(count: u64) -> String {
    if count == 1 { later_one().into() } else { later_many(count) }
}

/// How often keys change.
pub(crate) fn every(minutes: u32) -> String {
    let unit = |length: u32, one: fn() -> &'static str, more: fn(u32) -> String| {
        let n = minutes / length;
        if n == 1 { one().to_owned() } else { more(n) }
    };
    match minutes {
        n if n % 10_080 == 0 => unit(10_080, every_week, every_weeks),
        n if n % 1_440 == 0 => unit(1_440, every_day, every_days),
        n if n % 60 == 0 => unit(60, every_hour, every_hours),
        _ => unit(1, every_minute, every_minutes),
    }
}

/// Which devices of an account there are.
pub(crate) fn new_here_with(names: &[String]) -> String {
    if names.is_empty() { new_here_alone().into() } else { new_here_devices(list(names)) }
}

/// What the relay keeps for devices that are away.
pub(crate) fn relay_keeps(bounds: &Bounds) -> String {
    relay_keeps_up_to(bounds.items, bounds.bytes >> 20, bounds.ttl_s / 86_400)
}

/// What the relay lets through.
pub(crate) fn relay_takes(bounds: &Bounds) -> String {
    relay_takes_up_to(bounds.clip_bytes >> 10, bounds.frames_per_minute, bounds.devices)
}

/// When a device locks itself, after [`lock_after`].
pub(crate) fn lock_delay(minutes: Option<u32>) -> String {
    match minutes {
        None => lock_never().into(),
        Some(60) => lock_after_hour().into(),
        Some(n) if n % 60 == 0 => lock_after_hours(n / 60),
        Some(n) => lock_after_minutes(n),
    }
}

/// How many clips there are.
pub(crate) fn clip_count(count: u32) -> String {
    if count == 1 { clips_one().into() } else { clips_many(grouped(count)) }
}

/// What became of an export.
pub(crate) fn exported(count: u32) -> String {
    if count == 1 { exported_one().into() } else { exported_many(grouped(count)) }
}

/// What became of an import.
pub(crate) fn imported(count: u32) -> String {
    if count == 1 { imported_one().into() } else { imported_many(grouped(count)) }
}

/// More questions than the one that is shown.
pub(crate) fn more_held(count: usize) -> String {
    if count == 1 { more_held_one().into() } else { more_held_many(count) }
}

/// How long a clip is still there.
pub(crate) fn gone_in(seconds: u64) -> String {
    if seconds < 120 { gone_in_seconds(seconds) } else { gone_in_minutes(seconds.div_ceil(60)) }
}

/// How long something lasts, seconds.
pub(crate) fn lasting(seconds: u32) -> String {
    match seconds {
        3_600 => for_hour().into(),
        60 => for_minute().into(),
        n if n % 60 == 0 => for_minutes(n / 60),
        n => for_seconds(n),
    }
}

/// A number as people write it: `5,000` or `5.000`.
pub(crate) fn grouped(count: u32) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push_str(thousands());
        }
        grouped.push(digit);
    }
    grouped
}

fn list(names: &[String]) -> String {
    match names {
        [one] => isolate(one),
        [first @ .., last] => {
            names_and(first.iter().map(|name| isolate(name)).collect::<Vec<_>>().join(", "), isolate(last))
        }
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_go_to_their_places_and_are_not_read_again() {
        let values = names(&["$2", "b"]);
        assert_eq!(fill("$2, $1 and $1…", &values), "b, $2 and $2…");
        assert_eq!(fill("nothing", &values), "nothing");
    }

    #[test]
    fn all_that_the_engine_says_is_translated() {
        language::force(Language::German);
        for code in Problem::codes().iter().chain(Alert::codes()) {
            assert!(translated(code).is_some(), "engine_{code} is not there in German");
        }
        language::force(Language::English);
    }

    #[test]
    fn an_alert_has_its_names_and_its_number_in_german() {
        let missing = |count| alert(&Alert::Missing { name: "Pixel".into(), count });
        language::force(Language::German);
        assert!(missing(1).starts_with("Ein Clip von „\u{2068}Pixel\u{2069}“ ist"));
        assert!(missing(3).contains(" Clips von „\u{2068}Pixel\u{2069}“ sind"));
        language::force(Language::English);
        assert!(missing(2).starts_with("2 clips from “\u{2068}Pixel\u{2069}” did not arrive"));
    }

    #[test]
    fn delivery_names_both_sides() {
        assert_eq!(delivery(&[], &[]), None);
        let said = |delivered: &[String], awaited: &[String]| {
            delivery(delivered, awaited).unwrap().replace(['\u{2068}', '\u{2069}'], "")
        };
        assert_eq!(said(&names(&["Phone", "Desk", "Server"]), &[]), "Delivered to Phone, Desk and Server");
        assert_eq!(said(&names(&["Phone"]), &names(&["Laptop"])), "Delivered to Phone · waiting for Laptop");
        assert_eq!(delivery(&names(&["Phone"]), &[]).unwrap(), "Delivered to \u{2068}Phone\u{2069}");
    }

    #[test]
    fn intervals_are_told_in_their_largest_unit() {
        let told = [30, 45, 60, 90, 360, 1_440, 2_880, 10_080].map(every).join(", ");
        assert_eq!(
            told,
            "every 30 minutes, every 45 minutes, every hour, every 90 minutes, every 6 hours, every day, every 2 days, \
             every week"
        );
    }

    #[test]
    fn the_countdown_keeps_two_digits() {
        assert_eq!(works_for(9, 5), "Works once, for another 9:05");
    }
}
