//! A relay whose answers would keep a device busy for ever.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::Hash;
use hushclip_protocol::log::SignedEntry;
use hushclip_sim::{Desk, Way};

use crate::craft::*;

const PUSH: u8 = 3;

/// Swallows what device 0 pushes and calls it too large, for so many seconds; the counters that it used.
fn everything_is_too_large(desk: &mut Desk, seconds: u32) -> Vec<u64> {
    let swallowed = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&swallowed);
    desk.lie_also(move |way, from, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { envelope, .. }) if way == Way::Up && from == 0 => {
            kept.borrow_mut().push(Envelope::parse(&envelope).expect("an envelope").header.counter);
            Vec::new()
        }
        _ => vec![frame],
    });
    desk.copy(0, "one");
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
    let counters = everything_is_too_large(&mut desk, 290);
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
    let counters = everything_is_too_large(&mut desk, 290);
    assert!(counters.len() <= 12, "{} tries in five minutes", counters.len());
    assert_eq!(counters.iter().max(), Some(&2), "one for the clip, and one for saying that it does not come");
    desk.wait(60_000);
    desk.copy(0, "two");
    assert_eq!(desk.texts(1), ["two"]);
    assert!(alerts(&desk, 1).is_empty(), "the first one is explained");
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
