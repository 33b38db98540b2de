//! Sockets on which nobody signs in, and sockets that send too much.

use hushclip_mailbox::{Event, InviteRow, Mailbox, MemoryStore, Peer, Rates, Reply, Session, Store as _};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{ConnId, DeviceId, Hash, InviteId, JoinToken, MailboxId, Nonce};
use hushclip_protocol::{VERSION, limits};

const START: u64 = 1_000_000;

fn mailbox() -> Mailbox<MemoryStore> {
    Mailbox::restore(MailboxId::from_bytes([1; 16]), MemoryStore::default(), [], None).unwrap()
}

fn conn(n: u8) -> ConnId {
    ConnId::from_bytes([n; 16])
}

fn open(mailbox: &mut Mailbox<MemoryStore>, n: u8, now: u64) -> Vec<Reply> {
    open_from(mailbox, n, Peer::Local, now)
}

fn open_from(mailbox: &mut Mailbox<MemoryStore>, n: u8, peer: Peer, now: u64) -> Vec<Reply> {
    let nonce = Nonce::from_bytes([n; 32]);
    mailbox.handle(Event::Opened { conn: conn(n), nonce, host: "relay".into(), peer }, now)
}

/// The same mailbox after a hibernation, with what was attached to its sockets.
fn hibernated(mailbox: &Mailbox<MemoryStore>, replies: &[Reply]) -> Mailbox<MemoryStore> {
    let sessions = replies.iter().filter_map(|reply| match reply {
        Reply::Attach { session, .. } => Some(session.as_slice()),
        _ => None,
    });
    Mailbox::restore(MailboxId::from_bytes([1; 16]), mailbox.store().clone(), sessions, None).unwrap()
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
        open_from(&mut mailbox, 1, stranger, START);
        let replies = mailbox.handle(Event::Frame { conn: conn(1), bytes: frame.clone() }, START);
        taken += closed(&replies).iter().filter(|(_, code)| *code == CloseCode::SignInFirst).count();
    }
    assert_eq!(taken, limits::STRANGERS_FRAMES_PER_MINUTE as usize);
}

/// Claims by number, each on a socket of its own, until one is refused.
fn claims_from(mailbox: &mut Mailbox<MemoryStore>, peer: Peer, token: u8, most: u8) -> usize {
    let claim = ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 4, token: JoinToken::from_bytes([token; 16]) };
    let refused = |n| {
        open_from(mailbox, n, peer, START);
        let replies = mailbox.handle(Event::Frame { conn: conn(n), bytes: claim.encode() }, START);
        mailbox.handle(Event::Closed { conn: conn(n) }, START);
        closed(&replies) == [(conn(n), CloseCode::RateLimited)]
    };
    (0..most).map(refused).take_while(|refused| !refused).count()
}

#[test]
fn numbers_are_not_tried_one_after_the_other_at_the_mailboxs_own_address() {
    let row = InviteRow {
        invite: InviteId::from_bytes([1; 16]),
        claim_hash: Hash::ZERO,
        inviter: DeviceId::from_bytes([1; 16]),
        expires_ms: START + limits::INVITE_MS,
        token: Some(JoinToken::from_bytes([7; 16])),
        notes: [const { Vec::new() }; 5].map(Into::into),
        nameplate: Some(4),
    };
    let mut store = MemoryStore::default();
    store.put_invite(&row).unwrap();
    let mut mailbox = Mailbox::restore(MailboxId::from_bytes([1; 16]), store, [], None).unwrap();
    let stranger = Peer::named(Some("192.0.2.1"));
    // Whoever was first comes again as often as the line breaks.
    assert_eq!(claims_from(&mut mailbox, stranger, 7, 40), 40);
    // The first one of the others ends it, and they find nothing any more.
    assert_eq!(claims_from(&mut mailbox, stranger, 9, 40), limits::CLAIMS_PER_MINUTE as usize);
    assert_eq!(claims_from(&mut mailbox, stranger, 8, 40), 0, "with whatever token");
    assert_eq!(claims_from(&mut mailbox, Peer::named(Some("192.0.2.2")), 9, 5), 5);
}

#[test]
fn whoever_has_waited_for_the_mailbox_to_sleep_is_no_more_local_than_before() {
    let (rates, stranger) = (Rates::default(), Peer::named(Some("2001:db8:1:2::1")));
    let claim = ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 4, token: JoinToken::from_bytes([9; 16]) };
    let ask = |n| {
        let mut awake = mailbox();
        let opened = open_from(&mut awake, n, stranger, START);
        let mut awake = hibernated(&awake, &opened);
        awake.set_rates(rates.clone());
        closed(&awake.handle(Event::Frame { conn: conn(n), bytes: claim.encode() }, START))
    };
    for n in 0..limits::CLAIMS_PER_MINUTE as u8 {
        assert_eq!(ask(n), [], "claim {n}");
    }
    assert_eq!(ask(100), [(conn(100), CloseCode::RateLimited)]);
}

#[test]
fn what_is_attached_to_a_socket_has_room_for_the_longest_of_everything() {
    let mut mailbox = mailbox();
    for (n, address) in ["203.0.113.255", "2001:db8:ffff:ffff::1", "hidden", "127.0.0.1"].into_iter().enumerate() {
        let (conn, peer) = (conn(n as u8), Peer::named(Some(address)));
        let event = Event::Opened { conn, nonce: Nonce::from_bytes([7; 32]), host: "h".repeat(255), peer };
        let opened = mailbox.handle(event, u64::MAX >> 11);
        let attached: Vec<_> = opened
            .iter()
            .filter_map(|reply| if let Reply::Attach { session, .. } = reply { Some(session) } else { None })
            .collect();
        let session = Session::decode(attached[0]).expect("it can be read again");
        assert_eq!((session.conn, session.encode()), (conn, attached[0].clone()), "{address}");
    }
}
