//! Attacks on signing in, on the line, and on pairing by link.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_engine::Said;
use hushclip_mailbox::{Event as RelayEvent, Mailbox, MemoryStore, Peer, Reply};
use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::frame::{Anchor, Challenge, Hello, InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, DeviceId, InviteId, MailboxId, Nonce};
use hushclip_protocol::limits;
use hushclip_sim::{Desk, Way};

use crate::craft::*;

/// The challenge and the answer of device 1's next sign-in.
fn sign_in(desk: &mut Desk) -> (Challenge, Hello) {
    let seen = Rc::new(RefCell::new((None, None)));
    let kept = Rc::clone(&seen);
    desk.lie(move |way, device, frame| {
        if device == 1 {
            match way {
                Way::Down => {
                    if let Ok(ToDevice::Challenge(challenge)) = ToDevice::decode(&frame) {
                        kept.borrow_mut().0 = Some(challenge);
                    }
                }
                Way::Up => {
                    if let Ok(ToRelay::Hello(hello)) = ToRelay::decode(&frame) {
                        kept.borrow_mut().1 = Some(hello);
                    }
                }
            }
        }
        vec![frame]
    });
    desk.cut(None);
    desk.wait(5_000);
    desk.stop_lying();
    let seen = seen.borrow().clone();
    (seen.0.expect("a challenge"), seen.1.expect("an answer"))
}

/// What a relay makes of an answer to a challenge.
fn answer(disk: MemoryStore, mailbox: MailboxId, host: &str, challenge: &Challenge, hello: &Hello) -> Vec<Reply> {
    let mut relay = Mailbox::restore(mailbox, disk, [], None).expect("a store in memory");
    let Challenge { conn, nonce, .. } = challenge.clone();
    relay.handle(RelayEvent::Opened { conn, nonce, host: host.into(), peer: Peer::Local }, 1);
    relay.handle(RelayEvent::Frame { conn, bytes: ToRelay::Hello(hello.clone()).encode() }, 2)
}

fn is_in(replies: &[Reply]) -> bool {
    let welcome = |frame: &[u8]| matches!(ToDevice::decode(frame), Ok(ToDevice::Welcome(_)));
    replies.iter().any(|reply| matches!(reply, Reply::Send { frame, .. } if welcome(frame)))
}

fn closed(replies: &[Reply]) -> Option<CloseCode> {
    replies.iter().find_map(|reply| if let Reply::Close { code, .. } = reply { Some(*code) } else { None })
}

#[test]
fn attack_challenge_passed_on_from_another_relay() {
    let mut desk = Desk::paired(2);
    let (challenge, hello) = sign_in(&mut desk);
    let mailbox = hello.account.mailbox();
    assert!(is_in(&answer(desk.snapshot(), mailbox, "relay.test", &challenge, &hello)), "where it belongs");
    let elsewhere = answer(desk.snapshot(), mailbox, "relay.evil", &challenge, &hello);
    assert_eq!((is_in(&elsewhere), closed(&elsewhere)), (false, Some(CloseCode::NotAMember)));
}

#[test]
fn attack_answer_replayed_to_another_challenge() {
    let mut desk = Desk::paired(2);
    let (challenge, hello) = sign_in(&mut desk);
    let mailbox = hello.account.mailbox();
    let others = [
        Challenge { nonce: Nonce::from_bytes([1; 32]), ..challenge.clone() },
        Challenge { conn: ConnId::from_bytes([1; 16]), ..challenge.clone() },
    ];
    for other in others {
        assert!(!is_in(&answer(desk.snapshot(), mailbox, "relay.test", &other, &hello)));
    }
    let other = DeviceId::from_hex(&desk.id(0)).unwrap();
    for changed in [
        Hello { device: other, ..hello.clone() },
        Hello { log_seq: 0, ..hello.clone() },
        Hello { anchors: vec![Anchor { cursor: 9, mark: 1 }], ..hello },
    ] {
        assert!(!is_in(&answer(desk.snapshot(), mailbox, "relay.test", &challenge, &changed)));
    }
}

#[test]
fn attack_member_of_one_account_at_the_mailbox_of_another() {
    let mut desk = Desk::paired(2);
    let (challenge, hello) = sign_in(&mut desk);
    let other = other_people();
    let mailbox = log(&other, 0).account().mailbox();
    let replies = answer(other.snapshot(), mailbox, "relay.test", &challenge, &hello);
    assert_eq!((is_in(&replies), closed(&replies)), (false, Some(CloseCode::NotAMember)));
}

#[test]
fn attack_forced_downgrade() {
    for versions in [vec![], vec![0], vec![2, 3]] {
        let mut desk = Desk::paired(2);
        let sent = Rc::new(RefCell::new(0));
        let count = Rc::clone(&sent);
        desk.lie(move |way, _, frame| {
            if way == Way::Up {
                *count.borrow_mut() += 1;
            }
            match ToDevice::decode(&frame) {
                Ok(ToDevice::Challenge(challenge)) if way == Way::Down => {
                    vec![ToDevice::Challenge(Challenge { versions: versions.clone(), ..challenge }).encode()]
                }
                _ => vec![frame],
            }
        });
        desk.cut(None);
        desk.wait(60_000);
        assert_eq!(problem(&desk, 1), "relay_version");
        assert_eq!(*sent.borrow(), 0, "not even a signature");
    }
}

#[test]
fn attack_welcome_in_a_version_that_nobody_offered() {
    for version in [0, 2, u16::MAX] {
        let mut desk = Desk::paired(2);
        desk.lie(move |way, _, frame| match ToDevice::decode(&frame) {
            Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down => {
                welcome.version = version;
                vec![ToDevice::Welcome(welcome).encode()]
            }
            _ => vec![frame],
        });
        desk.cut(None);
        desk.wait(60_000);
        assert_eq!(problem(&desk, 1), "relay_version");
    }
}

#[test]
fn attack_items_without_end() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, _, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { .. }) if way == Way::Down => {
            vec![ToDevice::Items { items: Vec::new(), has_more: true, through: 0 }.encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(20_000);
    assert_eq!(problem(&desk, 1), "relay_endless");
    desk.stop_lying();
    desk.wait(90_000);
    assert_eq!(problem(&desk, 1), "", "it has solved itself");
}

#[test]
fn attack_frames_that_are_none() {
    let mut desk = Desk::paired(2);
    let nested = [vec![0x81; 5_000], vec![0]].concat();
    let huge = vec![0x84, 4, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0];
    for bytes in [Vec::new(), vec![0xff], nested, huge, vec![0; limits::FRAME_BYTES + 1], vec![0x81, 99]] {
        desk.said(1, Said::Frame(bytes));
        assert_eq!(problem(&desk, 1), "relay_garbled");
        desk.wait(2_000);
    }
    desk.wait(60_000);
    goes_on(&mut desk, 0, 1);
    assert_eq!(problem(&desk, 1), "", "it has solved itself");
}

#[test]
fn attack_relay_with_a_wrong_clock() {
    for ahead in [-400 * 24 * 3_600_000_i64, -86_400_000, 86_400_000, i64::MAX] {
        let mut desk = Desk::paired(2);
        desk.lie(move |way, _, frame| match ToDevice::decode(&frame) {
            Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down => {
                welcome.time_ms = welcome.time_ms.saturating_add_signed(ahead);
                vec![ToDevice::Welcome(welcome).encode()]
            }
            _ => vec![frame],
        });
        desk.cut(None);
        desk.wait(5_000);
        desk.copy(0, "in time");
        assert_eq!(desk.texts(1), ["in time"]);
        assert_eq!(entries(&desk, 0).len(), 2, "no keys are changed because of it");
    }
}

#[test]
fn attack_marks_and_presence_made_up() {
    // Hints by the relay: believed for what they are, never for more.
    let mut desk = Desk::paired(2);
    let stranger = DeviceId::from_bytes([1; 16]);
    desk.tell(0, &ToDevice::Presence { device: stranger, online: true });
    desk.tell(0, &ToDevice::Delivered(hushclip_protocol::frame::Delivered { device: stranger, cursor: 5 }));
    assert_eq!(desk.view(0).devices.len(), 2);
    desk.copy(0, "one");
    assert_eq!(desk.view(0).clips[0].delivered, ["device 1"]);
}

/// The relay changes one step of the pairing.
fn pair_with(step: InviteStep, way: Way, change: impl Fn(&mut Vec<u8>) + 'static) -> Desk {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    desk.lie(move |to, _, frame| {
        let note = match to {
            Way::Down => match ToDevice::decode(&frame) {
                Ok(ToDevice::InviteNote(note)) => Some(note),
                _ => None,
            },
            Way::Up => match ToRelay::decode(&frame) {
                Ok(ToRelay::InviteNote(note)) => Some(note),
                _ => None,
            },
        };
        match note.filter(|note| note.step == step && to == way) {
            Some(note) => {
                let mut bytes = note.bytes.to_vec();
                change(&mut bytes);
                let note = InviteNote { bytes: bytes.into(), ..note };
                vec![match way {
                    Way::Down => ToDevice::InviteNote(note).encode(),
                    Way::Up => ToRelay::InviteNote(note).encode(),
                }]
            }
            None => vec![frame],
        }
    });
    desk.command(1, Command::Join { link, name: "device 1".into() });
    desk
}

#[test]
fn attack_offer_changed() {
    let desk = pair_with(InviteStep::Offer, Way::Down, |bytes| bytes[10] ^= 1);
    assert_eq!((problem(&desk, 1).as_str(), desk.view(1).stage), ("pairing_disturbed", Stage::New));
}

#[test]
fn attack_request_changed() {
    let desk = pair_with(InviteStep::Request, Way::Down, |bytes| bytes[40] ^= 1);
    assert_eq!(problem(&desk, 0), "pairing_disturbed");
    assert_eq!(desk.view(0).devices.len(), 1);
}

#[test]
fn attack_reveal_changed() {
    let desk = pair_with(InviteStep::Reveal, Way::Down, |bytes| bytes[0] ^= 1);
    assert_eq!((problem(&desk, 1).as_str(), desk.view(1).stage), ("pairing_disturbed", Stage::New));
}

#[test]
fn attack_welcome_changed() {
    let mut desk = pair_with(InviteStep::Welcome, Way::Down, |bytes| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    });
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!((problem(&desk, 1).as_str(), desk.view(1).stage), ("pairing_disturbed", Stage::New));
}

#[test]
fn attack_second_request_in_place_of_the_first() {
    let mut desk = Desk::new(3);
    desk.create();
    let link = desk.invite();
    desk.command(1, Command::Join { link: link.clone(), name: "device 1".into() });
    assert!(desk.view(0).invite.is_some_and(|invite| invite.request.is_some()));
    // The relay lets a second joiner claim and passes its request on as well.
    let requests = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&requests);
    desk.lie(move |way, device, frame| match (way, ToRelay::decode(&frame)) {
        (Way::Up, Ok(ToRelay::InviteNote(note))) if device == 2 => {
            kept.borrow_mut().push(note);
            Vec::new()
        }
        _ => vec![frame],
    });
    desk.command(2, Command::Join { link, name: "device 2".into() });
    let offer = InviteNote { invite: InviteId::from_bytes([0; 16]), step: InviteStep::Offer, bytes: vec![1].into() };
    desk.tell(2, &ToDevice::InviteNote(offer));
    assert!(requests.borrow().is_empty(), "for another invite: not answered");
    desk.stop_lying();
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!(desk.view(1).stage, Stage::Member);
    assert_eq!(desk.view(0).devices.len(), 2);
}

#[test]
fn attack_invite_claimed_a_moment_too_late() {
    for (wait, in_time) in [(limits::INVITE_MS - 1_000, true), (limits::INVITE_MS + 1_000, false)] {
        let mut desk = Desk::new(2);
        desk.create();
        let link = desk.invite();
        desk.wait(wait);
        desk.command(1, Command::Join { link, name: "device 1".into() });
        assert_eq!(desk.view(1).stage == Stage::Joining, in_time, "{}", problem(&desk, 1));
        assert_eq!(problem(&desk, 1) == "invite_gone", !in_time);
    }
}

#[test]
fn attack_canary_is_nowhere_at_the_relay() {
    const CANARY: &str = "canary-58fd";
    let mut desk = Desk::new(3);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&seen);
    desk.lie(move |way, _, frame| {
        if way == Way::Up {
            kept.borrow_mut().extend_from_slice(&frame);
        }
        vec![frame]
    });
    let name = |device| format!("{CANARY} name {device}");
    desk.command(0, Command::CreateAccount { relay: hushclip_sim::ORIGIN.into(), name: name(0), token: None });
    let link = desk.invite();
    desk.command(1, Command::Join { link: link.clone(), name: name(1) });
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits.clone()), share_history: true });
    desk.command(0, Command::InviteByCode);
    let code = desk.view(0).invite.and_then(|invite| invite.secret).unwrap();
    let relay = hushclip_sim::ORIGIN.into();
    desk.command(2, Command::JoinByCode { relay, code: code.clone(), name: name(2) });
    desk.command(0, Command::Approve { digits: None, share_history: true });
    desk.copy(1, &format!("{CANARY} text"));
    desk.command(1, Command::SetRotation { minutes: 30 });
    desk.wait(31 * 60_000);
    let gone = desk.id(2);
    let keys: Vec<_> = (0..3).map(|device| stolen_keys(&desk, device)).collect();
    desk.command(0, Command::RemoveDevice { device: gone });
    let relay = [seen.borrow().clone(), desk.dump()].concat();
    let holds = |needle: &[u8]| relay.windows(needle.len()).any(|window| window == needle);
    assert!(!holds(CANARY.as_bytes()));
    let (_, words) = code.split_once('-').unwrap();
    assert!(!holds(words.as_bytes()) && !holds(digits.as_bytes()));
    let fragment = link.split('#').nth(1).unwrap();
    assert!(!holds(&fragment.as_bytes()[24..60]));
    for keys in &keys {
        assert!(!holds(keys.sign_seed().expose()) && !holds(keys.box_sk().expose()));
        assert!(holds(keys.sign_pk().as_bytes()), "public keys are there: the search works");
    }
    let (_, secret) = secret(&stolen_keys(&desk, 0), &entries(&desk, 0));
    assert!(!holds(secret.expose()));
    assert!(!format!("{:?}", desk.view(0).clips).contains(CANARY), "nor in what a log could print");
}
