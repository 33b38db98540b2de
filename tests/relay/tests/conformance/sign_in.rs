//! From an open socket to a member, and what closes a socket.

use std::thread::sleep;
use std::time::{Duration, Instant};

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Anchor, Limits, ToDevice, ToRelay};
use hushclip_protocol::ids::{MailboxId, Signature};
use hushclip_protocol::limits;
use hushclip_relay_tests::{Account, Relay, Socket};

#[test]
fn an_account_is_registered_and_its_device_signs_in() {
    let relay = Relay::start();
    let account = Account::make(1);
    let mut socket = Socket::open(&relay, account.mailbox());
    assert_eq!(socket.challenge.versions, [hushclip_protocol::VERSION]);
    socket.send(&ToRelay::Hello(account.signed_hello(0, &socket.host, &socket.challenge, None)));
    assert_eq!(socket.recv_error(), ErrorCode::UnknownAccount);
    socket.send(&ToRelay::Register { entry: account.genesis.clone(), token: String::new() });
    assert!(matches!(socket.recv(), ToDevice::Registered { .. }));
    // An answer that was lost is asked for again.
    socket.send(&ToRelay::Register { entry: account.genesis.clone(), token: String::new() });
    assert!(matches!(socket.recv(), ToDevice::Registered { .. }));
    let welcome = account.hello(&mut socket, 0, None);
    assert_eq!((welcome.max_cursor, welcome.log_seq, welcome.log_head), (0, 0, account.log.head()));
    assert_eq!(welcome.limits, Limits::CURRENT);
    assert_eq!(welcome.online, [account.devices[0].device_id()]);
}

#[test]
fn an_account_is_registered_at_its_own_mailbox_only() {
    let relay = Relay::start();
    let mut socket = Socket::open(&relay, Account::make(2).mailbox());
    socket.send(&ToRelay::Register { entry: Account::make(3).genesis, token: String::new() });
    assert_eq!(socket.recv_error(), ErrorCode::BadEntry);
}

#[test]
fn only_a_fresh_signature_by_a_member_for_this_relay_signs_in() {
    let relay = Relay::start();
    let (account, _first) = Account::registered(&relay, 4);
    let refused = |answer: &dyn Fn(&Socket) -> ToRelay| {
        let mut socket = Socket::open(&relay, account.mailbox());
        socket.send(&answer(&socket));
        assert_eq!(socket.recv_close(), Some(CloseCode::NotAMember));
    };
    refused(&|socket| {
        let mut hello = account.signed_hello(0, &socket.host, &socket.challenge, None);
        hello.signature = Signature::from_bytes([7; 64]);
        ToRelay::Hello(hello)
    });
    refused(&|socket| ToRelay::Hello(account.signed_hello(0, "other.example", &socket.challenge, None)));
    refused(&|socket| {
        let mut hello = account.signed_hello(0, &socket.host, &socket.challenge, None);
        hello.anchors.push(Anchor { cursor: 9, mark: 9 });
        ToRelay::Hello(hello)
    });
    let other = Socket::open(&relay, account.mailbox());
    refused(&|socket| ToRelay::Hello(account.signed_hello(0, &socket.host, &other.challenge, None)));
    refused(&|socket| ToRelay::Hello(Account::make(5).signed_hello(0, &socket.host, &socket.challenge, None)));
}

#[test]
fn versions_are_negotiated() {
    let relay = Relay::start();
    let (account, _first) = Account::registered(&relay, 6);
    let mut socket = Socket::open(&relay, account.mailbox());
    let mut hello = account.signed_hello(0, &socket.host, &socket.challenge, None);
    hello.versions = vec![2, 3];
    socket.send(&ToRelay::Hello(hello));
    assert_eq!(socket.recv_close(), Some(CloseCode::Version));
}

#[test]
fn what_is_no_frame_closes_the_socket() {
    let relay = Relay::start();
    let mailbox = MailboxId::from_bytes([9; 16]);
    let huge = vec![0x83; limits::FRAME_BYTES + 1];
    for bytes in [vec![], vec![0xff], vec![0x82, 0x18, 4, 0], vec![0x9f, 4, 0, 0, 0xff], huge] {
        let mut socket = Socket::open(&relay, mailbox);
        socket.send_bytes(bytes);
        assert_eq!(socket.recv_close(), Some(CloseCode::BadFrame));
    }
    for text in ["", "hello", "Ping", "ping "] {
        let mut socket = Socket::open(&relay, mailbox);
        socket.send_text(text);
        assert_eq!(socket.recv_close(), Some(CloseCode::BadFrame));
    }
}

#[test]
fn a_ping_is_answered() {
    let relay = Relay::start();
    let (_account, mut socket) = Account::registered(&relay, 7);
    for _ in 0..3 {
        socket.send_text("ping");
        assert_eq!(socket.recv_text(), "pong");
    }
}

#[test]
fn a_socket_on_which_nobody_signs_in_is_closed() {
    let relay = Relay::start();
    let (_account, mut member) = Account::registered(&relay, 8);
    let mut socket = Socket::open(&relay, MailboxId::from_bytes([8; 16]));
    let limit = Duration::from_millis(limits::SIGN_IN_MS) + Duration::from_secs(3);
    assert_eq!(socket.recv_close_within(limit), Some(CloseCode::SignInTimeout));
    member.send_text("ping");
    assert_eq!(member.recv_text(), "pong");
}

#[test]
fn sockets_and_frames_are_limited() {
    let relay = Relay::start();
    let (account, mut member) = Account::registered(&relay, 9);
    let mut open = vec![Socket::open(&relay, account.mailbox())];
    // The relay's clock has milliseconds.
    sleep(Duration::from_millis(5));
    open.extend((2..limits::SOCKETS).map(|_| Socket::open(&relay, account.mailbox())));
    // Who has waited longest makes place.
    let late = Socket::open(&relay, account.mailbox());
    assert_eq!(open.remove(0).recv_close(), Some(CloseCode::TooManySockets));
    open.pop().expect("there are more than one").close();
    late.close();
    for _ in 0..=limits::FRAMES_PER_MINUTE + 10 {
        member.send(&ToRelay::Pull { after: 0, limit: 1 });
    }
    assert_eq!(member.recv_error(), ErrorCode::RateLimited);
}

#[test]
fn who_has_not_signed_in_is_told_to_and_the_line_ends_at_once() {
    let relay = Relay::start();
    let (account, _first) = Account::registered(&relay, 9);
    let mut socket = Socket::open(&relay, account.mailbox());
    socket.send(&ToRelay::Pull { after: 0, limit: 1 });
    assert_eq!(socket.recv_close(), Some(CloseCode::SignInFirst));
    let closed = Instant::now();
    assert!(socket.recv_end());
    assert!(closed.elapsed() < Duration::from_secs(1), "{} ms", closed.elapsed().as_millis());
}
