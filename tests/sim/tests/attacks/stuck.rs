//! A relay without room, with a failing disk, or that will not: what waits for it is said, and it is not asked without
//! a pause.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_model::Command;
use hushclip_model::view::Connection;
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_sim::{Desk, Way};

use crate::craft::*;

const PUSH: u8 = 3;
const PULL: u8 = 4;
const APPEND: u8 = 6;
const LOG_PULL: u8 = 7;
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

fn refusal(code: ErrorCode, of: u8) -> ToDevice {
    ToDevice::Error { code, retry_after_ms: 0, of }
}

#[test]
fn attack_log_is_put_back_at_a_full_relay() {
    let mut desk = Desk::paired(3);
    let backup = desk.snapshot();
    let gone = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: gone });
    desk.wait(1_000);
    desk.take_away(1);
    desk.take_away(2);
    desk.roll_back(backup);
    desk.fill_relay(true);
    desk.wait(5 * MINUTE);
    desk.copy(0, "waits");
    assert_eq!((problem(&desk, 0).as_str(), desk.view(0).waiting), ("relay_no_space", 1));
    desk.fill_relay(false);
    desk.wait(10 * MINUTE);
    assert_eq!((problem(&desk, 0).as_str(), desk.view(0).waiting), ("", 0));
    assert_eq!(alerts(&desk, 0), ["log_restored"]);
}

/// The relay has lost the account, and answers the entry after the first one with this.
fn log_append_refused_before_sign_in(code: ErrorCode) -> (Desk, u32) {
    let mut desk = Desk::paired(2);
    let tried = Rc::new(RefCell::new(0));
    let count = Rc::clone(&tried);
    let (first, mut owed) = (entries(&desk, 0)[0].clone(), false);
    desk.lie(move |way, _, frame| {
        if way == Way::Up && matches!(ToRelay::decode(&frame), Ok(ToRelay::LogAppend(_))) {
            *count.borrow_mut() += 1;
            owed = true;
            // Something that is answered at once.
            return vec![ToRelay::Register { entry: first.clone(), token: String::new() }.encode()];
        }
        if way == Way::Down && matches!(ToDevice::decode(&frame), Ok(ToDevice::Registered { .. })) && owed {
            owed = false;
            return vec![refusal(code, APPEND).encode()];
        }
        vec![frame]
    });
    desk.take_away(0);
    desk.roll_back(hushclip_mailbox::MemoryStore::default());
    desk.wait(30 * MINUTE);
    let tried = *tried.borrow();
    (desk, tried)
}

#[test]
fn attack_log_is_refused_before_the_sign_in() {
    for (code, shown) in [
        (ErrorCode::StorageFull, "list_unsaved"),
        (ErrorCode::RelayFull, "relay_no_space"),
        (ErrorCode::Unavailable, "relay_unavailable"),
        (ErrorCode::BadEntry, "bad_log"),
    ] {
        let (mut desk, tried) = log_append_refused_before_sign_in(code);
        assert_eq!(problem(&desk, 1), shown);
        assert!((1..60).contains(&tried), "{tried} times in half an hour");
        desk.stop_lying();
        desk.command(1, Command::Resume);
        desk.bring_back_while(0, 0, |_| {});
        desk.wait(2 * MINUTE);
        assert_eq!((problem(&desk, 1).as_str(), desk.view(1).connection), ("", Connection::Online), "{code:?}");
        goes_on(&mut desk, 0, 1);
    }
}

/// Every question of this kind is answered with an error; how often it was asked in an hour.
fn questions_refused(of: u8) -> (Desk, u32) {
    let mut desk = Desk::paired(2);
    desk.take_away(1);
    desk.command(0, Command::SetRotation { minutes: 30 });
    desk.wait(40 * MINUTE);
    let asked = Rc::new(RefCell::new(0));
    let count = Rc::clone(&asked);
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { .. }) if way == Way::Down && device == 1 && of == PULL => {
            *count.borrow_mut() += 1;
            vec![refusal(ErrorCode::Unavailable, of).encode()]
        }
        Ok(ToDevice::LogEntries { .. }) if way == Way::Down && device == 1 && of == LOG_PULL => {
            *count.borrow_mut() += 1;
            vec![refusal(ErrorCode::Unavailable, of).encode()]
        }
        _ => vec![frame],
    });
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60 * MINUTE);
    let asked = *asked.borrow();
    (desk, asked)
}

#[test]
fn attack_nothing_can_be_read() {
    for of in [PULL, LOG_PULL] {
        let (mut desk, asked) = questions_refused(of);
        assert_eq!(problem(&desk, 1), "relay_unavailable", "{of}");
        assert!((1..150).contains(&asked), "{asked} times in an hour");
        desk.stop_lying();
        desk.wait(MINUTE);
        assert_eq!((problem(&desk, 1).as_str(), desk.view(1).connection), ("", Connection::Online));
        goes_on(&mut desk, 0, 1);
    }
}

/// Device 0 copies something, and each push gets this answer a second later; how often it tried in three hours.
fn pushes_refused(code: Option<ErrorCode>) -> (Desk, u32) {
    let mut desk = Desk::paired(2);
    desk.copy(0, "before");
    let tried = Rc::new(RefCell::new(0));
    let count = Rc::clone(&tried);
    desk.lie(move |way, device, frame| {
        let push = way == Way::Up && device == 0 && matches!(ToRelay::decode(&frame), Ok(ToRelay::Push { .. }));
        *count.borrow_mut() += u32::from(push);
        if push { Vec::new() } else { vec![frame] }
    });
    desk.copy(0, "one");
    let mut answered = 0;
    for second in 0..3 * 60 * 60 {
        let tried = *tried.borrow();
        if answered < tried {
            answered = tried;
            if let Some(code) = code {
                desk.tell(0, &ToDevice::Error { code, retry_after_ms: 1_000, of: PUSH });
            }
        }
        desk.wait(1_000);
        if second == 8 * 60 {
            assert_eq!(problem(&desk, 0), "", "it may pass");
        }
    }
    let tried = *tried.borrow();
    (desk, tried)
}

#[test]
fn attack_nothing_is_taken() {
    for code in [Some(ErrorCode::StaleEpoch), Some(ErrorCode::Behind), Some(ErrorCode::RateLimited), None] {
        let (mut desk, tried) = pushes_refused(code);
        assert_eq!(problem(&desk, 0), "relay_takes_nothing", "{code:?}");
        assert!((1..120).contains(&tried), "{code:?}: {tried} times in three hours");
        desk.copy(1, "the other way");
        assert_eq!(desk.texts(0)[0], "the other way", "{code:?}: what comes is taken in meanwhile");
        desk.stop_lying();
        if code.is_none() {
            desk.cut(None);
        }
        desk.wait(10 * MINUTE);
        assert_eq!((problem(&desk, 0).as_str(), desk.texts(1).contains(&"one".to_owned())), ("", true), "{code:?}");
        goes_on(&mut desk, 0, 1);
    }
}

#[test]
fn attack_new_keys_are_never_recorded() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, device, frame| {
        let own = way == Way::Up && device == 0 && matches!(ToRelay::decode(&frame), Ok(ToRelay::LogAppend(_)));
        if own { Vec::new() } else { vec![frame] }
    });
    // The other device has other keys, and the same time for them.
    desk.take_away(1);
    desk.wait(7 * DAY + DAY / 2);
    assert_eq!(problem(&desk, 0), "");
    desk.wait(DAY);
    assert_eq!(problem(&desk, 0), "keys_overdue");
    desk.stop_lying();
    desk.wait(11 * MINUTE);
    assert_eq!((problem(&desk, 0).as_str(), entries(&desk, 0).len()), ("", 3));
}
