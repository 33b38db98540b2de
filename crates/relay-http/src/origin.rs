//! Which web pages may open WebSockets here. Programs send no `Origin` and are not asked for one.
//!
//! Access to the sockets alone lets no page act for somebody: nothing that a browser sends along by itself signs
//! anybody in. What a hostile page could do is lend its visitors' addresses to somebody who is trying numbers of
//! typed codes, and probe relays in its visitors' homes. The policy of the relay's own web app does not let it talk
//! to any other relay, so nobody misses what is refused here.

use crate::authority;

/// Of pages in extensions; the browser sets these, and no web page can.
const EXTENSIONS: [&str; 3] = ["chrome-extension", "moz-extension", "safari-web-extension"];

/// Whether a page of this `Origin` may use the sockets of the relay that was dialled as `host`. `others` are further
/// origins that whoever runs the relay lets in, separated by spaces or commas; `*` means all.
pub fn origin_allowed(origin: Option<&str>, host: &str, others: &str) -> bool {
    let Some(origin) = origin else { return true };
    let own = match origin.split_once("://") {
        Some((scheme, _)) if EXTENSIONS.contains(&scheme) => true,
        // Behind a proxy, nobody here knows the scheme with which the relay was dialled.
        Some(("http" | "https", from)) => authority(from).is_some_and(|from| authority(host) == Some(from)),
        _ => false,
    };
    let mut others = others.split([' ', ',']).filter(|other| !other.is_empty());
    own || others.any(|other| other == "*" || other.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

/// Whether this can be the origin of a web page, as given to `origin_allowed`: `https://host[:port]`.
pub fn is_origin(text: &str) -> bool {
    match text.trim_end_matches('/').split_once("://") {
        Some(("http" | "https", host)) => authority(host).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "relay.example";

    #[test]
    fn programs_extensions_and_its_own_pages_may() {
        for origin in [
            None,
            Some("https://relay.example"),
            Some("https://Relay.Example:443"),
            Some("http://relay.example"),
            Some("chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
            Some("moz-extension://5d2bd9a4-46f1-4c5c-9a3c-3f1d2f7f6a01"),
        ] {
            assert!(origin_allowed(origin, HOST, ""), "{origin:?}");
        }
        assert!(origin_allowed(Some("http://127.0.0.1:8787"), "127.0.0.1:8787", ""));
    }

    #[test]
    fn pages_from_elsewhere_may_not() {
        for origin in [
            "",
            "null",
            "https://example",
            "https://relay.example.evil",
            "https://relay.example:8443",
            "https://relay.example@evil",
            "https://relay.example, https://evil",
            "relay.example",
            "file://",
            "ftp://relay.example",
            "https://evil/chrome-extension://",
            "https://",
        ] {
            assert!(!origin_allowed(Some(origin), HOST, ""), "{origin:?}");
        }
        assert!(!origin_allowed(Some("https://"), "", ""));
    }

    #[test]
    fn an_origin_is_told_from_what_is_none() {
        for well in ["https://a.example", "http://a.example:8080", "https://a.example/"] {
            assert!(is_origin(well), "{well}");
        }
        for wrong in ["", "foo", "a.example", "https://", "https://a.example/app", "ftp://a.example", "https://a b"] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn whoever_runs_the_relay_may_let_others_in() {
        let others = "https://a.example, https://b.example/ http://c.example:8080";
        for origin in ["https://a.example", "https://B.example", "http://c.example:8080"] {
            assert!(origin_allowed(Some(origin), HOST, others), "{origin}");
        }
        for origin in ["https://c.example:8080", "https://a.example.evil", "null", ""] {
            assert!(!origin_allowed(Some(origin), HOST, others), "{origin}");
        }
        assert!(origin_allowed(Some("null"), HOST, "*"));
    }
}
