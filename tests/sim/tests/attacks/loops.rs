//! A relay whose answers would keep a device busy for ever.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{Challenge, Item, ToDevice, ToRelay};
use hushclip_protocol::ids::{ConnId, Hash, Nonce};
use hushclip_protocol::log::SignedEntry;
use hushclip_sim::{Desk, Way};

use crate::craft::*;

const PUSH: u8 = 3;

/// Swallows what device 0 pushes and calls it too large, for so many seconds after something happens; the counters that
/// it used.
fn everything_is_too_large(desk: &mut Desk, seconds: u32, act: impl FnOnce(&mut Desk)) -> Vec<u64> {
    let swallowed = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&swallowed);
    desk.lie_also(move |way, from, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { envelope, .. }) if way == Way::Up && from == 0 => {
            kept.borrow_mut().push(Envelope::parse(&envelope).expect("an envelope").header.counter);
            Vec::new()
        }
        _ => vec![frame],
    });
    act(desk);
    let mut answered = 0;
    for _ in 0..seconds * 10 {
        if answered < swallowed.borrow().len() {
            answered = swallowed.borrow().len();
            desk.tell(0, &ToDevice::Error { code: ErrorCode::TooLarge, retry_after_ms: 0, of: PUSH });
        }
        desk.wait(100);
    }
    desk.stop_lying();
    swallowed.take()
}

#[test]
fn attack_everything_is_too_large() {
    let mut desk = Desk::paired(2);
    let counters = everything_is_too_large(&mut desk, 290, |desk| desk.copy(0, "one"));
    assert!(counters.len() <= 11, "{} tries in five minutes", counters.len());
    assert!(counters.iter().all(|counter| *counter == 1), "no counter is burnt: {counters:?}");
    assert_eq!(problem(&desk, 0), "relay_refused");
    desk.wait(60_000);
    assert_eq!(desk.texts(1), ["one"], "it was well within what the relay says it takes");
    assert!(alerts(&desk, 1).is_empty());
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_relay_that_takes_less_than_it_should() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down && device == 0 => {
            welcome.limits.envelope_bytes = 100;
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(5_000);
    let counters = everything_is_too_large(&mut desk, 290, |desk| desk.copy(0, "one"));
    assert!(counters.len() <= 12, "{} tries in five minutes", counters.len());
    assert_eq!(counters.iter().max(), Some(&2), "one for the clip, and one for saying that it does not come");
    desk.wait(60_000);
    desk.copy(0, "two");
    assert_eq!(desk.texts(1), ["two"]);
    assert!(alerts(&desk, 1).is_empty(), "the first one is explained");
}

#[test]
fn attack_what_is_put_back_is_too_large_and_stays_with_those_who_have_it() {
    let mut desk = Desk::paired(2);
    let backup = desk.snapshot();
    desk.copy(0, "what both have");
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down && device == 0 => {
            welcome.limits.envelope_bytes = 100;
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    let counters = everything_is_too_large(&mut desk, 60, |desk| desk.roll_back(backup));
    assert!(!counters.is_empty(), "it was put back");
    desk.wait(60_000);
    desk.copy(0, "two");
    for device in 0..2 {
        assert_eq!(desk.texts(device), ["two", "what both have"], "device {device}");
    }
}

/// Device 1 gets this in place of all log entries, up to a thousand times; how often it asked in ten minutes.
fn entries_without_end(from: u64, shown: &[SignedEntry]) -> (Desk, u32) {
    let mut desk = Desk::paired(2);
    let asked = Rc::new(RefCell::new(0));
    let count = Rc::clone(&asked);
    let shown = ToDevice::LogEntries { from, entries: shown.to_vec(), has_more: true };
    desk.lie(move |way, device, frame| {
        if device == 1 && way == Way::Up && matches!(ToRelay::decode(&frame), Ok(ToRelay::LogPull { .. })) {
            *count.borrow_mut() += 1;
        }
        match ToDevice::decode(&frame) {
            Ok(ToDevice::LogEntries { .. }) if way == Way::Down && device == 1 => {
                if *count.borrow() < 1_000 {
                    vec![shown.encode()]
                } else {
                    Vec::new()
                }
            }
            Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down && device == 1 => {
                (welcome.log_seq, welcome.log_head) = (9, Hash::from_bytes([9; 32]));
                vec![ToDevice::Welcome(welcome).encode()]
            }
            _ => vec![frame],
        }
    });
    desk.cut(None);
    desk.wait(10 * 60_000);
    let asked = *asked.borrow();
    (desk, asked)
}

#[test]
fn attack_known_log_entries_without_end() {
    let known = entries(&Desk::paired(2), 0);
    let (mut desk, asked) = entries_without_end(0, &known);
    assert!(asked < 300, "{asked} times in ten minutes");
    desk.stop_lying();
    desk.wait(60_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_log_entries_that_are_never_the_next_ones() {
    let known = entries(&Desk::paired(2), 0);
    let (mut desk, asked) = entries_without_end(50, &known);
    assert!(asked < 300, "{asked} times in ten minutes");
    desk.stop_lying();
    desk.wait(60_000);
    goes_on(&mut desk, 0, 1);
}

/// How many of a kind of frames device 0 sends in ten minutes on new lines, when each of them, up to a thousand, is
/// answered with these in place of what the relay says.
fn frames_in_ten_minutes(
    mut desk: Desk,
    welcome: impl Fn(ToDevice) -> ToDevice + 'static,
    counted: impl Fn(&ToRelay) -> bool + 'static,
    mut answers: impl FnMut(u64) -> Vec<ToDevice> + 'static,
) -> (Desk, u64) {
    let sent = Rc::new(RefCell::new(0));
    let (count, mut owed) = (Rc::clone(&sent), false);
    desk.lie(move |way, device, frame| {
        if device != 0 {
            return vec![frame];
        }
        if way == Way::Up && ToRelay::decode(&frame).is_ok_and(|frame| counted(&frame)) {
            *count.borrow_mut() += 1;
            owed = *count.borrow() < 1_000;
            // Something that the relay answers at once.
            return if owed { vec![ToRelay::LogPull { from: u64::MAX }.encode()] } else { Vec::new() };
        }
        match ToDevice::decode(&frame) {
            Ok(ToDevice::LogEntries { .. }) if way == Way::Down && std::mem::take(&mut owed) => {
                answers(*count.borrow()).iter().map(ToDevice::encode).collect()
            }
            Ok(told @ ToDevice::Welcome(_)) if way == Way::Down => vec![welcome(told).encode()],
            _ => vec![frame],
        }
    });
    desk.cut(None);
    desk.wait(10 * 60_000);
    let sent = *sent.borrow();
    (desk, sent)
}

fn is_push(frame: &ToRelay) -> bool {
    matches!(frame, ToRelay::Push { .. })
}

fn is_bounded((mut desk, sent): (Desk, u64), most: u64) {
    assert!((1..most).contains(&sent), "{sent} times");
    desk.stop_lying();
    desk.wait(90_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_known_log_entries_without_end_before_the_welcome() {
    let desk = Desk::paired(2);
    let shown = ToDevice::LogEntries { from: 0, entries: entries(&desk, 0)[..1].to_vec(), has_more: true };
    let first = shown.clone();
    let run = frames_in_ten_minutes(
        desk,
        move |_| first.clone(),
        |frame| matches!(frame, ToRelay::LogPull { .. }),
        move |_| vec![shown.clone()],
    );
    is_bounded(run, 300);
}

#[test]
fn attack_log_that_is_mended_and_never_grows() {
    for answer_from in [0, 1, 2] {
        let desk = Desk::paired(2);
        let genesis = entries(&desk, 0)[0].hash();
        let behind = move |told| match told {
            ToDevice::Welcome(mut welcome) => {
                (welcome.log_seq, welcome.log_head) = (0, genesis);
                ToDevice::Welcome(welcome)
            }
            other => other,
        };
        let append = |frame: &ToRelay| matches!(frame, ToRelay::LogAppend(_));
        let answer = ToDevice::LogEntries { from: answer_from, entries: Vec::new(), has_more: false };
        is_bounded(frames_in_ten_minutes(desk, behind, append, move |_| vec![answer.clone()]), 60);
    }
}

#[test]
fn attack_pages_without_items_without_end() {
    let pull = |frame: &ToRelay| matches!(frame, ToRelay::Pull { .. });
    let page = |through| vec![ToDevice::Items { items: Vec::new(), has_more: true, through }];
    is_bounded(frames_in_ten_minutes(Desk::paired(2), |told| told, pull, page), 300);
}

#[test]
fn attack_pages_of_junk_without_end() {
    let pull = |frame: &ToRelay| matches!(frame, ToRelay::Pull { .. });
    let page = |count: u64| {
        let cursors = 100 * count..100 * (count + 1);
        let items = cursors.map(|cursor| Item { cursor, envelope: vec![1, 2, 3].into(), mark: 1 }).collect();
        vec![ToDevice::Items { items, has_more: true, through: 100 * (count + 1) - 1 }]
    };
    let (mut desk, sent) = frames_in_ten_minutes(Desk::paired(2), |told| told, pull, page);
    assert!((1..600).contains(&sent), "{sent} times in ten minutes");
    assert_eq!(problem(&desk, 0), "relay_endless");
    desk.stop_lying();
    desk.wait(90_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_junk_before_each_push() {
    let mut desk = Desk::paired(2);
    desk.reachable = false;
    desk.cut(None);
    desk.copy(0, "one");
    desk.reachable = true;
    let junk = |cursor| {
        let item = Item { cursor, envelope: vec![1, 2, 3].into(), mark: 1 };
        vec![ToDevice::Item(item), ToDevice::Error { code: ErrorCode::Behind, retry_after_ms: 0, of: PUSH }]
    };
    let (mut desk, sent) = frames_in_ten_minutes(desk, |told| told, is_push, junk);
    assert!((1..320).contains(&sent), "{sent} times in ten minutes");
    desk.stop_lying();
    desk.cut(None);
    desk.wait(90_000);
    assert_eq!(desk.texts(1), ["one"]);
}

#[test]
fn attack_behind_without_end() {
    let mut desk = Desk::paired(2);
    desk.reachable = false;
    desk.cut(None);
    desk.copy(0, "one");
    desk.reachable = true;
    let behind = |_| vec![ToDevice::Error { code: ErrorCode::Behind, retry_after_ms: 0, of: PUSH }];
    let (mut desk, sent) = frames_in_ten_minutes(desk, |told| told, is_push, behind);
    assert!((1..80).contains(&sent), "{sent} times in ten minutes");
    desk.stop_lying();
    desk.wait(90_000);
    assert_eq!(desk.texts(1), ["one"]);
}

/// How often device 0 sends something on new lines in a minute, when each of these answers is replaced.
fn sent_in_a_minute(
    counted: impl Fn(&ToRelay) -> bool + 'static,
    mut answer: impl FnMut(u64, ToDevice) -> ToDevice + 'static,
) -> (Desk, u64) {
    let mut desk = Desk::paired(2);
    let sent = Rc::new(RefCell::new(0));
    let count = Rc::clone(&sent);
    desk.lie(move |way, device, frame| {
        if device != 0 {
            return vec![frame];
        }
        if way == Way::Up && ToRelay::decode(&frame).is_ok_and(|frame| counted(&frame)) {
            *count.borrow_mut() += 1;
            if *count.borrow() > 1_000 {
                return Vec::new();
            }
        }
        match ToDevice::decode(&frame) {
            Ok(told) if way == Way::Down => vec![answer(*count.borrow(), told).encode()],
            _ => vec![frame],
        }
    });
    desk.cut(None);
    desk.wait(60_000);
    let sent = *sent.borrow();
    (desk, sent)
}

#[test]
fn attack_challenges_without_end() {
    let hello = |frame: &ToRelay| matches!(frame, ToRelay::Hello(_));
    let run = sent_in_a_minute(hello, |count, told| match told {
        ToDevice::Welcome(_) | ToDevice::Error { .. } => {
            let (nonce, conn) = (Nonce::from_bytes([count as u8; 32]), ConnId::from_bytes([3; 16]));
            ToDevice::Challenge(Challenge { versions: vec![1], nonce, conn })
        }
        told => told,
    });
    is_bounded(run, 20);
}

#[test]
fn attack_account_unknown_without_end() {
    let register = |frame: &ToRelay| matches!(frame, ToRelay::Register { .. });
    let run = sent_in_a_minute(register, |_, told| match told {
        ToDevice::Welcome(_) | ToDevice::Registered { .. } | ToDevice::Error { .. } => {
            ToDevice::Error { code: ErrorCode::UnknownAccount, retry_after_ms: 0, of: 0 }
        }
        told => told,
    });
    is_bounded(run, 20);
}

#[test]
fn attack_log_that_grows_without_end_before_the_sign_in() {
    let hello = |frame: &ToRelay| matches!(frame, ToRelay::Hello(_));
    let run = sent_in_a_minute(hello, |count, told| match told {
        ToDevice::Welcome(_) | ToDevice::Error { .. } => {
            ToDevice::Registered { log_seq: 100 + count, log_head: Hash::from_bytes([1; 32]) }
        }
        told => told,
    });
    is_bounded(run, 30);
}
