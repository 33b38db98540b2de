//! What is deleted everywhere is deleted at the relay too, and nobody misses it or brings it back.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_mailbox::Store;
use hushclip_model::{Command, UNDO_MS};
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::limits;
use hushclip_sim::{Desk, Way};

const MINUTE: u64 = 60_000;

fn delete(desk: &mut Desk, device: usize, text: &str) -> String {
    let found = desk.view(device).clips.into_iter().find(|clip| clip.text == text);
    let id = found.expect("it is in the list").id;
    desk.command(device, Command::Delete { ids: vec![id.clone()] });
    id
}

/// Names of the items that the relay keeps, oldest first.
fn kept(desk: &Desk) -> Vec<String> {
    desk.snapshot().item_rows(0, usize::MAX).expect("a store in memory").iter().map(|row| row.item.to_hex()).collect()
}

fn codes(desk: &Desk, device: usize) -> Vec<String> {
    let codes = desk.view(device).alerts.into_iter().map(|alert| alert.what.code().to_owned());
    codes.filter(|code| code != "joined").collect()
}

fn no_alerts(desk: &Desk, device: usize) {
    assert!(codes(desk, device).is_empty(), "device {device}: {:?}", codes(desk, device));
}

#[test]
fn what_is_deleted_goes_from_the_relay_and_nobody_misses_it() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "before");
    desk.take_away(2);
    desk.copy(0, "deleted");
    desk.copy(0, "after");
    let id = delete(&mut desk, 1, "deleted");
    assert!(kept(&desk).contains(&id), "it can be taken back");
    desk.wait(UNDO_MS);
    assert!(!kept(&desk).contains(&id));
    assert_eq!(kept(&desk).len(), 3, "two clips and the tombstone");
    desk.hibernate();
    desk.bring_back_while(2, 0, |_| {});
    assert_eq!(desk.texts(2), ["after", "before"]);
    desk.copy(0, "on it goes");
    assert_eq!(desk.texts(2)[0], "on it goes");
    for device in 0..3 {
        no_alerts(&desk, device);
    }
}

#[test]
fn nothing_is_missed_before_the_tombstone_has_come() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "before");
    desk.take_away(2);
    desk.copy(0, "deleted");
    for number in 0..u64::from(limits::PULL_ITEMS) {
        desk.copy(0, &format!("clip {number}"));
        desk.wait(600);
    }
    delete(&mut desk, 0, "deleted");
    desk.wait(UNDO_MS);
    desk.lie(|way, device, frame| {
        let last = matches!(ToDevice::decode(&frame), Ok(ToDevice::Items { has_more: false, .. }));
        if way == Way::Down && device == 2 && last { Vec::new() } else { vec![frame] }
    });
    desk.bring_back_while(2, 0, |_| {});
    assert_eq!(desk.texts(2).len(), 101, "the first page is here, and the tombstone is on the next");
    no_alerts(&desk, 2);
    desk.stop_lying();
    desk.cut(None);
    desk.wait(MINUTE);
    no_alerts(&desk, 2);
}

#[test]
fn the_last_clip_of_all_can_be_deleted() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "stays");
    desk.take_away(2);
    desk.copy(0, "deleted");
    delete(&mut desk, 0, "deleted");
    desk.wait(UNDO_MS);
    desk.hibernate();
    desk.bring_back_while(2, 0, |_| {});
    desk.copy(2, "next");
    desk.copy(0, "and next");
    assert_eq!(desk.texts(2), ["and next", "next", "stays"]);
    assert_eq!(desk.texts(1), desk.texts(2));
    no_alerts(&desk, 2);
}

#[test]
fn a_program_that_was_away_does_not_bring_back_what_it_never_got() {
    let mut desk = Desk::paired(3);
    desk.take_away(2);
    desk.copy(0, "line one\nline two");
    delete(&mut desk, 0, "line one\nline two");
    desk.wait(UNDO_MS);
    // Device 2 shares a clipboard with another one, where the text still is.
    desk.bring_back_while(2, 1, |desk| desk.copy(2, "line one\r\nline two"));
    assert_eq!((desk.texts(2), desk.view(2).waiting), (vec![], 0));
    desk.copy(2, "something else");
    desk.restart(2);
    desk.copy(2, "line one\r\nline two");
    for device in 0..3 {
        assert_eq!(desk.texts(device), ["something else"]);
        no_alerts(&desk, device);
    }
    desk.wait(MINUTE);
    desk.copy(2, "more");
    desk.copy(2, "line one\nline two");
    assert_eq!(desk.texts(0)[0], "line one\nline two", "a person who copies it later is heard");
}

#[test]
fn what_was_deleted_before_its_sender_heard_that_it_is_stored_goes_too() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, device, frame| if way == Way::Down && device == 0 { vec![] } else { vec![frame] });
    desk.copy(0, "deleted");
    let id = delete(&mut desk, 0, "deleted");
    assert!(kept(&desk).contains(&id));
    desk.wait(UNDO_MS);
    desk.stop_lying();
    desk.cut(None);
    desk.wait(MINUTE);
    assert!(!kept(&desk).contains(&id));
    assert!(desk.texts(1).is_empty());
    no_alerts(&desk, 1);
}

#[test]
fn what_was_deleted_just_before_its_sender_heard_that_it_is_stored_goes_too() {
    let mut desk = Desk::paired(2);
    let late = Rc::new(RefCell::new(Vec::new()));
    let held = Rc::clone(&late);
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(pushed @ ToDevice::Pushed { .. }) if way == Way::Down && device == 0 => {
            held.borrow_mut().push(pushed);
            Vec::new()
        }
        _ => vec![frame],
    });
    desk.copy(0, "deleted");
    let id = delete(&mut desk, 0, "deleted");
    desk.wait(UNDO_MS);
    assert!(kept(&desk).contains(&id) && desk.texts(0).is_empty());
    desk.stop_lying();
    let pushed = late.borrow_mut().pop().expect("it was stored");
    desk.tell(0, &pushed);
    assert!(!kept(&desk).contains(&id));
    assert!(desk.texts(1).is_empty());
    no_alerts(&desk, 1);
}

#[test]
fn what_may_have_been_stored_is_known_by_its_text_too() {
    let mut desk = Desk::paired(3);
    desk.take_away(2);
    desk.lie(|way, device, frame| if way == Way::Down && device == 0 { vec![] } else { vec![frame] });
    desk.copy(0, "deleted");
    delete(&mut desk, 0, "deleted");
    desk.wait(UNDO_MS);
    desk.stop_lying();
    desk.cut(None);
    desk.wait(5_000);
    // Device 2 shares a clipboard with device 1, which had put it there.
    desk.bring_back_while(2, 1, |desk| desk.copy(2, "deleted"));
    desk.wait(MINUTE);
    for device in 0..3 {
        assert!(desk.texts(device).is_empty(), "device {device}");
        no_alerts(&desk, device);
    }
}

/// What it deleted of others' is not deleted for who hears of its removal first: it could be a thief's doing
/// (`attack_removed_device_uses_counters_that_were_kept_from_others`).
#[test]
fn what_a_removed_device_has_deleted_is_the_business_of_those_who_heard_it_before() {
    let mut desk = Desk::paired(4);
    desk.copy(0, "of one that is away");
    desk.take_away(0);
    desk.take_away(3);
    desk.copy(1, "never came there");
    delete(&mut desk, 2, "of one that is away");
    delete(&mut desk, 2, "never came there");
    desk.wait(UNDO_MS);
    assert!(desk.texts(1).is_empty());
    let device = desk.id(2);
    desk.command(1, Command::RemoveDevice { device });
    desk.copy(1, "goes on");
    desk.wait(MINUTE);
    // Its own clip is gone from the relay, and it puts it back; nobody who has deleted it takes it in again.
    desk.bring_back_while(0, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(desk.texts(0), ["goes on", "of one that is away"]);
    assert_eq!(desk.texts(1), ["goes on"]);
    assert_eq!(codes(&desk, 0), ["removed", "missing", "items_restored"]);
    // It shares a clipboard with device 1, which had put the other one there.
    desk.bring_back_while(3, 2, |desk| desk.copy(3, "never came there"));
    desk.wait(MINUTE);
    assert_eq!(desk.texts(1), ["never came there", "goes on"]);
    assert_eq!(codes(&desk, 3), ["removed"]);
    assert!(codes(&desk, 1).is_empty());
}

#[test]
fn a_relay_that_was_set_back_brings_nothing_back() {
    let mut desk = Desk::paired(3);
    desk.take_away(2);
    desk.copy(0, "deleted");
    let backup = desk.snapshot();
    let id = delete(&mut desk, 1, "deleted");
    desk.wait(UNDO_MS);
    desk.bring_back_while(2, 0, |_| {});
    desk.take_away(1);
    desk.roll_back(backup);
    desk.wait(MINUTE);
    assert_eq!((desk.texts(2), desk.texts(0)), (vec![], vec![]), "they know the tombstone");
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(MINUTE);
    assert!(!kept(&desk).contains(&id), "who deleted it does so again");
}
