//! Sockets on which nobody signs in, and sockets that send too much.

use hushclip_mailbox::{Event, Mailbox, MemoryStore, Peer, Rates, Reply};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{ConnId, MailboxId, Nonce};
use hushclip_protocol::limits;

const START: u64 = 1_000_000;

fn mailbox() -> Mailbox<MemoryStore> {
    Mailbox::restore(MailboxId::from_bytes([1; 16]), MemoryStore::default(), [], None).unwrap()
}

fn conn(n: u8) -> ConnId {
    ConnId::from_bytes([n; 16])
}

fn open(mailbox: &mut Mailbox<MemoryStore>, n: u8, now: u64) -> Vec<Reply> {
    mailbox.handle(Event::Opened { conn: conn(n), nonce: Nonce::from_bytes([n; 32]), host: "relay".into() }, now)
}

fn closed(replies: &[Reply]) -> Vec<(ConnId, CloseCode)> {
    replies
        .iter()
        .filter_map(|r| if let Reply::Close { conn, code } = r { Some((*conn, *code)) } else { None })
        .collect()
}

#[test]
fn a_socket_on_which_nobody_signs_in_is_closed_at_its_deadline() {
    let mut mailbox = mailbox();
    assert_eq!(mailbox.sign_in_deadline(), None);
    open(&mut mailbox, 1, START);
    open(&mut mailbox, 2, START + 5);
    let deadline = START + limits::SIGN_IN_MS;
    assert_eq!(mailbox.sign_in_deadline(), Some(deadline));
    assert_eq!(closed(&mailbox.handle(Event::Tick, deadline - 1)), []);
    assert_eq!(closed(&mailbox.handle(Event::Tick, deadline)), [(conn(1), CloseCode::SignInTimeout)]);
    assert_eq!(mailbox.sign_in_deadline(), Some(deadline + 5));
}

#[test]
fn idle_sockets_do_not_keep_others_out() {
    let mut mailbox = mailbox();
    for n in 0..limits::SOCKETS as u8 {
        assert_eq!(closed(&open(&mut mailbox, n, START)), []);
    }
    // Who has waited longest goes; no socket is refused for what others hold.
    assert_eq!(closed(&open(&mut mailbox, 200, START + 1)), [(conn(0), CloseCode::TooManySockets)]);
    assert_eq!(closed(&open(&mut mailbox, 202, START + 1)), [(conn(1), CloseCode::TooManySockets)]);
    let replies = open(&mut mailbox, 201, START + limits::SIGN_IN_MS);
    assert_eq!(closed(&replies).len(), limits::SOCKETS - 2);
    assert!(replies.iter().any(|r| matches!(r, Reply::Send { conn: to, .. } if *to == conn(201))));
}

#[test]
fn frames_beyond_the_limit_are_refused_and_then_the_socket_is_closed() {
    let mut mailbox = mailbox();
    open(&mut mailbox, 1, START);
    let hello = ToRelay::Claim {
        versions: vec![hushclip_protocol::VERSION],
        invite: hushclip_protocol::ids::InviteId::from_bytes([0; 16]),
        claim: hushclip_protocol::ids::Claim::from_bytes([0; 32]),
        token: hushclip_protocol::ids::JoinToken::from_bytes([0; 16]),
    };
    let bytes = hello.encode();
    let limit = limits::FRAMES_PER_MINUTE;
    for _ in 0..2 * limit {
        assert_eq!(closed(&mailbox.handle(Event::Frame { conn: conn(1), bytes: bytes.clone() }, START)), []);
    }
    let replies = mailbox.handle(Event::Frame { conn: conn(1), bytes }, START);
    assert_eq!(closed(&replies), [(conn(1), CloseCode::RateLimited)]);
}

#[test]
fn what_was_refused_is_refused_after_connecting_again() {
    let (rates, stranger) = (Rates::default(), Peer::named(Some("192.0.2.1")));
    let frame = ToRelay::LogPull { from: 0 }.encode();
    let mut taken = 0;
    // Nobody else is there, so each time the mailbox is another one.
    for _ in 0..3 * limits::STRANGERS_FRAMES_PER_MINUTE {
        let mut mailbox = mailbox();
        mailbox.set_rates(rates.clone());
        open(&mut mailbox, 1, START);
        mailbox.set_peer(&conn(1), stranger);
        let replies = mailbox.handle(Event::Frame { conn: conn(1), bytes: frame.clone() }, START);
        taken += closed(&replies).iter().filter(|(_, code)| *code == CloseCode::SignInFirst).count();
    }
    assert_eq!(taken, limits::STRANGERS_FRAMES_PER_MINUTE as usize);
}
