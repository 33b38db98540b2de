//! Who may open a WebSocket: programs, extensions and the relay's own pages; pages from elsewhere are refused.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hushclip_relay_tests::Relay;

const MAILBOX: &str = "mailbox/00112233445566778899aabbccddeeff";
const NAMEPLATE: &str = "nameplate/4";
const REFUSED: &str = r#"{"code":"origin_not_allowed","message":""#;

/// Asks for a WebSocket as a page of `origin` does; the start of the answer.
fn upgrade(relay: &Relay, path: &str, origin: Option<&str>) -> String {
    let mut stream = TcpStream::connect(relay.authority()).expect("the relay listens");
    stream.set_read_timeout(Some(Duration::from_secs(8))).expect("sockets have timeouts");
    let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
    write!(
        stream,
        "GET /v1/{path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{origin}\r\n",
        relay.authority()
    )
    .expect("the relay reads");
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !answer.starts_with(b"HTTP/1.1 101") && !String::from_utf8_lossy(&answer).contains(REFUSED) {
        match stream.read(&mut part).expect("the relay answers") {
            0 => break,
            length => answer.extend_from_slice(&part[..length]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn programs_extensions_and_own_pages_get_a_socket() {
    let relay = Relay::start();
    let (own, own_tls) = (format!("http://{}", relay.authority()), format!("https://{}", relay.authority()));
    let extensions = ["chrome-extension://abcdefghijklmnopabcdefghijklmnop", "moz-extension://5d2bd9a4-46f1-4c5c"];
    for path in [MAILBOX, NAMEPLATE] {
        for origin in [None, Some(own.as_str()), Some(&own_tls), Some(extensions[0]), Some(extensions[1])] {
            let answer = upgrade(&relay, path, origin);
            assert!(answer.starts_with("HTTP/1.1 101 "), "{origin:?}: {answer}");
        }
    }
}

#[test]
fn pages_from_elsewhere_are_refused_in_words() {
    let relay = Relay::start();
    let near = format!("http://{}.evil.example", relay.authority());
    for path in [MAILBOX, NAMEPLATE] {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1", near.as_str()] {
            let answer = upgrade(&relay, path, Some(origin));
            assert!(answer.starts_with("HTTP/1.1 403 "), "{origin:?}: {answer}");
            assert!(answer.contains(REFUSED), "{origin:?}: {answer}");
            assert!(!answer.to_lowercase().contains("access-control-allow-origin"), "{answer}");
        }
    }
}
