//! A relay that keeps devices apart: what they do not hear of each other.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_engine::Event;
use hushclip_model::Command;
use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::DeviceId;
use hushclip_sim::{Desk, Way};

use crate::craft::*;

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

/// Nothing that device 0 sends gets to device 1; the relay shows it as connected, or not.
fn keep_apart(desk: &mut Desk, shown: bool) {
    let sender = DeviceId::from_hex(&desk.id(0)).expect("an identifier");
    let is_by = move |bytes: &[u8]| Envelope::parse(bytes).is_ok_and(|envelope| envelope.header.sender == sender);
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        _ if way == Way::Up || device != 1 => vec![frame],
        Ok(ToDevice::Item(item)) if is_by(&item.envelope) => Vec::new(),
        Ok(ToDevice::Items { mut items, has_more, through }) => {
            items.retain(|item| !is_by(&item.envelope));
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        Ok(ToDevice::Presence { .. }) if !shown => Vec::new(),
        Ok(ToDevice::Welcome(mut welcome)) if !shown => {
            welcome.online.clear();
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(5_000);
}

#[test]
fn attack_all_that_a_connected_device_sends_is_kept_back() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "seen");
    keep_apart(&mut desk, true);
    for _ in 0..23 {
        desk.copy(0, &format!("not seen at {}", desk.now));
        desk.wait(HOUR);
    }
    assert!(alerts(&desk, 1).is_empty(), "a device may be silent for a day");
    desk.wait(4 * HOUR);
    assert_eq!(alerts(&desk, 1), ["silent"], "17 days of that went unsaid");
    desk.wait(17 * DAY);
    desk.restart(1);
    let silent = desk.view(1).alerts.into_iter().find(|alert| alert.what.code() == "silent").expect("it is shown");
    assert_eq!(silent.what.values(), ["device 0", "18"], "{}", silent.what);
    desk.command(1, Command::DismissAlert { id: silent.id });
    desk.wait(3 * DAY);
    assert!(alerts(&desk, 1).is_empty(), "said once");
    desk.stop_lying();
    desk.copy(0, "heard");
    assert_eq!(alerts(&desk, 1), ["missing"], "and then it is known how much");
}

#[test]
fn attack_all_that_a_device_sends_is_kept_back_and_it_is_called_away() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "seen");
    keep_apart(&mut desk, false);
    desk.wait(6 * DAY);
    assert!(alerts(&desk, 1).is_empty(), "a device may be off");
    desk.wait(DAY + HOUR);
    assert_eq!(alerts(&desk, 1), ["silent"]);
}

#[test]
fn attack_what_a_device_sends_is_passed_on_drop_by_drop() {
    let mut desk = Desk::paired(2);
    keep_apart(&mut desk, true);
    let sent = pushes(&mut desk, 0);
    for number in 1..=8 {
        desk.copy(0, &format!("clip {number}"));
    }
    // Device 1 is not told that there is more.
    desk.lie_also(|way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { .. }) if way == Way::Up && device == 1 => Vec::new(),
        _ => vec![frame],
    });
    for day in 1..=8 {
        assert!(day > 3 || alerts(&desk, 1).is_empty(), "clocks may be two days apart: {:?}", alerts(&desk, 1));
        let envelope = sent.borrow()[day - 1].clone();
        show_item(&mut desk, 1, day as u64, &envelope);
        assert_eq!(desk.texts(1).len(), day);
        desk.wait(DAY);
        assert!(day < 4 || alerts(&desk, 1) == ["silent"], "on day {day}: {:?}", alerts(&desk, 1));
    }
    let id = desk.view(1).alerts.pop().expect("it is shown").id;
    desk.command(1, Command::DismissAlert { id });
    desk.wait(DAY);
    assert!(alerts(&desk, 1).is_empty(), "said once");
}

#[test]
fn a_clip_that_waited_for_days_comes_with_a_sign_of_life() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "seen");
    desk.reachable = false;
    desk.cut(None);
    desk.copy(0, "waits");
    desk.wait(5 * DAY);
    desk.reachable = true;
    desk.event(1, Event::Online);
    desk.event(0, Event::Online);
    desk.wait(HOUR);
    assert_eq!(desk.texts(1), ["waits", "seen"]);
    assert!(alerts(&desk, 1).is_empty(), "{:?}", alerts(&desk, 1));
}

#[test]
fn a_device_that_was_off_is_only_said_to_be_silent() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "seen");
    desk.take_away(0);
    desk.wait(8 * DAY);
    let alert = desk.view(1).alerts.pop().expect("it is shown");
    assert_eq!(alert.what.code(), "silent");
    assert!(alert.what.to_string().contains("If it was in use"), "{}", alert.what);
    desk.bring_back_while(0, 0, |_| {});
    desk.wait(60_000);
    assert!(alerts(&desk, 1).is_empty(), "it has taken itself back: {:?}", alerts(&desk, 1));
    assert!(alerts(&desk, 0).iter().all(|code| code == "expired"), "{:?}", alerts(&desk, 0));
    // Just back after days, a device gets the time to say so.
    desk.take_away(2);
    desk.wait(3 * DAY);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(60_000);
    assert!(alerts(&desk, 1).is_empty() && alerts(&desk, 2).is_empty());
}

/// Device 1 is shown nothing of a removal, and what it sends gets to device 0 all the same.
fn freeze_device_1(desk: &mut Desk) -> Rc<RefCell<Vec<Vec<u8>>>> {
    let pushed = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&pushed);
    let known = entries(desk, 1).len() as u64;
    desk.lie(move |way, device, frame| match (way, device) {
        (Way::Up, 1) => match ToRelay::decode(&frame) {
            Ok(ToRelay::Push { envelope, .. }) => {
                kept.borrow_mut().push(envelope.to_vec());
                Vec::new()
            }
            _ => vec![frame],
        },
        (Way::Down, 1) => match ToDevice::decode(&frame) {
            Ok(ToDevice::LogEntries { from, .. }) if from >= known => Vec::new(),
            Ok(ToDevice::Item(_)) => Vec::new(),
            _ => vec![frame],
        },
        _ => vec![frame],
    });
    pushed
}

/// What device 1 has pushed gets to device 0, and it is told that it was stored.
fn pass_on(desk: &mut Desk, pushed: &Rc<RefCell<Vec<Vec<u8>>>>, cursor: u64) {
    let envelope = pushed.borrow_mut().pop().expect("something was pushed");
    let item = Envelope::parse(&envelope).expect("an envelope").header.item;
    desk.tell(1, &ToDevice::Pushed { item, cursor, mark: 0 });
    show_item(desk, 0, cursor, &envelope);
}

#[test]
fn attack_removed_device_reads_on_through_one_that_is_not_told() {
    let mut desk = Desk::paired(3);
    let pushed = freeze_device_1(&mut desk);
    let device = desk.id(2);
    desk.command(0, Command::RemoveDevice { device });
    desk.wait(60_000);
    desk.copy(1, "for the device that was removed, too");
    pass_on(&mut desk, &pushed, 1);
    assert_eq!(desk.texts(0), ["for the device that was removed, too"]);
    assert_eq!(alerts(&desk, 0), ["removal_withheld"]);
    let alert = desk.view(0).alerts.pop().expect("it is shown");
    assert_eq!(alert.what.values(), ["device 1", "device 2"]);
    desk.copy(1, "again");
    pass_on(&mut desk, &pushed, 2);
    assert_eq!(alerts(&desk, 0), ["removal_withheld"], "said once");
}

#[test]
fn attack_sign_of_life_shows_that_a_removal_is_withheld() {
    let mut desk = Desk::paired(3);
    desk.copy(1, "before");
    let pushed = freeze_device_1(&mut desk);
    let device = desk.id(2);
    desk.command(0, Command::RemoveDevice { device });
    desk.restart(0);
    desk.wait(DAY + HOUR);
    // Device 0 has given one too.
    pass_on(&mut desk, &pushed, 3);
    assert!(alerts(&desk, 0).contains(&"removal_withheld".to_owned()), "{:?}", alerts(&desk, 0));
}

/// Device 0 signs in anew, and is told that the relay was set back and has nothing but these.
fn pass_on_as_a_backup(desk: &mut Desk, pushed: &Rc<RefCell<Vec<Vec<u8>>>>) {
    let envelopes = std::mem::take(&mut *pushed.borrow_mut());
    for envelope in &envelopes {
        let item = Envelope::parse(envelope).expect("an envelope").header.item;
        desk.tell(1, &ToDevice::Pushed { item, cursor: 1, mark: 1 });
    }
    desk.lie_also(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down && device == 0 => {
            welcome.resume_after = 0;
            vec![ToDevice::Welcome(welcome).encode()]
        }
        Ok(ToDevice::Items { .. }) if way == Way::Down && device == 0 => {
            let items = (1..).zip(&envelopes);
            let items = items.map(|(cursor, envelope)| Item { cursor, envelope: envelope.clone().into(), mark: 1 });
            let (items, through) = (items.collect(), envelopes.len() as u64);
            vec![ToDevice::Items { items, has_more: false, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.restart(0);
    desk.wait(1_000);
}

#[test]
fn attack_removal_withheld_behind_a_backup_made_up() {
    let mut desk = Desk::paired(3);
    let pushed = freeze_device_1(&mut desk);
    let device = desk.id(2);
    desk.command(0, Command::RemoveDevice { device });
    desk.wait(60_000);
    desk.copy(1, "at once");
    pass_on_as_a_backup(&mut desk, &pushed);
    assert_eq!(desk.texts(0), ["at once"]);
    assert!(alerts(&desk, 0).is_empty(), "it could be of before, by a clock that is ahead: {:?}", alerts(&desk, 0));
    desk.wait(2 * DAY);
    desk.copy(1, "days later");
    // Its signs of life come first.
    while !pushed.borrow().is_empty() {
        pass_on_as_a_backup(&mut desk, &pushed);
    }
    assert_eq!(desk.texts(0)[0], "days later");
    assert!(alerts(&desk, 0).contains(&"removal_withheld".to_owned()), "{:?}", alerts(&desk, 0));
}

#[test]
fn a_clip_from_just_before_a_removal_is_no_sign_of_a_lie() {
    let mut desk = Desk::paired(3);
    desk.reachable = false;
    desk.cut(None);
    let device = desk.id(2);
    // The remover's clock is a day behind.
    desk.skew(0, -DAY.cast_signed());
    desk.command(0, Command::RemoveDevice { device });
    desk.reachable = true;
    desk.event(1, Event::Online);
    desk.copy(1, "before the relay knew");
    desk.event(0, Event::Online);
    desk.wait(60_000);
    assert_eq!((desk.view(1).devices.len(), desk.texts(0).len()), (2, 1));
    assert!(alerts(&desk, 0).is_empty(), "{:?}", alerts(&desk, 0));
}

#[test]
fn a_backup_from_before_a_removal_makes_nobody_a_liar() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "the last one before the backup");
    desk.wait(1_000);
    desk.take_away(1);
    let backup = desk.snapshot();
    let id = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: id });
    desk.wait(60_000);
    desk.take_away(0);
    desk.roll_back(backup);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60_000);
    desk.copy(1, "by one that cannot know");
    desk.bring_back_while(0, 0, |_| {});
    desk.wait(60_000);
    assert_eq!(alerts(&desk, 0), ["log_restored"]);
    assert_eq!(desk.view(1).devices.len(), 2);
}
