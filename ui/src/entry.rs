//! What people type or paste, made sense of: clip previews, links, relay addresses, digits.
//! Plain functions on text; what is allowed is decided by the engine, not here.

use std::borrow::Cow;

const PREVIEW_CHARS: usize = 400;
const LINK_CHARS: usize = 2_048;
/// Longest code that is taken for one, bytes; what is longer is part of a link.
const CODE_BYTES: usize = 48;

/// The start of a clip, without blank lines before it; empty if there is nothing to see.
pub(crate) fn preview(text: &str) -> String {
    let shown = text.trim_start_matches(['\r', '\n']).trim_end();
    // Keep the first line's indentation, unless blank is all there is.
    if shown.trim().is_empty() {
        return String::new();
    }
    match shown.char_indices().nth(PREVIEW_CHARS) {
        Some((cut, _)) => format!("{}…", &shown[..cut]),
        None => shown.to_owned(),
    }
}

/// The text as a link, if it is a web address from end to end.
pub(crate) fn as_link(text: &str) -> Option<&str> {
    let text = text.trim();
    let rest = strip_scheme(text, "https://").or_else(|| strip_scheme(text, "http://"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    (plain && !host.is_empty() && text.len() <= LINK_CHARS).then_some(text)
}

/// A relay address as the engine wants it: with a scheme, without a path's slash.
pub(crate) fn tidy_relay(typed: &str) -> String {
    let typed = typed.trim().trim_end_matches('/');
    let full: Cow<str> = if typed.is_empty() || typed.contains("://") {
        typed.into()
    } else if typed.starts_with("localhost") || typed.starts_with("127.") || typed.starts_with("[::1]") {
        format!("http://{typed}").into()
    } else {
        format!("https://{typed}").into()
    };
    full.into_owned()
}

/// Whether what was typed is meant as a pairing code: a number and words, perhaps not all of them, and nothing of an
/// address.
pub(crate) fn is_code(typed: &str) -> bool {
    let typed = typed.trim();
    let words = typed.starts_with(|c: char| c.is_ascii_digit()) || !typed.contains('.');
    words && !typed.is_empty() && typed.len() <= CODE_BYTES && !typed.contains([':', '/', '#'])
}

/// Whether this is meant as a pairing link.
pub(crate) fn is_pairing_link(text: &str) -> bool {
    text.contains("/pair#")
}

/// Whether a pairing link leads to another relay than the only one that can be used here.
pub(crate) fn is_elsewhere(link: &str, own: Option<&str>) -> bool {
    let at_own = |own: &str| link.strip_prefix(own).is_some_and(|rest| rest.starts_with("/pair#"));
    own.is_some_and(|own| !at_own(own))
}

/// Six digits, however they were spaced.
pub(crate) fn digits(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// Six digits in two groups, to read out.
pub(crate) fn grouped(digits: &str) -> String {
    match digits.split_at_checked(3) {
        Some((first, second)) => format!("{first} {second}"),
        None => digits.to_owned(),
    }
}

/// Digits one by one, for a voice.
pub(crate) fn spelled(digits: &str) -> String {
    digits.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_short_and_whole_characters() {
        assert_eq!(preview("\n\n  let a = 1;\n"), "  let a = 1;");
        assert_eq!(preview(" \n\t "), "");
        let long = "ü".repeat(1_000);
        assert_eq!(preview(&long).chars().count(), PREVIEW_CHARS + 1);
    }

    #[test]
    fn only_whole_web_addresses_are_links() {
        assert_eq!(as_link(" https://example.org/a?b#c\n"), Some("https://example.org/a?b#c"));
        assert_eq!(as_link("HTTP://example.org"), Some("HTTP://example.org"));
        for other in ["see https://example.org", "https://a b", "https://", "https:///x", "javascript:alert(1)", ""] {
            assert_eq!(as_link(other), None, "{other}");
        }
    }

    #[test]
    fn relay_addresses_get_a_scheme() {
        assert_eq!(tidy_relay(" clips.example.org/ "), "https://clips.example.org");
        assert_eq!(tidy_relay("localhost:8787"), "http://localhost:8787");
        assert_eq!(tidy_relay("https://example.org"), "https://example.org");
        assert_eq!(tidy_relay(""), "");
    }

    #[test]
    fn codes_and_links_are_told_apart() {
        for code in ["4-purple-castle", " 12 Purple  castle", "4.purple.castle", "4-purple", "4", "purple castle"] {
            assert!(is_code(code), "{code}");
        }
        let piece = "AXn3kYp0Vt2q8mJc4LrZ7wE9sDfGhB1uXoKiMvNbQaWeRtYyUuIiOoPp";
        for other in ["127.0.0.1:8787/pair#abc", "https://example.org/pair#4-purple-castle", "example.org", piece, ""] {
            assert!(!is_code(other), "{other}");
        }
    }

    #[test]
    fn a_link_belongs_to_one_relay() {
        let own = Some("http://127.0.0.1:878");
        assert!(!is_elsewhere("http://127.0.0.1:878/pair#abc", own));
        assert!(is_elsewhere("http://127.0.0.1:8787/pair#abc", own), "the port only begins alike");
        assert!(!is_elsewhere("https://example.org/pair#abc", None), "an extension may use any");
    }

    #[test]
    fn digits_may_be_spaced() {
        assert_eq!(digits(" 482 913 ").as_deref(), Some("482913"));
        assert_eq!(digits("482-913").as_deref(), Some("482913"));
        for wrong in ["48291", "4829133", "48291a", "٤٨٢٩١٣"] {
            assert_eq!(digits(wrong), None, "{wrong}");
        }
        assert_eq!(grouped("482913"), "482 913");
        assert_eq!(spelled("482"), "4 8 2");
    }
}
