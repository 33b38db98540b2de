//! What one address may do, whoever it talks to. Which address asks, a relay is told by Cloudflare or by
//! the proxy before it; what asks without one is on this machine, and is not counted.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Relay, Shell, use_up};

/// The status that a WebSocket's handshake gets.
fn handshake(relay: &Relay, path: &str, address: &str) -> String {
    let header = match Shell::wanted() {
        Shell::Native => "X-Forwarded-For",
        Shell::Workerd => "CF-Connecting-IP",
    };
    let mut stream = TcpStream::connect(relay.authority()).expect("the relay listens");
    stream.set_read_timeout(Some(Duration::from_secs(8))).expect("sockets have timeouts");
    write!(
        stream,
        "GET /v1/{path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{header}: {address}\r\n\r\n",
        relay.authority()
    )
    .expect("the relay reads");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("the relay answers");
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Whether a WebSocket is refused for how many there were.
fn is_refused(relay: &Relay, path: &str, address: &str) -> bool {
    match handshake(relay, path, address).as_str() {
        "101" => false,
        "429" => true,
        status => panic!("{status}"),
    }
}

#[test]
fn who_tries_numbers_is_stopped_and_nobody_else() {
    let relay = Relay::start();
    use_up(limits::NAMEPLATES_PER_MINUTE, |number| is_refused(&relay, &format!("nameplate/{number}"), "203.0.113.7"));
    assert_eq!(handshake(&relay, "nameplate/4711", "203.0.113.8"), "101");
    // Its own account is another matter.
    let (account, _first) = Account::registered(&relay, 80);
    assert_eq!(handshake(&relay, &format!("mailbox/{}", account.mailbox()), "203.0.113.7"), "101");
}

#[test]
fn who_opens_socket_after_socket_is_stopped_and_nobody_else() {
    let relay = Relay::start();
    let (account, mut first) = Account::registered(&relay, 81);
    let path = format!("mailbox/{}", account.mailbox());
    // One customer has many addresses.
    use_up(limits::SOCKETS_PER_MINUTE, |number| is_refused(&relay, &path, &format!("2001:db8:1:2::{number:x}")));
    assert_eq!(handshake(&relay, &path, "2001:db8:1:3::1"), "101");
    account.sign_in(&relay, 0, None).0.close();
    first.send_text("ping");
    assert_eq!(first.recv_text(), "pong");
}

#[test]
fn who_hides_what_it_is_shares_an_allowance_with_all_who_do() {
    let relay = Relay::start();
    use_up(limits::NAMEPLATES_PER_MINUTE, |number| {
        is_refused(&relay, &format!("nameplate/{number}"), &format!("hidden-{number}"))
    });
    assert_eq!(handshake(&relay, "nameplate/4711", "203.0.113.8"), "101");
    if Shell::wanted() == Shell::Native {
        // What a stranger says of himself comes before the proxy's own word, in a line of its own too.
        use_up(limits::NAMEPLATES_PER_MINUTE - 1, |number| {
            let own = if number % 2 == 0 { "203.0.113.8" } else { "::ffff:203.0.113.8" };
            is_refused(&relay, "nameplate/4711", &format!("198.51.100.{number}\r\nX-Forwarded-For: {own}"))
        });
    }
}
