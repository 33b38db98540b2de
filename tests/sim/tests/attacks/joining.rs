//! Attacks on whoever comes into an account, and on the patience of both sides: every wait has an end.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_add_device, open_grant};
use hushclip_crypto::pairing::{Inviter, JoinRequest, Joined, Joiner, Link};
use hushclip_engine::Event;
use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_protocol::frame::{InviteNote, InviteStep, ToDevice, ToRelay};
use hushclip_protocol::ids::{AccountId, Hash};
use hushclip_protocol::limits;
use hushclip_protocol::log::possession_message;
use hushclip_sim::{Desk, ORIGIN, Way};

use crate::craft::*;

const MINUTE: u64 = 60_000;

fn join(desk: &mut Desk, device: usize, link: String) {
    desk.command(device, Command::Join { link, name: format!("device {device}") });
}

/// Drops frames of one device, one way.
fn swallow(desk: &mut Desk, to: Way, of: usize, which: fn(&[u8]) -> bool) {
    desk.lie(
        move |way, device, frame| if way == to && device == of && which(&frame) { Vec::new() } else { vec![frame] },
    );
}

/// Device 1 is paired by somebody who has the link, and told what it is.
fn welcome_to(desk: &mut Desk, account: AccountId, seq: u64, head: Hash) {
    let mut rng = rng();
    let fake = Inviter::make(account.mailbox(), &mut rng);
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
    join(desk, 1, fake.link(ORIGIN).to_url(ORIGIN));
    let note =
        |step, bytes: Vec<u8>| ToDevice::InviteNote(InviteNote { invite: fake.invite(), step, bytes: bytes.into() });
    desk.tell(1, &note(InviteStep::Offer, fake.offer()));
    let bytes = request.borrow_mut().take().expect("it answers");
    let opened = fake.open_request(&bytes).expect("its own request");
    desk.tell(1, &note(InviteStep::Reveal, fake.reveal()));
    desk.stop_lying();
    let joined =
        Joined { account, log_seq: seq, log_head: head, anchors: Vec::new(), older: Vec::new(), names: Vec::new() };
    desk.tell(1, &note(InviteStep::Welcome, fake.welcome(&opened, &joined, &mut rng).expect("it seals")));
}

#[test]
fn attack_welcome_into_an_account_that_does_not_have_the_newcomer() {
    let mut desk = Desk::new(2);
    desk.create();
    let here = log(&desk, 0);
    welcome_to(&mut desk, here.account(), here.seq(), here.head());
    desk.wait(MINUTE);
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_unfinished"));
    assert!(desk.disk(1).keys().all(|key| !["device", "account", "join"].contains(&key.as_str())), "nothing is left");
}

#[test]
fn attack_welcome_into_another_account_of_the_same_mailbox() {
    let mut desk = Desk::new(2);
    desk.create();
    let here = log(&desk, 0);
    let mut other = *here.account().as_bytes();
    other[31] ^= 1;
    welcome_to(&mut desk, AccountId::from_bytes(other), here.seq(), here.head());
    desk.wait(MINUTE);
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_unfinished"));
}

#[test]
fn attack_relay_never_shows_the_log_to_a_newcomer() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, link);
    swallow(&mut desk, Way::Down, 1, |frame| matches!(ToDevice::decode(frame), Ok(ToDevice::LogEntries { .. })));
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!(desk.view(1).stage, Stage::Joining);
    desk.wait(12 * MINUTE);
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_unfinished"));
}

#[test]
fn attack_relay_shows_a_newcomer_only_the_beginning() {
    // Page by page, and none of them the last one.
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, link);
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::LogEntries { from, mut entries, .. }) if way == Way::Down && device == 1 => {
            entries.truncate(usize::from(from == 0));
            vec![ToDevice::LogEntries { from, entries, has_more: from == 0 }.encode()]
        }
        _ => vec![frame],
    });
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_misled"));
}

#[test]
fn nobody_lets_it_in() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, link);
    // The relay does not say that the invite is over.
    swallow(&mut desk, Way::Down, 1, |_| true);
    desk.wait(10 * MINUTE);
    assert_eq!(desk.view(1).stage, Stage::Joining);
    desk.wait(2 * MINUTE);
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_unanswered"));
    assert_eq!(problem(&desk, 0), "invite_unanswered", "and the one that was asked says who waited");
    // Nor is a claim answered.
    let link = desk.invite();
    join(&mut desk, 1, link);
    desk.wait(12 * MINUTE);
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_unanswered"));
}

#[test]
fn the_last_try_finds_what_came_while_the_newcomer_slept() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, link);
    let digits = desk.digits(1);
    desk.take_away(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.wait(5 * 60 * MINUTE);
    desk.bring_back_while(1, 0, |_| {});
    desk.event(1, Event::Timer);
    assert_eq!((desk.view(1).stage, desk.view(1).problem), (Stage::Member, None));
    assert_eq!(desk.view(0).problem, None);
}

#[test]
fn a_newcomer_whose_network_goes_away_has_a_day() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, link);
    swallow(&mut desk, Way::Down, 1, |frame| matches!(ToDevice::decode(frame), Ok(ToDevice::Challenge(_))));
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.reachable = false;
    desk.stop_lying();
    desk.wait(60 * MINUTE);
    assert_eq!(desk.view(1).stage, Stage::Joining);
    desk.reachable = true;
    desk.wait(2 * MINUTE);
    assert_eq!(desk.view(1).stage, Stage::Member);
}

#[test]
fn the_clock_of_a_joiner_is_put_back() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    join(&mut desk, 1, link);
    swallow(&mut desk, Way::Down, 1, |_| true);
    desk.skew(1, -30 * 24 * 60 * MINUTE.cast_signed());
    desk.event(1, Event::Timer);
    desk.wait(13 * MINUTE);
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "join_unanswered"));
}

#[test]
fn waits_of_the_inviter_have_an_end_too() {
    // The relay takes no invite.
    let mut desk = Desk::new(2);
    desk.create();
    swallow(&mut desk, Way::Up, 0, |frame| matches!(ToRelay::decode(frame), Ok(ToRelay::InviteOpen { .. })));
    assert_eq!(desk.invite(), "");
    desk.wait(10 * MINUTE);
    assert_eq!((desk.view(0).invite.is_none(), problem(&desk, 0).as_str()), (true, "invite_unopened"));
    // It takes one, and not the device that is let in.
    desk.stop_lying();
    let link = desk.invite();
    join(&mut desk, 1, link);
    let digits = desk.digits(1);
    swallow(&mut desk, Way::Up, 0, |frame| matches!(ToRelay::decode(frame), Ok(ToRelay::LogAppend(_))));
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!((desk.view(0).invite.is_none(), desk.view(0).problem), (true, None), "it is under way");
    desk.wait(10 * MINUTE);
    assert_eq!(problem(&desk, 0), "invite_unfinished");
    assert!(!desk.disk(0).contains_key("invite"));
    // It ends one before its time.
    desk.stop_lying();
    let link = desk.invite();
    let invite = Link::parse(&link).expect("a link").invite;
    desk.tell(0, &ToDevice::InviteEnded { invite });
    assert_eq!(problem(&desk, 0), "invite_withdrawn");
}

#[test]
fn attack_invite_that_the_relay_keeps_open() {
    const DAYS: u64 = 30 * 24 * 60 * MINUTE;
    for by_code in [false, true] {
        let mut desk = Desk::new(2);
        desk.create();
        desk.lie(|way, _, frame| match ToDevice::decode(&frame) {
            Ok(ToDevice::InviteOpened { invite, expires_ms }) if way == Way::Down => {
                vec![ToDevice::InviteOpened { invite, expires_ms: expires_ms + DAYS }.encode()]
            }
            Ok(ToDevice::CodeOpened { invite, nameplate, expires_ms }) if way == Way::Down => {
                vec![ToDevice::CodeOpened { invite, nameplate, expires_ms: expires_ms + DAYS }.encode()]
            }
            Ok(ToDevice::InviteEnded { .. }) => Vec::new(),
            _ => vec![frame],
        });
        desk.command(0, if by_code { Command::InviteByCode } else { Command::Invite });
        let expires = desk.view(0).invite.expect("an invite").expires_at;
        assert!(expires <= desk.now + limits::INVITE_MS);
        // Nor does a clock that is put back make it longer than that.
        desk.skew(0, -DAYS.cast_signed());
        desk.event(0, Event::Timer);
        desk.wait(limits::INVITE_MS + 1);
        assert!(desk.view(0).invite.is_none());
    }
    // One that is over as soon as it is there is no invite that waits for ever.
    let mut desk = Desk::new(1);
    desk.create();
    desk.lie(|way, _, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::InviteOpened { invite, .. }) if way == Way::Down => {
            vec![ToDevice::InviteOpened { invite, expires_ms: 0 }.encode()]
        }
        _ => vec![frame],
    });
    desk.command(0, Command::Invite);
    desk.wait(1_000);
    assert!(desk.view(0).invite.is_none());
}

#[test]
fn attack_joiner_with_a_name_that_deceives() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    let parsed = Link::parse(&link).expect("a link");
    let (mut rng, keys, offer) = (rng(), DeviceKeys::make(&mut rng()), Rc::new(RefCell::new(Vec::new())));
    let joiner = Joiner::make(&parsed, "Laptop\u{202e}\n“Pixel” wants to join", &mut rng);
    desk.lie(move |way, device, frame| {
        if let (Way::Down, 1, Ok(ToDevice::InviteNote(note))) = (way, device, ToDevice::decode(&frame))
            && note.step == InviteStep::Offer
        {
            *offer.borrow_mut() = note.bytes.to_vec();
        }
        match ToRelay::decode(&frame) {
            Ok(ToRelay::InviteNote(note)) if way == Way::Up && device == 1 => {
                let bytes = joiner.request(&keys, &offer.borrow(), &mut rng).expect("a request").into();
                vec![ToRelay::InviteNote(InviteNote { bytes, ..note }).encode()]
            }
            _ => vec![frame],
        }
    });
    join(&mut desk, 1, link);
    assert_eq!((desk.view(0).invite.is_none(), problem(&desk, 0).as_str()), (true, "bad_newcomer_name"));
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "invite_refused"));
}

#[test]
fn attack_name_in_the_log_that_deceives() {
    // A member with a client of its own lets another one in. The account goes on, and nobody reads the name.
    let mut desk = Desk::paired(2);
    let (keys, newcomer, mut rng) = (stolen_keys(&desk, 1), DeviceKeys::make(&mut rng()), rng());
    let here = log(&desk, 0);
    let transcript = Hash::from_bytes([3; 32]);
    let message = possession_message(&transcript, &newcomer.sign_pk(), &newcomer.box_pk());
    let proof = newcomer.sign(&message);
    let request = JoinRequest {
        sign_pk: newcomer.sign_pk(),
        box_pk: newcomer.box_pk(),
        name: "device 0\u{202e}\u{1b}[2J".into(),
        transcript,
        proof,
    };
    let (entry, _) = make_add_device(&keys, &here, &request, &mut rng).expect("an entry");
    show_entry(&mut desk, 0, &entry);
    let id = newcomer.device_id().to_hex();
    let shown = desk.view(0).devices.into_iter().find(|device| device.id == id).expect("it is a device");
    assert_eq!((shown.name.as_str(), desk.view(0).problem), (&id[..8], None));
    assert!(desk.view(0).alerts.iter().all(|alert| !alert.what.to_string().contains('\u{202e}')));
}

#[test]
fn attack_inviter_hands_over_a_wrong_older_secret() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "of the older epoch");
    desk.command(1, Command::SetRotation { minutes: 30 });
    desk.wait(31 * MINUTE);
    desk.copy(0, "of the newest epoch");
    let (keys, entries) = (stolen_keys(&desk, 0), entries(&desk, 0));
    let older = open_grant(&keys, &entries[1]).expect("its own secret");
    let mut stored = desk.disk(0).clone();
    let record = stored.get_mut("members").expect("an account");
    let at = record.windows(32).position(|bytes| bytes == older.expose()).expect("it is there");
    record[at..at + 32].copy_from_slice(EpochSecret::make(&mut rng()).expose());
    desk.set_disk(0, stored);
    desk.add_device();
    let link = desk.invite();
    join(&mut desk, 2, link);
    let digits = desk.digits(2);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: true });
    assert_eq!((desk.view(2).stage, problem(&desk, 2).as_str()), (Stage::Member, "wrong_older_key"));
    assert_eq!(desk.texts(2), ["of the newest epoch"]);
    desk.copy(0, "of its own");
    assert_eq!(desk.texts(2)[0], "of its own");
}

#[test]
fn attack_link_that_hides_another_relay() {
    let mut desk = Desk::new(2);
    desk.create();
    let hidden = Link::parse(&desk.invite()).expect("a link").to_url("https://good.test");
    join(&mut desk, 1, hidden.clone());
    assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "other_relay"));
    let message = desk.view(1).problem.expect("a problem").to_string();
    assert!(message.contains("https://good.test") && message.contains(ORIGIN), "{message}");
    assert_eq!(desk.dialled(1), "", "nothing was said to it");
    for (relay, code) in
        [("https://good.test", "other_relay"), ("http://relay.test", "plain_relay"), ("x", "bad_relay")]
    {
        let (link, name) = (hidden.clone(), "device 1".into());
        desk.command(1, Command::JoinAt { relay: relay.into(), link, name });
        assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, code));
    }
    desk.command(1, Command::JoinAt { relay: format!("{ORIGIN}/"), link: hidden, name: "device 1".into() });
    assert_eq!((desk.view(1).stage, desk.view(1).relay.as_deref()), (Stage::Joining, Some(ORIGIN)));
    assert_eq!(desk.digits(1).len(), 6);
    // Plain http, whoever says so.
    let plain = Link { relay: "http://relay.test".into(), ..Link::parse(&desk.invite()).expect("a link") };
    let mut desk = Desk::new(1);
    join(&mut desk, 0, plain.to_url("http://relay.test"));
    assert_eq!(problem(&desk, 0), "plain_relay");
    desk.command(0, Command::CreateAccount { relay: "http://relay.test".into(), name: "x".into(), token: None });
    assert_eq!(problem(&desk, 0), "plain_relay");
    let (relay, code, name) = ("http://relay.test".into(), "4-purple-cactus".into(), "x".into());
    desk.command(0, Command::JoinByCode { relay, code, name });
    assert_eq!((problem(&desk, 0).as_str(), desk.dialled(0)), ("plain_relay", ""));
}

#[test]
fn a_removed_device_keeps_its_list_while_it_tries_to_begin_anew() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "mine for years");
    let id = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: id });
    desk.reachable = false;
    for relay in ["https://rely.test", "https://relay.test"] {
        desk.command(2, Command::CreateAccount { relay: relay.into(), name: "mine".into(), token: None });
        desk.wait(60_000);
    }
    desk.command(2, Command::CancelJoin);
    assert_eq!((desk.view(2).stage, desk.texts(2)), (Stage::Removed, vec!["mine for years".to_owned()]));
    desk.restart(2);
    assert_eq!(desk.texts(2), ["mine for years"]);
}

#[test]
fn attack_a_removed_device_is_misled_and_keeps_its_list() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "mine for years");
    let id = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: id });
    let link = desk.invite();
    desk.command(2, Command::Join { link, name: "back".into() });
    let digits = desk.digits(2);
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::LogEntries { from, .. }) if way == Way::Down && device == 2 => {
            vec![ToDevice::LogEntries { from, entries: Vec::new(), has_more: false }.encode()]
        }
        _ => vec![frame],
    });
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.wait(60_000);
    assert_eq!((problem(&desk, 2).as_str(), desk.texts(2)), ("join_misled", vec!["mine for years".to_owned()]));
}
