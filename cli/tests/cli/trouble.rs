//! What stands between a device and its relay, said so that somebody can mend it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::relay::Relay;
use crate::support::{Device, one_device};

/// Answers each request with this; gives the address.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn what_answers_in_place_of_the_relay_is_told_apart() {
    for (answer, words) in [
        (
            "HTTP/1.1 301 Moved Permanently\r\nLocation: https://relay.example/v1/mailbox/00\r\nContent-Length: 0\r\n\r\n",
            "try https://relay.example",
        ),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "not a relay (HTTP 404)"),
        ("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n", "does not pass WebSockets on (HTTP 426)"),
        ("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", "within a minute (HTTP 429): wait"),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "is it running?"),
        ("HTTP/1.0 101 Switching Protocols\r\n\r\n", "HTTP/1.0"),
    ] {
        let device = Device::new();
        let outcome = device.run(&["init", "--relay", &server(answer)]);
        outcome.fails("relay_unreachable");
        assert!(outcome.err.contains(words), "{words}: {}", outcome.err);
        assert!(outcome.err.contains("Nothing was created"), "{}", outcome.err);
        assert!(!device.home().exists());
    }
}

#[test]
fn a_proxy_that_passes_another_name_on_is_said_and_does_not_block_the_second_try() {
    let (relay, device) = (Relay::start(), Device::new());
    relay.be_called(Some("127.0.0.1:9"));
    let outcome = device.run(&["init", "--relay", &relay.url()]);
    outcome.fails("sign_in_refused");
    assert!(outcome.err.contains("proxy") && outcome.err.contains("hushclip init"), "{}", outcome.err);
    device.run(&["push", "text"]).fails("no_account");
    relay.be_called(None);
    assert!(device.run(&["init", "--relay", &relay.url()]).ok().contains("Account started"));
    device.run(&["push", "text"]).ok();
}

#[test]
fn a_relay_that_is_not_open_to_all_asks_for_its_token() {
    let (relay, device) = (Relay::start(), Device::new());
    relay.want_token("let-my-friends-in");
    let outcome = device.run(&["init", "--relay", &relay.url()]);
    outcome.fails("token_wanted");
    assert!(outcome.err.contains("Ask whoever runs it"), "{}", outcome.err);
    assert!(device.run(&["status"]).ok().contains("none yet"));
    device.run(&["init", "--relay", &relay.url(), "--token", "let-my-friends-on"]).fails("token_wanted");
    device.run(&["init", "--relay", &relay.url(), "--token", "let-my-friends-in"]).ok();
    device.run(&["push", "text"]).ok();
}

#[test]
fn the_last_device_that_leaves_takes_what_the_relay_keeps() {
    let (mut relay, device) = one_device();
    device.run(&["push", "text"]).ok();
    assert!(!relay.dump().is_empty());
    let said = device.run(&["leave", "--yes"]).ok();
    assert_eq!(said, "This device has forgotten the account.\n");
    assert!(relay.dump().is_empty());
    // Where the relay is not there, leaving goes on all the same, and says so.
    device.run(&["init", "--relay", &relay.url()]).ok();
    relay.go_away();
    let said = device.run(&["leave", "--yes"]).ok();
    assert!(said.contains("could not be told"), "{said}");
    device.run(&["push", "text"]).fails("no_account");
}
