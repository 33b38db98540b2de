//! Which push services a relay calls. An endpoint is an address that a stranger makes the relay fetch, so anything is
//! refused that is not plainly one of the services that browsers use, or one that the relay's admin has named.

/// Longest endpoint. Those of the services below have at most about 300 bytes.
pub const ENDPOINT_BYTES: usize = 512;

/// Where today's browsers register: Chromium, Firefox, Safari, Edge. `*.` stands for any subdomain, but not for the
/// bare domain.
const KNOWN: [&str; 4] =
    ["fcm.googleapis.com", "updates.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"];

/// An endpoint that may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    origin_len: usize,
}

impl Endpoint {
    /// The whole address. It is a capability: keep it out of logs.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scheme and host, and the port if there is one: the audience of a token.
    pub fn origin(&self) -> &str {
        &self.url[..self.origin_len]
    }
}

/// The push services that may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    extra: Vec<String>,
}

impl Services {
    /// The known services, and those that an admin adds, separated by spaces or commas: `push.example.org`,
    /// `*.push.example.org`, or a whole origin, which may have a port. An origin without TLS has to be
    /// `http://127.0.0.1:PORT`. Anything else allows nothing.
    pub fn new(extra: &str) -> Self {
        let words = extra.split([' ', ',', '\t', '\n']).filter(|word| !word.is_empty());
        Self { extra: words.map(str::to_ascii_lowercase).collect() }
    }

    /// The endpoint, if it is the address of one of these services.
    pub fn allow(&self, url: &str) -> Option<Endpoint> {
        let (origin, rest) = split(url)?;
        let (scheme, authority) = origin.split_once("://")?;
        let is_host = scheme == "https" && !authority.contains(':');
        let named = |rule: &str| {
            if rule.contains("://") {
                rule == origin && (scheme == "https" || authority.starts_with("127.0.0.1:"))
            } else {
                is_host && covers(rule, authority)
            }
        };
        let allowed = KNOWN.iter().any(|rule| named(rule)) || self.extra.iter().any(|rule| named(rule));
        // Without a path, it addresses nobody.
        (allowed && rest.len() > 1).then(|| Endpoint { url: url.to_owned(), origin_len: origin.len() })
    }
}

/// Origin, and path with query. `None` for anything that is not plain: whatever another URL parser might read
/// differently is refused instead.
fn split(url: &str) -> Option<(&str, &str)> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| url.starts_with(scheme))?;
    let slash = scheme.len() + url.get(scheme.len()..)?.find('/')?;
    let (origin, rest) = url.split_at_checked(slash)?;
    let authority = origin.get(scheme.len()..)?;
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let good_host = host.split('.').all(|label| !label.is_empty()) && host.bytes().all(plain);
    let good_port = port.is_none_or(|port| port.parse().is_ok_and(|n: u16| n > 0 && n.to_string() == port));
    let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=-._~!$'()*+,;:@%".contains(&byte);
    (url.len() <= ENDPOINT_BYTES && good_host && good_port && rest.bytes().all(in_path)).then_some((origin, rest))
}

fn covers(rule: &str, host: &str) -> bool {
    match rule.strip_prefix('*') {
        // With its dot, and something before it.
        Some(suffix) => suffix.starts_with('.') && host.len() > suffix.len() && host.ends_with(suffix),
        None => rule == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(extra: &str, url: &str) -> bool {
        Services::new(extra).allow(url).is_some()
    }

    #[test]
    fn what_browsers_give_is_allowed() {
        for (url, origin) in [
            ("https://fcm.googleapis.com/fcm/send/dJ1:APA91b-_x", "https://fcm.googleapis.com"),
            ("https://updates.push.services.mozilla.com/wpush/v2/gAAA==", "https://updates.push.services.mozilla.com"),
            ("https://web.push.apple.com/QGx-_1", "https://web.push.apple.com"),
            ("https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%2bx%3d", "https://wns2-par02p.notify.windows.com"),
        ] {
            let endpoint = Services::default().allow(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((endpoint.url(), endpoint.origin()), (url, origin));
        }
    }

    #[test]
    fn what_might_lead_elsewhere_is_refused() {
        for url in [
            "",
            "https://",
            "https:///x",
            "https://fcm.googleapis.com",
            "https://fcm.googleapis.com/",
            "http://fcm.googleapis.com/x",
            "HTTPS://fcm.googleapis.com/x",
            "https://FCM.googleapis.com/x",
            "https:/fcm.googleapis.com/x",
            "https:\\\\fcm.googleapis.com/x",
            "https://fcm.googleapis.com\\@127.0.0.1/x",
            "https://fcm.googleapis.com@127.0.0.1/x",
            "https://127.0.0.1#@fcm.googleapis.com/x",
            "https://127.0.0.1?fcm.googleapis.com/x",
            "https://user@fcm.googleapis.com/x",
            "https://user:pw@fcm.googleapis.com/x",
            "https://fcm.googleapis.com:443/x",
            "https://fcm.googleapis.com:8443/x",
            "https://fcm.googleapis.com:/x",
            "https://fcm.googleapis.com./x",
            "https://.fcm.googleapis.com/x",
            "https://evil-fcm.googleapis.com/x",
            "https://fcm.googleapis.com.example.org/x",
            "https://push.apple.com/x",
            "https://.push.apple.com/x",
            "https://a..push.apple.com/x",
            "https://evilpush.apple.com/x",
            "https://push.apple.com.evil.example/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://localhost/x",
            "https://169.254.169.254/latest",
            "https://fcm.googleapis.com/x#y",
            "https://fcm.googleapis.com/x y",
            "https://fcm.googleapis.com/x\r\nHost: y",
            "https://fcm.googleapis.com/\u{e9}",
            "https://fcm\u{2024}googleapis.com/x",
            "https://fcm.googleapis.com\t/x",
            " https://fcm.googleapis.com/x",
            "https://fcm.googleapis.com/\"",
            "javascript:alert(1)//fcm.googleapis.com/x",
            "file:///etc/passwd",
        ] {
            assert!(!allows("", url), "{url}");
        }
        let long = format!("https://fcm.googleapis.com/{}", "x".repeat(ENDPOINT_BYTES));
        assert!(allows("", &long[..ENDPOINT_BYTES]) && !allows("", &long[..=ENDPOINT_BYTES]));
    }

    #[test]
    fn an_admin_adds_services() {
        let extra = "push.example.org, *.up.example.net https://own.example:8443\nhttp://127.0.0.1:4000";
        for url in [
            "https://push.example.org/x",
            "https://a.up.example.net/x",
            "https://own.example:8443/x",
            "http://127.0.0.1:4000/x",
            "https://fcm.googleapis.com/x",
        ] {
            assert!(allows(extra, url), "{url}");
        }
        for url in [
            "http://push.example.org/x",
            "https://push.example.org:8443/x",
            "https://x.push.example.org/x",
            "https://up.example.net/x",
            "https://own.example/x",
            "http://own.example:8443/x",
            "http://127.0.0.1:4001/x",
            "http://127.0.0.1:04000/x",
            "http://127.0.0.1/x",
            "https://127.0.0.1:4000/x",
            "http://localhost:4000/x",
        ] {
            assert!(!allows(extra, url), "{url}");
        }
    }

    #[test]
    fn words_that_mean_nothing_allow_nothing() {
        for extra in
            ["*", "*.", "**", ".", "http://", "://", "http://10.0.0.1:80", "http://0.0.0.0:80", "*com", "http:"]
        {
            for url in ["https://example.com/x", "http://10.0.0.1:80/x", "http://0.0.0.0:80/x", "https://a/x"] {
                assert!(!allows(extra, url), "{extra} allows {url}");
            }
        }
    }

    /// Pieces of addresses in every order of four: whatever is allowed is the known host and nothing else.
    #[test]
    fn no_combination_of_pieces_leads_elsewhere() {
        const PIECES: [&str; 17] = [
            "https:",
            "//",
            "http:",
            "fcm.googleapis.com",
            "/",
            "\\",
            "@",
            ":",
            "443",
            "?",
            "#",
            "x",
            ".",
            "%2f",
            " ",
            "127.0.0.1",
            "",
        ];
        let services = Services::default();
        let mut allowed = 0;
        for number in 0..PIECES.len().pow(4) {
            let piece = |place: u32| PIECES[number / PIECES.len().pow(place) % PIECES.len()];
            for start in ["", "https://", "https://fcm.googleapis.com"] {
                let url = format!("{start}{}{}{}{}", piece(0), piece(1), piece(2), piece(3));
                let Some(endpoint) = services.allow(&url) else { continue };
                assert_eq!(endpoint.origin(), "https://fcm.googleapis.com", "{url}");
                assert!(url.starts_with("https://fcm.googleapis.com/"), "{url}");
                allowed += 1;
            }
        }
        assert!(allowed > 1_000, "{allowed}");
    }
}
