//! Attacks on letting a device in by link, and on the relay's door.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_crypto::pairing::{Inviter, Joined};
use hushclip_mailbox::{Event as RelayEvent, Mailbox, MemoryStore, Peer, Reply};
use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, JoinToken, Nonce};
use hushclip_protocol::limits;
use hushclip_sim::{Desk, ORIGIN, Way};

use crate::craft::*;

const NOW: u64 = 1_800_000_000_000;

/// The relay of the desk with nobody connected, and the claim that a link's joiner makes.
fn relay_and_claim(desk: &mut Desk, joiner: usize, link: &str) -> (Mailbox<MemoryStore>, ToRelay) {
    let claim = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&claim);
    desk.lie(move |way, _, frame| match ToRelay::decode(&frame) {
        Ok(frame @ ToRelay::Claim { .. }) if way == Way::Up => {
            *kept.borrow_mut() = Some(frame);
            Vec::new()
        }
        _ => vec![frame],
    });
    desk.command(joiner, Command::Join { link: link.into(), name: "device".into() });
    desk.stop_lying();
    let mailbox = log(desk, 0).account().mailbox();
    let relay = Mailbox::restore(mailbox, desk.snapshot(), [], None).expect("a store in memory");
    let claim = claim.borrow_mut().take().expect("a claim");
    (relay, claim)
}

fn open(relay: &mut Mailbox<MemoryStore>, number: u8, now: u64) -> (ConnId, Vec<Reply>) {
    let conn = ConnId::from_bytes([number; 16]);
    let nonce = Nonce::from_bytes([number; 32]);
    (conn, relay.handle(RelayEvent::Opened { conn, nonce, host: "relay.test".into(), peer: Peer::Local }, now))
}

fn say(relay: &mut Mailbox<MemoryStore>, conn: ConnId, frame: &ToRelay, now: u64) -> Vec<Reply> {
    relay.handle(RelayEvent::Frame { conn, bytes: frame.encode() }, now)
}

fn frames(replies: &[Reply]) -> Vec<ToDevice> {
    let sent =
        replies.iter().filter_map(|reply| if let Reply::Send { frame, .. } = reply { Some(frame) } else { None });
    sent.map(|frame| ToDevice::decode(frame).expect("a frame")).collect()
}

fn closed(replies: &[Reply], conn: ConnId) -> Option<CloseCode> {
    replies.iter().find_map(|reply| match reply {
        Reply::Close { conn: at, code } if *at == conn => Some(*code),
        _ => None,
    })
}

#[test]
fn attack_hundred_parallel_claims() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let (mut relay, claim) = relay_and_claim(&mut desk, 1, &link);
    let ToRelay::Claim { versions, invite, claim, .. } = claim else { panic!("a claim") };
    let (mut let_in, mut used) = (0, 0);
    for number in 0..100 {
        let (conn, _) = open(&mut relay, number, NOW);
        let token = JoinToken::from_bytes([number; 16]);
        let frame = ToRelay::Claim { versions: versions.clone(), invite, claim, token };
        let answers = frames(&say(&mut relay, conn, &frame, NOW));
        let offered = |frame: &ToDevice| matches!(frame, ToDevice::InviteNote(n) if n.step == InviteStep::Offer);
        let refused = |frame: &ToDevice| matches!(frame, ToDevice::Error { code: ErrorCode::InviteUsed, .. });
        let_in += usize::from(answers.iter().any(offered));
        used += usize::from(answers.iter().any(refused));
        if number >= 40 {
            // Below that all are open at once.
            relay.handle(RelayEvent::Closed { conn }, NOW);
        }
    }
    assert_eq!((let_in, used), (1, 99));
}

#[test]
fn attack_claim_with_a_guessed_secret() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let (mut relay, claim) = relay_and_claim(&mut desk, 1, &link);
    let ToRelay::Claim { versions, invite, token, .. } = claim else { panic!("a claim") };
    for guess in 0..50 {
        let (conn, _) = open(&mut relay, guess, NOW);
        let claim = hushclip_protocol::ids::Claim::from_bytes([guess; 32]);
        let replies = say(&mut relay, conn, &ToRelay::Claim { versions: versions.clone(), invite, claim, token }, NOW);
        if u32::from(guess) < limits::CLAIMS_PER_MINUTE {
            let answers = frames(&replies);
            assert!(matches!(answers[..], [ToDevice::Error { code: ErrorCode::InviteGone, .. }]), "{answers:?}");
        } else {
            assert_eq!(closed(&replies, conn), Some(CloseCode::RateLimited));
        }
    }
}

#[test]
fn attack_claim_races_with_the_revocation() {
    // The claim first: whoever got the offer is told that it is over, and its request goes nowhere.
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    desk.command(1, Command::Join { link, name: "device 1".into() });
    desk.command(0, Command::CancelInvite);
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "invite_gone"));
    desk.command(0, Command::Approve { digits: None, share_history: false });
    assert_eq!(desk.view(0).devices.len(), 1);
    // The revocation first, though the relay keeps it to itself.
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    desk.lie(|way, _, frame| {
        let cancels = way == Way::Up && matches!(ToRelay::decode(&frame), Ok(ToRelay::InviteCancel { .. }));
        if cancels { Vec::new() } else { vec![frame] }
    });
    desk.command(0, Command::CancelInvite);
    desk.command(1, Command::Join { link, name: "device 1".into() });
    assert!(desk.view(0).invite.is_none());
    desk.command(0, Command::Approve { digits: None, share_history: false });
    assert_eq!((desk.view(0).devices.len(), desk.view(1).stage), (1, Stage::Joining), "nobody answers it");
}

#[test]
fn attack_digits_tried_one_after_the_other() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    desk.command(1, Command::Join { link, name: "device 1".into() });
    let right = desk.digits(1);
    for guess in (0..20).map(|guess| format!("{guess:06}")).filter(|guess| *guess != right) {
        desk.command(0, Command::Approve { digits: Some(guess), share_history: false });
        desk.restart(0);
    }
    desk.command(0, Command::Approve { digits: Some(right), share_history: false });
    assert_eq!(desk.view(0).devices.len(), 1, "three tries, counted over restarts");
    assert_eq!(desk.view(1).stage, Stage::New);
}

#[test]
fn attack_somebody_with_the_link_answers_in_place_of_the_inviter() {
    // The relay has the link, and pairs the new device into an account of its own making. The digits
    // that the person would type are other ones.
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let (mut rng, other) = (rng(), other_people());
    let fake = Inviter::make(log(&other, 0).account().mailbox(), &mut rng);
    let forged = fake.link(ORIGIN).to_url(ORIGIN);
    assert_ne!(link, forged);
    let request = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&request);
    desk.lie(move |way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::InviteNote(note)) if way == Way::Up && device == 1 => {
            *kept.borrow_mut() = Some(note.bytes.to_vec());
            Vec::new()
        }
        Ok(ToRelay::Claim { .. }) if way == Way::Up => Vec::new(),
        _ => vec![frame],
    });
    desk.command(1, Command::Join { link: forged, name: "device 1".into() });
    let note =
        |step, bytes: Vec<u8>| ToDevice::InviteNote(InviteNote { invite: fake.invite(), step, bytes: bytes.into() });
    desk.tell(1, &note(InviteStep::Offer, fake.offer()));
    let bytes = request.borrow_mut().take().expect("it answers");
    let opened = fake.open_request(&bytes).expect("its own request");
    desk.tell(1, &note(InviteStep::Reveal, fake.reveal()));
    assert_eq!(desk.digits(1).len(), 6);
    // It names the account of others, whose mailbox is not the one of the link, or one that it cannot show.
    let (own, elsewhere) = (log(&other, 0), log(&desk, 0));
    let joined = Joined {
        account: elsewhere.account(),
        log_seq: elsewhere.seq(),
        log_head: elsewhere.head(),
        anchors: Vec::new(),
        older: Vec::new(),
        names: Vec::new(),
    };
    let welcome = fake.welcome(&opened, &joined, &mut rng).expect("it seals");
    desk.tell(1, &note(InviteStep::Welcome, welcome));
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "pairing_disturbed"));
    assert_ne!(own.account(), elsewhere.account());
    assert_eq!(desk.view(0).devices.len(), 1);
}

#[test]
fn attack_newcomer_is_shown_a_log_without_itself() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    desk.command(1, Command::Join { link, name: "device 1".into() });
    let digits = desk.digits(1);
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::LogEntries { from: 0, mut entries, .. }) if way == Way::Down && device == 1 => {
            entries.truncate(1);
            vec![ToDevice::LogEntries { from: 0, entries, has_more: false }.encode()]
        }
        _ => vec![frame],
    });
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_misled"));
    desk.copy(1, "not into this account");
    assert!(desk.texts(0).is_empty());
}

#[test]
fn attack_idle_sockets_before_signing_in() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let (mut relay, claim) = relay_and_claim(&mut desk, 1, &link);
    for number in 0..limits::SOCKETS as u8 {
        let (conn, replies) = open(&mut relay, number, NOW);
        assert_eq!(closed(&replies, conn), None);
    }
    // Whoever comes next takes the place of the one that has waited longest, and is served at once.
    let (conn, replies) = open(&mut relay, 200, NOW + 1);
    assert_eq!(closed(&replies, conn), None);
    assert_eq!(replies.iter().filter(|reply| matches!(reply, Reply::Close { .. })).count(), 1);
    let answers = frames(&say(&mut relay, conn, &claim, NOW + 1));
    assert!(matches!(&answers[0], ToDevice::InviteNote(note) if note.step == InviteStep::Offer));
    // The others are gone after ten seconds, also when nothing else happens.
    assert_eq!(relay.sign_in_deadline(), Some(NOW + limits::SIGN_IN_MS));
    let replies = relay.handle(RelayEvent::Tick, NOW + limits::SIGN_IN_MS);
    assert_eq!(replies.iter().filter(|reply| matches!(reply, Reply::Close { .. })).count(), limits::SOCKETS - 1);
    let (conn, _) = open(&mut relay, 201, NOW + limits::SIGN_IN_MS);
    let answers = frames(&say(&mut relay, conn, &claim, NOW + limits::SIGN_IN_MS));
    assert!(matches!(&answers[0], ToDevice::InviteNote(note) if note.step == InviteStep::Offer));
}

#[test]
fn attack_frames_at_the_relay_that_are_none() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let (mut relay, claim) = relay_and_claim(&mut desk, 1, &link);
    let bad = [
        Vec::new(),
        vec![0xff],
        [vec![0x81; 5_000], vec![0]].concat(),
        vec![0x82, 1, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0],
        vec![0x83, 3, 0, 0x5b, 0, 0, 0, 1, 0, 0, 0, 0],
        vec![0; limits::FRAME_BYTES],
        vec![0; limits::FRAME_BYTES + 1],
        [claim.encode(), vec![0]].concat(),
    ];
    for (number, bytes) in (0..).zip(bad) {
        let (conn, _) = open(&mut relay, number, NOW);
        let replies = relay.handle(RelayEvent::Frame { conn, bytes }, NOW);
        assert_eq!(closed(&replies, conn), Some(CloseCode::BadFrame), "case {number}");
    }
    let (conn, _) = open(&mut relay, 100, NOW);
    assert_eq!(closed(&relay.handle(RelayEvent::Text { conn }, NOW), conn), Some(CloseCode::BadFrame));
    // What only a member may say, from somebody who has not signed in.
    let members = [ToRelay::Pull { after: 0, limit: 100 }, ToRelay::LogPull { from: 0 }, ToRelay::Ack { cursor: 1 }];
    for (number, frame) in (101..).zip(members) {
        let (conn, _) = open(&mut relay, number, NOW);
        let replies = say(&mut relay, conn, &frame, NOW);
        assert_eq!((closed(&replies, conn), frames(&replies).len()), (Some(CloseCode::SignInFirst), 0));
    }
    let (conn, _) = open(&mut relay, 120, NOW);
    assert!(closed(&say(&mut relay, conn, &claim, NOW), conn).is_none(), "it serves on");
}

#[test]
fn an_empty_message_is_not_too_large() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let (mut relay, claim) = relay_and_claim(&mut desk, 1, &link);
    let (conn, replies) = open(&mut relay, 1, NOW);
    let ToRelay::Claim { invite, .. } = claim else { panic!("a claim") };
    assert_eq!(frames(&replies).len(), 1);
    say(&mut relay, conn, &claim, NOW);
    for (bytes, expected) in
        [(0, ErrorCode::BadFrame), (limits::PAIRING_BYTES + 1, ErrorCode::TooLarge)].map(|(n, code)| (vec![0; n], code))
    {
        let note = ToRelay::InviteNote(InviteNote { invite, step: InviteStep::Request, bytes: bytes.into() });
        let answers = frames(&say(&mut relay, conn, &note, NOW));
        assert!(matches!(answers[..], [ToDevice::Error { code, .. }] if code == expected), "{answers:?}");
    }
}

#[test]
fn attack_joiner_says_what_only_members_may() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let (mut relay, claim) = relay_and_claim(&mut desk, 1, &link);
    let (conn, _) = open(&mut relay, 1, NOW);
    say(&mut relay, conn, &claim, NOW);
    for frame in [ToRelay::Pull { after: 0, limit: 1 }, ToRelay::LogPull { from: 0 }, claim] {
        let answers = frames(&say(&mut relay, conn, &frame, NOW));
        assert!(matches!(answers[..], [ToDevice::Error { code: ErrorCode::BadFrame, .. }]), "{answers:?}");
    }
}
