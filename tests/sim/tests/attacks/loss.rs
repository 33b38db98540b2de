//! Clips that are kept back in ways that should look like something else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use hushclip_engine::{Event, Said};
use hushclip_mailbox::MemoryStore;
use hushclip_model::Command;
use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::DeviceId;
use hushclip_sim::{Desk, Way};

use crate::craft::*;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// From here on device 1 gets no item of device 0 that fits; all that it should have got.
fn keep_back(desk: &mut Desk, which: impl Fn(u64) -> bool + 'static) -> Rc<RefCell<Vec<Item>>> {
    let kept = Rc::new(RefCell::new(Vec::<Item>::new()));
    let all = Rc::clone(&kept);
    let sender = DeviceId::from_hex(&desk.id(0)).expect("an identifier");
    let goes = move |item: &Item| {
        let header = Envelope::parse(&item.envelope).expect("an envelope").header;
        let kept_back = header.sender == sender && which(header.counter);
        if kept_back && all.borrow().iter().all(|known| known.cursor != item.cursor) {
            all.borrow_mut().push(item.clone());
        }
        !kept_back
    };
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Item(item)) if way == Way::Down && device == 1 => {
            if goes(&item) {
                vec![frame]
            } else {
                Vec::new()
            }
        }
        Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 1 => {
            items.retain(&goes);
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    kept
}

/// Code and number of each alert about holes.
fn holes(desk: &Desk, device: usize) -> Vec<(String, String)> {
    let alerts =
        desk.view(device).alerts.into_iter().filter(|alert| ["missing", "expired"].contains(&alert.what.code()));
    alerts.map(|alert| (alert.what.code().to_owned(), alert.what.values()[1].clone())).collect()
}

fn hole(code: &str, count: u32) -> (String, String) {
    (code.to_owned(), count.to_string())
}

#[test]
fn attack_clips_kept_back_until_their_secret_is_gone() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    let kept = keep_back(&mut desk, |_| true);
    desk.copy(0, "held back for weeks");
    desk.wait(20 * DAY);
    desk.stop_lying();
    let held = kept.take();
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { items, has_more, through }) if way == Way::Down && device == 1 => {
            let items = held.iter().cloned().chain(items).collect();
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(60_000);
    assert_eq!(desk.texts(1), ["first"]);
    assert_eq!(holes(&desk, 1).first().map(|(code, _)| code.as_str()), Some("missing"));
}

#[test]
fn attack_many_holes_are_all_counted() {
    let mut desk = Desk::paired(2);
    keep_back(&mut desk, |counter| counter % 2 == 0);
    for number in 1..=301 {
        desk.copy(0, &format!("clip {number}"));
        desk.wait(1_000);
    }
    assert_eq!(holes(&desk, 1), [hole("missing", 150)]);
    desk.restart(1);
    assert_eq!(holes(&desk, 1), [hole("missing", 150)]);
    let id = desk.view(1).alerts.last().expect("it is shown").id;
    desk.command(1, Command::DismissAlert { id });
    goes_on(&mut desk, 0, 1);
    assert_eq!(holes(&desk, 1), []);
}

#[test]
fn attack_clip_kept_back_among_those_that_have_expired() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.take_away(1);
    desk.copy(0, "gone by the time");
    desk.wait(8 * DAY);
    for text in ["one", "two", "three"] {
        desk.copy(0, text);
    }
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 1 => {
            let two = items.len() - 2;
            items.remove(two);
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(5_000);
    assert_eq!(desk.texts(1), ["three", "one", "first"]);
    let codes: Vec<_> = holes(&desk, 1).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["expired", "missing"], "the relay has what came before and after it");
    assert_eq!(holes(&desk, 1)[1], hole("missing", 1));
}

#[test]
fn attack_clip_kept_back_for_a_week_on_an_open_line_has_not_expired() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    keep_back(&mut desk, |_| true);
    // Nor does it get an answer, which would tell it that there is more.
    desk.lie_also(|way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::Push { .. }) if way == Way::Up && device == 1 => Vec::new(),
        _ => vec![frame],
    });
    desk.copy(0, "held back");
    desk.wait(8 * DAY);
    desk.stop_lying();
    desk.cut(None);
    desk.wait(60_000);
    desk.copy(0, "last");
    assert_eq!(desk.texts(1), ["last", "first"]);
    let codes: Vec<_> = holes(&desk, 1).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["missing"], "this device was there all the time");
}

#[test]
fn a_line_that_was_asleep_for_a_week_is_an_absence() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.take_away(1);
    desk.copy(0, "gone by the time");
    desk.wait(8 * DAY);
    // What wakes it up is not the end of its line, but the next look at the clock or a frame that lay there.
    let line = desk.line(1);
    let said = |said| Event::Line { line, said };
    desk.wake_up(1, [said(Said::Pong), Event::Timer, said(Said::Closed { code: None })]);
    desk.wait(60_000);
    desk.copy(0, "last");
    assert_eq!(desk.texts(1), ["last", "first"]);
    let codes: Vec<_> = holes(&desk, 1).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["expired"]);
}

#[test]
fn attack_more_than_the_relay_keeps_is_no_excuse_for_the_newest() {
    // Honest so far: of 1,005 clips the first ones had to go.
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.take_away(1);
    for number in 0..1_005 {
        desk.copy(0, &format!("clip {number}"));
        desk.wait(600);
    }
    let kept = keep_back(&mut desk, |counter| counter == 1_000);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60_000);
    assert_eq!(kept.borrow().len(), 1);
    assert_eq!(desk.texts(1).len(), 1_000);
    // Of the 1,000 that it kept, one is withheld.
    assert_eq!(holes(&desk, 1), [hole("expired", 5), hole("missing", 1)]);
}

#[test]
fn attack_stop_for_a_withheld_log_is_not_pushed_out_by_other_news() {
    let mut desk = Desk::paired(3);
    let bytes = envelope_with(&stolen_keys(&desk, 0), &entries(&desk, 0), "x", |address| {
        (address.log_seq, address.epoch) = (u64::MAX, u64::MAX);
    });
    show_item(&mut desk, 1, 1, &bytes);
    assert_eq!(alerts(&desk, 1), ["log_withheld"]);
    desk.add_device();
    for _ in 0..40 {
        let link = desk.invite();
        desk.command(3, Command::Join { link, name: "comes and goes".into() });
        let digits = desk.digits(3);
        desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
        desk.wait(5_000);
        let device = desk.id(3);
        desk.command(0, Command::RemoveDevice { device });
        desk.command(3, Command::Leave);
        desk.wait(5_000);
    }
    assert!(desk.view(1).alerts.len() <= 64, "{}", desk.view(1).alerts.len());
    assert!(alerts(&desk, 1).contains(&"log_withheld".to_owned()));
    desk.copy(1, "waits");
    assert_eq!(desk.view(1).waiting, 1);
}

/// Device 0 sends ten clips, is copied, and sends forty more, which the other one has.
fn with_old_backup() -> (Desk, BTreeMap<String, Vec<u8>>) {
    let mut desk = Desk::paired(2);
    for n in 0..10 {
        desk.copy(0, &format!("early {n}"));
        desk.wait(1_000);
    }
    let backup = desk.disk(0).clone();
    for n in 0..40 {
        desk.copy(0, &format!("after the backup {n}"));
        desk.wait(10_000);
    }
    assert_eq!(desk.texts(1).len(), 50);
    desk.take_away(0);
    (desk, backup)
}

/// What it sends now arrives, and the other one tells that counters were used twice.
fn is_heard(desk: &mut Desk) {
    for n in 0..5 {
        desk.copy(0, &format!("today {n}"));
        desk.wait(10_000);
    }
    assert_eq!(desk.texts(1)[..5], ["today 4", "today 3", "today 2", "today 1", "today 0"]);
    assert!(alerts(desk, 1).contains(&"cloned".to_owned()), "{:?}", alerts(desk, 1));
}

#[test]
fn a_computer_restored_from_an_old_backup_is_heard() {
    let (mut desk, backup) = with_old_backup();
    desk.wait(10 * 24 * 60 * 60_000);
    desk.set_disk(0, backup);
    desk.wait(60_000);
    is_heard(&mut desk);
}

#[test]
fn a_computer_restored_from_an_old_backup_is_heard_at_an_emptied_relay() {
    let (mut desk, backup) = with_old_backup();
    desk.roll_back(MemoryStore::default());
    desk.set_disk(0, backup);
    desk.wait(60_000);
    is_heard(&mut desk);
}
