//! A relay that is set back to an earlier state, is emptied, or lies about its cursors: what is there
//! afterwards is what was sent.

use hushclip_engine::Event;
use hushclip_mailbox::{MemoryStore, Store};
use hushclip_model::{Command, Notice};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::limits;
use hushclip_sim::{Desk, Way};

const MINUTE: u64 = 60_000;

fn alerts(desk: &Desk, device: usize) -> Vec<String> {
    let all = desk.view(device).alerts.into_iter().map(|alert| alert.what.code().to_owned());
    all.filter(|code| code != "joined" && code != "removed").collect()
}

fn problem(desk: &Desk, device: usize) -> String {
    desk.view(device).problem.map(|p| p.code().to_owned()).unwrap_or_default()
}

#[test]
fn a_restored_backup_loses_nothing() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "a1");
    desk.copy(0, "a2");
    let backup = desk.snapshot();
    desk.take_away(2);
    for text in ["b1", "b2", "b3", "b4", "b5"] {
        desk.copy(0, text);
    }
    desk.roll_back(backup);
    // Before anybody is back, the relay gives the lost places to other clips.
    for text in ["c1", "c2", "c3", "c4"] {
        desk.copy(1, text);
    }
    desk.wait(MINUTE);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    for device in 0..3 {
        let mut texts = desk.texts(device);
        texts.sort_unstable();
        assert_eq!(texts, ["a1", "a2", "b1", "b2", "b3", "b4", "b5", "c1", "c2", "c3", "c4"], "device {device}");
        assert!(problem(&desk, device).is_empty(), "{}", problem(&desk, device));
    }
    assert_eq!(alerts(&desk, 0), ["items_restored"]);
    assert!(alerts(&desk, 2).is_empty(), "{:?}", alerts(&desk, 2));
    // What was put back is of the past: the newest clip stays where it is.
    assert_eq!(desk.clipboard(2).last().map(String::as_str), Some("c4"));
}

#[test]
fn an_older_clip_of_a_restored_backup_stays_off_the_clipboard() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "first");
    desk.take_away(2);
    desk.copy(1, "older");
    let backup = desk.snapshot();
    desk.wait(1_000);
    desk.copy(0, "newest");
    desk.roll_back(backup);
    desk.wait(MINUTE);
    desk.bring_back_while(2, 0, |_| {});
    assert_eq!(desk.texts(2), ["newest", "older", "first"]);
    // Other programs on this clipboard have had the newest, and would take the older one for a copy of the person's.
    assert_eq!(desk.clipboard(2), ["first"]);
    desk.copy(1, "and on");
    assert_eq!(desk.clipboard(2), ["first", "and on"]);
}

#[test]
fn what_a_restored_backup_brings_does_not_overwrite_a_newer_copy_that_it_has_lost() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "first");
    let early = desk.snapshot();
    desk.take_away(2);
    desk.copy(1, "older");
    let late = desk.snapshot();
    desk.take_away(1);
    desk.take_away(0);
    desk.roll_back(early);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(1_000);
    desk.copy(2, "newest");
    desk.roll_back(late);
    desk.wait(MINUTE);
    assert_eq!(desk.texts(2), ["older", "newest", "first"]);
    assert_eq!(desk.clipboard(2), ["first"], "the person's own copy stays there");
}

#[test]
fn an_emptied_relay_is_filled_again() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "zero");
    desk.copy(1, "one");
    desk.take_away(2);
    desk.copy(1, "while away");
    desk.roll_back(MemoryStore::default());
    desk.wait(MINUTE);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    for device in 0..3 {
        let mut texts = desk.texts(device);
        texts.sort_unstable();
        assert_eq!(texts, ["one", "while away", "zero"], "device {device}");
        assert_eq!(problem(&desk, device), "");
    }
    desk.copy(2, "goes on");
    assert_eq!(desk.texts(0)[0], "goes on");
    desk.add_device();
    let link = desk.invite();
    desk.command(3, Command::Join { link, name: "late".into() });
    let digits = desk.digits(3);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.copy(3, "from the newcomer");
    assert_eq!(desk.texts(1)[0], "from the newcomer");
}

#[test]
fn a_device_let_in_after_the_backup_brings_its_own_entry_back() {
    let mut desk = Desk::paired(2);
    let backup = desk.snapshot();
    desk.add_device();
    let link = desk.invite();
    desk.command(2, Command::Join { link, name: "device 2".into() });
    let digits = desk.digits(2);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    // The others do not come back for now.
    desk.take_away(0);
    desk.take_away(1);
    desk.roll_back(backup);
    desk.copy(2, "alone");
    desk.wait(MINUTE);
    assert_eq!((desk.view(2).waiting, problem(&desk, 2)), (0, String::new()));
    assert_eq!(alerts(&desk, 2), ["log_restored"]);
    for device in [0, 1] {
        desk.bring_back_while(device, 0, |_| {});
        desk.wait(MINUTE);
        assert_eq!(desk.texts(device), ["alone"]);
    }
}

#[test]
fn pins_and_deletions_outlive_a_restore() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "kept");
    desk.copy(0, "gone");
    let backup = desk.snapshot();
    let (gone, kept) = (desk.view(1).clips[0].id.clone(), desk.view(1).clips[1].id.clone());
    desk.command(1, Command::Pin { id: kept, pinned: true });
    desk.command(1, Command::Delete { ids: vec![gone] });
    desk.wait(MINUTE);
    assert_eq!(desk.texts(0), ["kept"]);
    desk.roll_back(backup);
    desk.wait(MINUTE);
    desk.add_device();
    let link = desk.invite();
    desk.command(2, Command::Join { link, name: "late".into() });
    let digits = desk.digits(2);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: true });
    desk.wait(MINUTE);
    for device in 0..3 {
        assert_eq!(desk.texts(device), ["kept"], "device {device}");
        assert!(desk.view(device).clips[0].pinned, "device {device}");
        assert!(alerts(&desk, device).iter().all(|code| code == "items_restored"), "{:?}", alerts(&desk, device));
    }
}

#[test]
fn a_pin_that_was_under_way_when_the_relay_lost_it_is_one_for_all() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "mine");
    desk.take_away(0);
    // Device 2 does not hear that its word is stored, and device 1 hears the word.
    desk.lie(|way, device, frame| if way == Way::Down && device == 2 { vec![] } else { vec![frame] });
    let id = desk.view(2).clips[0].id.clone();
    desk.command(2, Command::Pin { id, pinned: true });
    assert!(desk.view(1).clips[0].pinned);
    desk.take_away(2);
    desk.stop_lying();
    desk.roll_back(MemoryStore::default());
    desk.wait(MINUTE);
    // Device 0 puts its clip back, and says of it what it knows.
    desk.bring_back_while(0, 0, |_| {});
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    let pinned: Vec<_> = (0..3).map(|device| desk.view(device).clips[0].pinned).collect();
    assert!(pinned.iter().all(|pin| *pin == pinned[0]), "{pinned:?}");
}

#[test]
fn nothing_is_put_back_without_need() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.copy(1, "second");
    let hour = 60 * MINUTE;
    for _ in 0..3 {
        desk.cut(None);
        desk.wait(hour);
        desk.restart(0);
        desk.event(0, Event::Started);
        desk.wait(hour);
    }
    // Everything has gone from the relay by rights.
    desk.take_away(1);
    desk.wait(u64::from(limits::TTL_S) * 1000 + hour);
    desk.bring_back_while(1, 0, |_| {});
    desk.cut(None);
    desk.wait(hour);
    desk.copy(0, "third");
    assert_eq!(desk.texts(1), ["third", "second", "first"]);
    assert!(alerts(&desk, 0).is_empty() && alerts(&desk, 1).is_empty());
}

#[test]
fn a_cursor_made_up_costs_nothing() {
    for lie in [1_000, u64::MAX] {
        let mut desk = Desk::paired(2);
        desk.copy(0, "first");
        // The second item is given a place far off.
        desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
            Ok(ToDevice::Item(mut item)) if way == Way::Down && device == 1 && item.cursor == 2 => {
                item.cursor = lie;
                vec![ToDevice::Item(item).encode()]
            }
            Ok(ToDevice::Items { mut items, has_more, .. }) if way == Way::Down && device == 1 => {
                items.iter_mut().filter(|item| item.cursor == 2).for_each(|item| item.cursor = lie);
                vec![ToDevice::Items { items, has_more, through: lie }.encode()]
            }
            _ => vec![frame],
        });
        desk.copy(0, "second");
        desk.stop_lying();
        desk.copy(0, "third");
        desk.wait(MINUTE);
        desk.copy(0, "fourth");
        assert_eq!(desk.texts(1), ["fourth", "third", "second", "first"], "on the open line");
        desk.cut(None);
        desk.wait(MINUTE);
        desk.copy(1, "back");
        assert_eq!(desk.texts(0)[0], "back");
        assert!(alerts(&desk, 1).is_empty(), "{:?}", alerts(&desk, 1));
    }
}

#[test]
fn a_relay_that_denies_what_it_has_is_not_sent_it_again() {
    // It pretends that this device and it agree on nothing, at every sign-in.
    let mut desk = Desk::paired(2);
    for n in 0..20 {
        desk.copy(0, &format!("clip {n}"));
    }
    let pushed = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = std::rc::Rc::clone(&pushed);
    desk.lie(move |way, _, frame| {
        if way == Way::Up {
            count.set(count.get() + u32::from(matches!(ToRelay::decode(&frame), Ok(ToRelay::Push { .. }))));
            return vec![frame];
        }
        match ToDevice::decode(&frame) {
            Ok(ToDevice::Welcome(mut welcome)) => {
                welcome.resume_after = 7;
                vec![ToDevice::Welcome(welcome).encode()]
            }
            _ => vec![frame],
        }
    });
    for _ in 0..5 {
        desk.cut(None);
        desk.wait(MINUTE);
    }
    assert_eq!(pushed.get(), 0, "all of it is there");
    assert_eq!(desk.texts(1).len(), 20);
    assert!(alerts(&desk, 0).is_empty() && alerts(&desk, 1).is_empty());
}

#[test]
fn an_emptied_relay_gets_a_long_log_back_within_its_limits() {
    let mut desk = Desk::paired(2);
    desk.command(0, Command::SetRotation { minutes: 30 });
    // Far more entries than one may send in a minute without having signed in.
    desk.wait(400 * 30 * MINUTE);
    desk.copy(0, "zero");
    desk.roll_back(MemoryStore::default());
    desk.wait(30 * MINUTE);
    desk.copy(1, "one");
    desk.wait(MINUTE);
    for device in 0..2 {
        assert!(problem(&desk, device).is_empty(), "{device}: {}", problem(&desk, device));
        let mut texts = desk.texts(device);
        texts.sort_unstable();
        assert_eq!(texts, ["one", "zero"], "device {device}");
    }
}

#[test]
fn a_relay_that_never_has_enough_of_the_log_is_not_shown_it_without_end() {
    for stands_still in [true, false] {
        let mut desk = Desk::paired(2);
        let first = desk.snapshot().log_from(0, 1).expect("a store in memory")[0].hash();
        let frames = std::rc::Rc::new(std::cell::Cell::new(0));
        let count = std::rc::Rc::clone(&frames);
        desk.lie(move |way, _, frame| {
            if way == Way::Up {
                let shows = matches!(ToRelay::decode(&frame), Ok(ToRelay::Register { .. } | ToRelay::LogAppend(_)));
                count.set(count.get() + u32::from(shows));
                return vec![frame];
            }
            match ToDevice::decode(&frame) {
                // It does not know this device, whatever it was shown; and may not even take what it is shown.
                Ok(ToDevice::Welcome(_)) => {
                    vec![ToDevice::Error { code: ErrorCode::LogBehind, retry_after_ms: 0, of: 0 }.encode()]
                }
                Ok(ToDevice::Registered { .. }) if stands_still => {
                    vec![ToDevice::Registered { log_seq: 0, log_head: first }.encode()]
                }
                _ => vec![frame],
            }
        });
        desk.cut(None);
        desk.wait(10 * MINUTE);
        // Two devices, at most one try for each of their ever longer pauses.
        assert!(frames.get() < 100, "{} frames", frames.get());
        desk.stop_lying();
        desk.cut(None);
        desk.wait(2 * MINUTE);
        desk.copy(0, "on");
        assert_eq!(desk.texts(1), ["on"]);
    }
}

#[test]
fn a_backup_from_before_a_removal_is_no_sign_of_a_lie() {
    let mut desk = Desk::paired(3);
    // The remover's clock is behind.
    desk.skew(0, -MINUTE.cast_signed());
    desk.take_away(0);
    desk.copy(1, "sent in time");
    let backup = desk.snapshot();
    desk.take_away(1);
    desk.roll_back(MemoryStore::default());
    desk.bring_back_while(0, 0, |_| {});
    let device = desk.id(2);
    desk.command(0, Command::RemoveDevice { device });
    desk.wait(MINUTE / 4);
    assert_eq!((desk.texts(0).len(), desk.view(0).devices.len()), (0, 2));
    desk.roll_back(backup);
    desk.wait(MINUTE / 4);
    assert_eq!(desk.texts(0), ["sent in time"]);
    assert!(!alerts(&desk, 0).contains(&"removal_withheld".to_owned()), "{:?}", alerts(&desk, 0));
    // Device 1 is told of the removal, and nothing is left open.
    desk.bring_back_while(1, 0, |_| {});
    desk.copy(1, "sent to those who are left");
    desk.wait(MINUTE);
    assert_eq!(desk.texts(0).len(), 2);
    assert_eq!(alerts(&desk, 0), ["log_restored"]);
}

/// The relay stores nothing for so long that the oldest clip, which has its counter, is given up.
fn give_one_up(desk: &mut Desk) {
    desk.fill_relay(true);
    for number in 0..=limits::OUTBOX {
        desk.copy(0, &format!("clip {number}"));
    }
    assert_eq!(problem(desk, 0), "outbox_full");
    desk.fill_relay(false);
}

#[test]
fn a_clip_that_was_given_up_is_not_taken_for_lost() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    give_one_up(&mut desk);
    desk.restart(0);
    for _ in 0..3 {
        desk.wait(10 * MINUTE);
        desk.cut(None);
    }
    desk.wait(MINUTE);
    assert_eq!(desk.view(0).waiting, 0);
    assert!(alerts(&desk, 0).is_empty() && alerts(&desk, 1).is_empty(), "{:?}", alerts(&desk, 0));
    let came = desk.news(1).into_iter().filter(|news| matches!(news, Notice::Received { .. })).count();
    assert_eq!(came, limits::OUTBOX + 1, "\"first\" and all but the one that was given up");
    assert_eq!(desk.snapshot().item_rows(0, usize::MAX).expect("a store in memory").len(), limits::OUTBOX + 2);
}

#[test]
fn clips_that_were_given_up_make_room() {
    let mut desk = Desk::paired(2);
    give_one_up(&mut desk);
    desk.fill_relay(true);
    for number in 0..5_100 {
        desk.copy(0, &format!("more {number}"));
    }
    for records in ["list/", "about/"] {
        let kept = desk.disk(0).keys().filter(|key| key.starts_with(records)).count();
        assert_eq!(kept, 5_000, "the list has its bound");
    }
    desk.fill_relay(false);
    desk.wait(10 * MINUTE);
    desk.copy(1, "from the other");
    assert_eq!((desk.view(0).waiting, desk.texts(0)[0].as_str()), (0, "from the other"));
}

#[test]
fn what_waited_long_to_be_sent_is_put_back_as_well() {
    let mut desk = Desk::paired(2);
    desk.copy(1, "anchor");
    desk.take_away(1);
    let backup = desk.snapshot();
    desk.reachable = false;
    desk.cut(None);
    desk.copy(0, "copied offline");
    desk.wait(8 * 24 * 60 * 60_000);
    desk.reachable = true;
    desk.event(0, Event::Online);
    desk.wait(60_000);
    assert_eq!(desk.view(0).waiting, 0);
    desk.roll_back(backup);
    desk.wait(60_000);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60_000);
    assert_eq!(desk.texts(1), ["copied offline", "anchor"]);
}

#[test]
fn what_is_put_back_again_and_again_goes_when_its_week_is_over() {
    let mut desk = Desk::paired(2);
    let empty = desk.snapshot();
    desk.copy(0, "a week at most");
    for _ in 0..6 {
        desk.wait(5 * 24 * 60 * MINUTE);
        desk.roll_back(empty.clone());
        desk.wait(2 * MINUTE);
    }
    desk.add_device();
    let link = desk.invite();
    desk.command(2, Command::Join { link, name: "new".into() });
    let digits = desk.digits(2);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.wait(MINUTE);
    desk.roll_back(empty);
    desk.wait(2 * MINUTE);
    assert!(desk.texts(2).is_empty(), "{:?}", desk.texts(2));
}

#[test]
fn what_was_deleted_before_a_restore_is_no_copy_of_its_sender_whatever_its_clock() {
    let mut desk = Desk::paired(3);
    desk.copy(2, "warm up");
    desk.take_away(1);
    desk.wait(MINUTE);
    desk.copy(2, "regretted");
    let backup = desk.snapshot();
    let id = desk.view(2).clips[0].id.clone();
    desk.skew(2, -35 * 60_000);
    desk.command(2, Command::Delete { ids: vec![id] });
    desk.wait(MINUTE);
    desk.copy(2, "by the clock, earlier");
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(desk.texts(1), ["by the clock, earlier", "warm up"]);
    desk.take_away(2);
    desk.roll_back(backup);
    desk.wait(MINUTE);
    assert_eq!(desk.texts(1), ["by the clock, earlier", "warm up"]);
    assert!(alerts(&desk, 1).is_empty(), "{:?}", alerts(&desk, 1));
}

#[test]
fn a_relay_that_made_room_while_a_device_was_away_was_not_set_back() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "first");
    for text in ["mine", "mine too"] {
        desk.copy(2, text);
        desk.wait(MINUTE);
    }
    desk.take_away(2);
    for number in 0..limits::ITEMS + 5 {
        desk.copy(0, &format!("clip {number}"));
        desk.wait(600);
    }
    // There would be room for what it sent itself.
    let deleted: Vec<_> = desk.view(0).clips.into_iter().skip(10).take(10).map(|clip| clip.id).collect();
    desk.command(0, Command::Delete { ids: deleted });
    desk.wait(MINUTE);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(alerts(&desk, 2), ["expired"], "and nothing was restored");
    assert_eq!(desk.texts(2).len(), 3 + limits::ITEMS - 1 - 10, "one place is the tombstone's");
    assert_eq!(desk.clipboard(2).last(), Some(&format!("clip {}", limits::ITEMS + 4)));
    assert_eq!(desk.texts(0).iter().filter(|text| text.starts_with("mine")).count(), 2, "nothing comes a second time");
    desk.copy(2, "and on");
    assert_eq!(desk.clipboard(0).last().map(String::as_str), Some("and on"));
}

#[test]
fn a_relay_whose_numbers_leap_ahead_gets_what_it_lacks() {
    let mut desk = Desk::paired(3);
    for number in 0..2 * limits::ITEMS + 200 {
        desk.copy(0, &format!("clip {number}"));
        desk.wait(600);
    }
    // What is put back finds room.
    let deleted: Vec<_> = desk.view(0).clips.into_iter().skip(10).take(50).map(|clip| clip.id).collect();
    desk.command(0, Command::Delete { ids: deleted });
    desk.wait(MINUTE);
    let backup = desk.snapshot();
    desk.take_away(2);
    desk.copy(0, "after the backup");
    desk.wait(MINUTE);
    // The disk is lost, the devices fill an empty one, and then the backup is found.
    desk.roll_back(MemoryStore::default());
    desk.wait(20 * MINUTE);
    assert_eq!(desk.texts(1)[0], "after the backup");
    desk.roll_back(backup);
    desk.wait(20 * MINUTE);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(desk.texts(2)[0], "after the backup");
    assert!(alerts(&desk, 2).is_empty(), "{:?}", alerts(&desk, 2));
}

#[test]
fn a_clip_that_is_put_back_behind_its_pin_is_pinned_everywhere() {
    let mut desk = Desk::paired(3);
    desk.copy(1, "first");
    let backup = desk.snapshot();
    desk.take_away(2);
    desk.copy(0, "to be pinned");
    desk.take_away(0);
    desk.roll_back(backup);
    desk.wait(MINUTE);
    let id = desk.view(1).clips[0].id.clone();
    desk.command(1, Command::Pin { id, pinned: true });
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(desk.texts(2), ["first"], "it hears of the pin, and has nothing to pin");
    desk.bring_back_while(0, 0, |_| {});
    desk.wait(MINUTE);
    for device in 0..3 {
        let pinned: Vec<_> =
            desk.view(device).clips.into_iter().filter(|clip| clip.pinned).map(|clip| clip.text).collect();
        assert_eq!(pinned, ["to be pinned"], "device {device}");
    }
}
