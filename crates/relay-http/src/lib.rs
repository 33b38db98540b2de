//! What both relays answer over plain HTTP, decided once: routes, media types, headers, refusals, health, metrics. It
//! does no I/O: a shell passes in what the request says and sends what comes out.
//!
//! Reading order: [`route`], then `headers`, `origin`, `status`, `metrics`.

mod headers;
mod metrics;
mod origin;
mod status;

use hushclip_protocol::ids::MailboxId;
use hushclip_protocol::{VERSION, limits};

use crate::headers::{APP_POLICY, NO_POLICY, SECURITY};

pub use metrics::{Kind, Metric, is_allowed as metrics_allowed, metrics};
pub use origin::{is_origin, origin_allowed};
pub use status::{Status, Storage, date, status};

const MAILBOX: &str = "/v1/mailbox/";
const NAMEPLATE: &str = "/v1/nameplate/";
const PAGE: &str = "/index.html";
/// The page that pairing links lead to; their secrets are in the fragment.
const PAIR: &str = "/pair";
/// Where an installed app is sent what is shared with it. Its service worker answers there itself.
const SHARE: &str = "/share";
/// The page says that nothing arrived.
const AFTER_SHARE: &str = "/?do=reshare";
/// Longer than any path in the web app.
const PATH_BYTES: usize = 128;
const JSON: &str = "application/json";

/// Headers, in the order in which they are sent.
pub type Headers = Vec<(&'static str, String)>;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route<'p> {
    /// Whether the relay is up.
    Health,
    /// The same, for people.
    Status,
    /// Metrics for whoever runs the relay.
    Metrics,
    /// A WebSocket to an account.
    Mailbox(MailboxId),
    /// A WebSocket to the account that a typed code's number leads to. `None` if it is not a valid number.
    Nameplate(Option<u32>),
    /// Something is shared with an app whose service worker is gone. Its body is nobody's business here.
    Share,
    /// A file of the web app.
    File(File<'p>),
    /// Something that is not answered here.
    Refused(Fault),
}

/// A file of the web app, if there is one by that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File<'p> {
    /// Where it is, from `/`.
    pub path: &'p str,
    media: &'static str,
    cache: &'static str,
}

/// An answer that is composed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers except the length.
    pub headers: Headers,
    /// The body, which is omitted for HEAD.
    pub body: String,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is at this address.
    NotFound,
    /// The address is for WebSockets only.
    Upgrade,
    /// Only GET and HEAD are known.
    Method,
    /// This relay has no web app to serve.
    NoWebApp,
    /// The request names no host, or something that cannot be one.
    Host,
    /// A web page from elsewhere; see [`origin_allowed`].
    Origin,
    /// This address asked too often; see [`hushclip_mailbox::Gate`].
    TooOften,
    /// Not the client's fault.
    Internal,
}

/// What is asked for. `upgrade` says that the request wants a WebSocket.
pub fn route<'p>(method: &str, path: &'p str, upgrade: bool) -> Route<'p> {
    let upgrade = upgrade && method == "GET";
    if let Some(hex) = path.strip_prefix(MAILBOX) {
        return match MailboxId::from_hex(hex) {
            None => Route::Refused(Fault::NotFound),
            Some(_) if !upgrade => Route::Refused(Fault::Upgrade),
            Some(id) => Route::Mailbox(id),
        };
    }
    if let Some(number) = path.strip_prefix(NAMEPLATE) {
        return if upgrade { Route::Nameplate(nameplate(number)) } else { Route::Refused(Fault::Upgrade) };
    }
    if path == SHARE && matches!(method, "GET" | "HEAD" | "POST") {
        return Route::Share;
    }
    if !matches!(method, "GET" | "HEAD") {
        return Route::Refused(Fault::Method);
    }
    match path {
        "/health" => Route::Health,
        "/status" => Route::Status,
        "/metrics" => Route::Metrics,
        "/" | PAIR => Route::File(File { path: PAGE, media: HTML, cache: if path == PAIR { NEVER } else { ASK } }),
        _ => match media_type(path) {
            Some(media) => Route::File(File { path, media, cache: ASK }),
            None => Route::Refused(Fault::NotFound),
        },
    }
}

/// Whether a request with this `Upgrade` header wants a WebSocket.
pub fn is_upgrade(header: Option<&str>) -> bool {
    header.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// The authority that a device signs in at: what it dialled, in lower case, without the scheme's own port. `None` if
/// it cannot be one.
pub fn authority(host: &str) -> Option<String> {
    let host = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host);
    let whole = !host.is_empty() && host.len() <= 255 && host.bytes().all(is_host);
    whole.then(|| host.to_ascii_lowercase())
}

/// Says whether the relay is working, and what it speaks. Extensions ask from other origins.
pub fn health(storage: Storage) -> Answer {
    let (code, status) = match storage {
        Storage::Works | Storage::Scarce => (200, "ok"),
        Storage::Full => (503, "storage_full"),
        Storage::Broken => (503, "storage_broken"),
    };
    let version = env!("CARGO_PKG_VERSION");
    let mut answer = json(code, format!(r#"{{"status":"{status}","protocol":[{VERSION}],"version":"{version}"}}"#));
    answer.headers.retain(|(name, _)| *name != "Cross-Origin-Resource-Policy");
    answer.headers.push(("Cross-Origin-Resource-Policy", "cross-origin".into()));
    answer.headers.push(("Access-Control-Allow-Origin", "*".into()));
    answer
}

/// Sends whoever wanted to share something with the app on to the app. The request's body is not read.
pub fn share() -> Answer {
    let mut answer = made_up(303, "text/plain; charset=utf-8", NO_POLICY, String::new());
    answer.headers.push(("Location", AFTER_SHARE.into()));
    answer
}

/// The answer that refuses a request: `{"code", "message"}` with stable codes.
pub fn fault(fault: Fault) -> Answer {
    let (status, code, message) = match fault {
        Fault::NotFound => (404, "not_found", "there is nothing here"),
        Fault::NoWebApp => (404, "no_web_app", "this relay has no web app; extensions and terminals can use it"),
        Fault::Upgrade => {
            (426, "upgrade_required", "this address is for WebSockets, which need HTTP/1.1 and its Upgrade")
        }
        Fault::Method => (405, "method_not_allowed", "only GET and HEAD are answered here"),
        Fault::Host => (400, "bad_request", "the request says no host"),
        Fault::Origin => (403, "origin_not_allowed", "web pages of this origin may not use this relay"),
        Fault::TooOften => (429, "too_many_requests", "too many requests from this address; try again in a minute"),
        Fault::Internal => (500, "internal", "the relay had a fault; try again"),
    };
    let mut answer = json(status, format!(r#"{{"code":"{code}","message":"{message}"}}"#));
    match fault {
        Fault::Upgrade => answer.headers.push(("Upgrade", "websocket".into())),
        Fault::Method => answer.headers.push(("Allow", "GET, HEAD".into())),
        Fault::TooOften => answer.headers.push(("Retry-After", "60".into())),
        Fault::NotFound | Fault::NoWebApp | Fault::Host | Fault::Origin | Fault::Internal => {}
    }
    answer
}

/// The headers that a file of the web app comes with, except for its ETag.
pub fn file_headers(file: &File<'_>) -> Headers {
    let mut headers = vec![
        ("Content-Type", file.media.into()),
        ("Cache-Control", file.cache.into()),
        ("Content-Security-Policy", APP_POLICY.into()),
    ];
    headers.extend(security());
    headers
}

/// An answer with a JSON body, never cached.
fn json(status: u16, body: String) -> Answer {
    made_up(status, JSON, NO_POLICY, body)
}

fn made_up(status: u16, media: &str, policy: &str, body: String) -> Answer {
    let mut headers = vec![
        ("Content-Type", media.into()),
        ("Cache-Control", NEVER.into()),
        ("Content-Security-Policy", policy.into()),
    ];
    headers.extend(security());
    Answer { status, headers, body }
}

/// Headers that every answer carries.
fn security() -> impl Iterator<Item = (&'static str, String)> {
    SECURITY.into_iter().map(|(name, value)| (name, value.to_owned()))
}

const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']')
}

/// The number of a nameplate, which can be written in only one way.
fn nameplate(number: &str) -> Option<u32> {
    let plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|number| plain && (1..=limits::NAMEPLATE).contains(number))
}

const HTML: &str = "text/html; charset=utf-8";
const NEVER: &str = "no-store";
/// Scripts and wasm of different builds do not fit together, so nothing is used without asking first.
const ASK: &str = "no-cache";

/// The media type of a path in the web app; `None` if it cannot be one of its files.
fn media_type(path: &str) -> Option<&'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_');
    if path.len() > PATH_BYTES || !path.bytes().all(plain) || path.contains("/.") || path.contains("//") {
        return None;
    }
    let (_, name) = path.rsplit_once('/')?;
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => HTML,
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => JSON,
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn mailboxes_and_nameplates_are_for_websockets_and_strictly_named() {
        let id = MailboxId::from_hex(ID).unwrap();
        let path = format!("/v1/mailbox/{ID}");
        assert_eq!(route("GET", &path, true), Route::Mailbox(id));
        assert_eq!(route("POST", &path, true), Route::Refused(Fault::Upgrade));
        assert_eq!(route("GET", &path, false), Route::Refused(Fault::Upgrade));
        for wrong in [format!("{path}/"), path.to_uppercase(), format!("/v1/mailbox/{}", &ID[1..])] {
            assert_eq!(route("GET", &wrong, true), Route::Refused(Fault::NotFound), "{wrong}");
        }
        assert_eq!(route("GET", "/v1/nameplate/17", true), Route::Nameplate(Some(17)));
        assert_eq!(route("GET", "/v1/nameplate/17", false), Route::Refused(Fault::Upgrade));
        for wrong in ["0", "017", "+17", "10000", "99999999999", "", "17/"] {
            assert_eq!(route("GET", &format!("/v1/nameplate/{wrong}"), true), Route::Nameplate(None), "{wrong}");
        }
    }

    #[test]
    fn only_what_can_be_a_file_is_looked_for() {
        let Route::File(pair) = route("HEAD", "/pair", false) else { panic!("no page") };
        assert_eq!((pair.path, pair.media, pair.cache), (PAGE, HTML, "no-store"));
        let Route::File(file) = route("GET", "/icons/a-1_b.png", true) else { panic!("no file") };
        assert_eq!((file.path, file.media, file.cache), ("/icons/a-1_b.png", "image/png", "no-cache"));
        for wrong in ["/../a.js", "/.a.js", "//a.js", "/a", "/a.exe", "/a%2e.js", "/a.js/", "a.js?", ""] {
            assert_eq!(route("GET", wrong, false), Route::Refused(Fault::NotFound), "{wrong}");
        }
        assert_eq!(route("PUT", "/health", false), Route::Refused(Fault::Method));
        assert_eq!(route("POST", "/", false), Route::Refused(Fault::Method));
        assert_eq!(fault(Fault::Method).headers.last().unwrap(), &("Allow", "GET, HEAD".to_owned()));
    }

    #[test]
    fn what_is_shared_is_led_to_the_app_and_not_read() {
        assert_eq!(route("POST", "/share", false), Route::Share);
        assert_eq!(route("GET", "/share", true), Route::Share);
        assert_eq!(route("PUT", "/share", false), Route::Refused(Fault::Method));
        let answer = share();
        assert_eq!((answer.status, answer.body.as_str()), (303, ""));
        assert!(answer.headers.contains(&("Location", "/?do=reshare".to_owned())));
        assert!(answer.headers.contains(&("Cache-Control", "no-store".to_owned())));
    }

    #[test]
    fn the_authority_is_what_devices_sign() {
        for (host, wanted) in [
            ("Relay.Example", "relay.example"),
            ("relay.example:443", "relay.example"),
            ("relay.example:8443", "relay.example:8443"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:8787", "[::1]:8787"),
        ] {
            assert_eq!(authority(host).as_deref(), Some(wanted));
        }
        for wrong in ["", "a b", "a;b", "a/b", "é", &"a".repeat(256)] {
            assert_eq!(authority(wrong), None);
        }
    }
}
