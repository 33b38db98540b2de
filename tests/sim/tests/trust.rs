//! Stories of trust: devices that go, keys that change, what is told and what is forgotten.

use hushclip_engine::Event;
use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Command, Notice};
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::Hash;
use hushclip_protocol::limits;
use hushclip_sim::{Desk, Way};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

fn problem(desk: &Desk, device: usize) -> String {
    desk.view(device).problem.map(|p| p.code().to_owned()).unwrap_or_default()
}

fn alerts(desk: &Desk, device: usize) -> Vec<String> {
    desk.view(device).alerts.into_iter().map(|alert| alert.what.code().to_owned()).collect()
}

fn remove(desk: &mut Desk, by: usize, device: usize) {
    let device = desk.id(device);
    desk.command(by, Command::RemoveDevice { device });
}

/// Lets a device in again.
fn join(desk: &mut Desk, device: usize) {
    let link = desk.invite();
    desk.command(device, Command::Join { link, name: format!("device {device} again") });
    let digits = desk.digits(device);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
}

/// How many epochs a device has the secret of: each stands as an array of number and 32 bytes in its record.
fn secrets(desk: &Desk, device: usize) -> usize {
    let mut decoder = minicbor::Decoder::new(&desk.disk(device)["members"]);
    decoder.array().expect("a record");
    for _ in 0..2 {
        decoder.skip().expect("a field");
    }
    decoder.map().expect("the secrets").expect("of definite length") as usize
}

fn box_key(desk: &Desk, device: usize) -> Vec<u8> {
    let mut decoder = minicbor::Decoder::new(&desk.disk(device)["device"]);
    decoder.array().expect("a record");
    decoder.skip().expect("the seed");
    decoder.bytes().expect("a key").to_vec()
}

/// Entries of the list of devices.
fn entries(desk: &Desk, device: usize) -> usize {
    desk.disk(device).keys().filter(|key| key.starts_with("log/")).count()
}

#[test]
fn a_removal_from_start_to_wipe() {
    let mut desk = Desk::paired(3);
    desk.copy(2, "before");
    for device in 0..3 {
        desk.news(device);
    }
    let gone = desk.id(2);
    remove(&mut desk, 0, 2);
    assert_eq!(desk.view(2).stage, Stage::Removed);
    assert_eq!(desk.view(2).connection, Connection::Idle);
    assert!(desk.news(2).contains(&Notice::Removed));
    let told = Notice::DeviceRemoved { device: gone, name: "device 2".into() };
    assert!(desk.news(0).contains(&told) && desk.news(1).contains(&told));
    assert!(!alerts(&desk, 0).contains(&"removed".to_owned()), "who did it knows");
    assert!(alerts(&desk, 1).contains(&"removed".to_owned()));
    for device in 0..2 {
        assert_eq!(desk.view(device).devices.len(), 2);
    }
    desk.copy(0, "after");
    assert_eq!((desk.texts(1)[0].as_str(), desk.texts(2).len()), ("after", 1));
    desk.command(2, Command::Push { text: "x".into(), html: None });
    assert_eq!(problem(&desk, 2), "no_account");
    assert_eq!(desk.view(1).clips[1].from, "device 2", "what it sent keeps its name");
}

#[test]
fn a_removal_waits_until_both_are_back() {
    let mut desk = Desk::paired(3);
    desk.reachable = false;
    desk.cut(None);
    remove(&mut desk, 0, 2);
    desk.restart(0);
    let removing = |desk: &Desk| desk.view(0).devices.iter().filter(|device| device.removing).count();
    assert_eq!((removing(&desk), desk.view(0).devices.len()), (1, 3));
    desk.take_away(2);
    desk.reachable = true;
    desk.event(0, Event::Online);
    desk.event(1, Event::Online);
    assert_eq!((removing(&desk), desk.view(0).devices.len(), desk.view(1).devices.len()), (0, 2, 2));
    desk.wait(10 * DAY);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(desk.view(2).stage, Stage::Removed);
}

#[test]
fn two_devices_that_remove_each_other() {
    for first in [0, 1] {
        let mut desk = Desk::paired(2);
        desk.reachable = false;
        desk.cut(None);
        remove(&mut desk, 0, 1);
        remove(&mut desk, 1, 0);
        desk.reachable = true;
        desk.event(first, Event::Online);
        desk.event(1 - first, Event::Online);
        desk.wait(2 * MINUTE);
        assert_eq!(desk.view(first).stage, Stage::Member);
        assert_eq!(desk.view(1 - first).stage, Stage::Removed, "who comes second is out");
        assert_eq!(desk.view(first).devices.len(), 1);
        assert!(!desk.disk(1 - first).contains_key("device"));
        assert!(!desk.view(first).devices.iter().any(|device| device.removing));
    }
}

#[test]
fn two_devices_that_remove_the_same_one() {
    let mut desk = Desk::paired(3);
    desk.reachable = false;
    desk.cut(None);
    remove(&mut desk, 0, 2);
    remove(&mut desk, 1, 2);
    desk.reachable = true;
    for device in 0..3 {
        desk.event(device, Event::Online);
    }
    desk.wait(2 * MINUTE);
    assert_eq!(entries(&desk, 0), 4, "once is enough");
    assert_eq!((problem(&desk, 0), problem(&desk, 1)), (String::new(), String::new()));
    assert_eq!(desk.view(2).stage, Stage::Removed);
}

#[test]
fn an_addition_a_removal_and_a_change_of_keys_at_once() {
    let mut desk = Desk::paired(4);
    desk.wait(31 * MINUTE);
    let link = desk.invite();
    desk.add_device();
    desk.command(4, Command::Join { link, name: "device 4".into() });
    let digits = desk.digits(4);
    desk.reachable = false;
    desk.cut(None);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    remove(&mut desk, 1, 3);
    // Its keys are due at once.
    desk.command(2, Command::SetRotation { minutes: 30 });
    desk.reachable = true;
    for device in 0..5 {
        desk.event(device, Event::Online);
    }
    desk.wait(5 * MINUTE);
    assert_eq!(desk.view(3).stage, Stage::Removed);
    assert_eq!(desk.view(4).stage, Stage::Member, "{:?}", desk.view(4).problem);
    for device in [0, 1, 2, 4] {
        assert_eq!(desk.view(device).devices.len(), 4, "device {device}");
        assert_eq!(desk.view(device).check, desk.view(0).check);
        assert_eq!(problem(&desk, device), "");
    }
    desk.copy(2, "to all");
    for device in [0, 1, 4] {
        assert_eq!(desk.texts(device)[0], "to all");
    }
}

#[test]
fn keys_change_each_week_and_the_old_box_key_goes_at_once() {
    let mut desk = Desk::paired(2);
    let (before, old) = (entries(&desk, 1), box_key(&desk, 1));
    desk.wait(6 * DAY);
    assert_eq!(entries(&desk, 1), before);
    desk.wait(DAY + MINUTE);
    assert_eq!(entries(&desk, 1), before + 2, "one for each device");
    assert_ne!(box_key(&desk, 1), old);
    let held = |record: &Vec<u8>| record.windows(old.len()).any(|window| window == old);
    assert!(!desk.disk(1).values().any(held), "the old one is nowhere on the disk");
    desk.copy(0, "under new keys");
    assert_eq!(desk.texts(1), ["under new keys"]);
    desk.restart(1);
    desk.copy(0, "and after a restart");
    assert_eq!(desk.texts(1)[0], "and after a restart");
}

#[test]
fn keys_change_after_a_thousand_clips() {
    let mut desk = Desk::paired(2);
    let before = entries(&desk, 1);
    for i in 0..998 {
        desk.copy(0, &format!("clip {i}"));
        desk.wait(600);
    }
    assert_eq!(entries(&desk, 1), before);
    for i in 998..1003 {
        desk.copy(0, &format!("clip {i}"));
        desk.wait(600);
    }
    assert!(entries(&desk, 1) > before);
    assert_eq!(desk.texts(1)[0], "clip 1002");
    assert_eq!(alerts(&desk, 1), Vec::<String>::new());
}

#[test]
fn keys_change_as_often_as_the_person_likes() {
    let mut desk = Desk::paired(2);
    desk.command(0, Command::SetRotation { minutes: 1 });
    assert_eq!(desk.view(0).rotation_minutes, Some(30), "not below half an hour");
    desk.command(0, Command::SetRotation { minutes: u32::MAX });
    assert_eq!(desk.view(0).rotation_minutes, Some(7 * 24 * 60), "nor above a week");
    desk.command(0, Command::SetRotation { minutes: 60 });
    desk.restart(0);
    assert_eq!(desk.view(0).rotation_minutes, Some(60));
    let before = entries(&desk, 0);
    desk.wait(5 * 60 * MINUTE + MINUTE);
    assert_eq!(entries(&desk, 0), before + 5);
    assert_eq!(desk.view(1).rotation_minutes, Some(7 * 24 * 60), "each device for itself");
}

#[test]
fn old_epochs_are_forgotten_after_eight_days() {
    let mut desk = Desk::paired(2);
    desk.command(0, Command::SetRotation { minutes: 24 * 60 });
    desk.wait(7 * DAY + 12 * 60 * MINUTE);
    let kept = secrets(&desk, 0);
    assert!((8..=11).contains(&kept), "{kept} epochs after seven days and a half");
    desk.wait(20 * DAY);
    assert!(secrets(&desk, 0) <= 11, "{} epochs after four weeks", secrets(&desk, 0));
    assert!(entries(&desk, 0) > 25);
    desk.copy(1, "still together");
    assert_eq!(desk.texts(0), ["still together"]);
}

#[test]
fn a_silent_device_gives_a_sign_of_life_each_day() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "something");
    desk.copy(1, "something else");
    let confirmed = |desk: &Desk| desk.view(1).devices.iter().find(|device| !device.own).and_then(|d| d.confirmed_at);
    let first = confirmed(&desk).expect("a clip is a sign of life");
    desk.wait(23 * 60 * MINUTE);
    assert_eq!(confirmed(&desk), Some(first));
    desk.wait(2 * 60 * MINUTE);
    assert!(confirmed(&desk).is_some_and(|at| at >= first + DAY));
    assert_eq!(desk.texts(1).len(), 2, "nothing is listed for it");
    desk.wait(3 * DAY);
    assert!(alerts(&desk, 1).is_empty());
}

#[test]
fn a_clip_that_is_given_up_is_explained_to_the_others() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    // The relay refuses for so long that the queue runs over; the oldest has its counter already.
    desk.fill_relay(true);
    for i in 0..=limits::OUTBOX {
        desk.copy(0, &format!("clip {i}"));
    }
    assert_eq!(problem(&desk, 0), "outbox_full");
    desk.restart(0);
    desk.fill_relay(false);
    desk.wait(10 * MINUTE);
    assert_eq!(desk.view(0).waiting, 0);
    assert_eq!(desk.texts(1).len(), limits::OUTBOX + 1, "all but the one that was given up");
    assert!(!desk.texts(1).contains(&"clip 0".to_owned()));
    assert!(alerts(&desk, 1).is_empty(), "its counter is named by a tombstone: {:?}", alerts(&desk, 1));
}

#[test]
fn being_away_for_long_is_no_fault_of_the_relay() {
    let mut desk = Desk::paired(2);
    desk.copy(0, "first");
    desk.take_away(1);
    desk.copy(0, "second");
    desk.wait(8 * DAY);
    desk.copy(0, "third");
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(MINUTE);
    assert_eq!(desk.texts(1), ["third", "first"]);
    assert_eq!(alerts(&desk, 1), ["expired"]);
}

#[test]
fn alerts_stay_until_they_are_put_away() {
    let mut desk = Desk::paired(3);
    remove(&mut desk, 0, 2);
    join(&mut desk, 2);
    assert_eq!(alerts(&desk, 1), ["joined", "removed", "joined"]);
    desk.restart(1);
    assert_eq!(alerts(&desk, 1), ["joined", "removed", "joined"]);
    let ids: Vec<_> = desk.view(1).alerts.iter().map(|alert| alert.id).collect();
    desk.command(1, Command::DismissAlert { id: ids[1] });
    desk.command(1, Command::DismissAlert { id: 999 });
    desk.restart(1);
    assert_eq!(alerts(&desk, 1), ["joined", "joined"]);
    for id in [ids[0], ids[2]] {
        desk.command(1, Command::DismissAlert { id });
    }
    assert!(alerts(&desk, 1).is_empty());
    assert!(desk.view(2).alerts.is_empty(), "what happened before it came is no news to it");
}

#[test]
fn a_device_that_was_removed_comes_in_again_as_a_new_one() {
    let mut desk = Desk::paired(3);
    let old = desk.id(2);
    desk.copy(2, "in its first life");
    remove(&mut desk, 0, 2);
    join(&mut desk, 2);
    assert_eq!(desk.view(2).stage, Stage::Member);
    assert_ne!(desk.id(2), old);
    desk.copy(2, "in its second life");
    assert_eq!(desk.texts(1), ["in its second life", "in its first life"]);
    assert_eq!(desk.view(0).devices.len(), 3);
}

#[test]
fn a_fork_stays_over_restarts_and_when_the_network_is_back() {
    let mut desk = Desk::paired(2);
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down && device == 1 => {
            welcome.log_head = Hash::from_bytes([9; 32]);
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(MINUTE);
    desk.stop_lying();
    for round in 0..3 {
        assert_eq!(problem(&desk, 1), "fork", "round {round}");
        assert_eq!(desk.view(1).connection, Connection::Idle);
        desk.event(1, Event::Online);
        desk.wait(DAY);
        desk.restart(1);
        desk.event(1, Event::Started);
    }
    desk.copy(1, "waits");
    assert_eq!(desk.view(1).waiting, 1);
    assert!(desk.texts(0).is_empty());
    desk.command(1, Command::Resume);
    desk.wait(2 * MINUTE);
    assert_eq!(desk.texts(0), ["waits"]);
}

#[test]
fn an_alert_that_was_put_away_leaves_its_number_to_no_other() {
    let mut desk = Desk::paired(3);
    let mut given = Vec::new();
    for alert in desk.view(1).alerts {
        given.push(alert.id);
        desk.command(1, Command::DismissAlert { id: alert.id });
    }
    desk.restart(1);
    desk.wait(1_000);
    let device = desk.id(2);
    desk.command(0, Command::RemoveDevice { device });
    let next: Vec<_> = desk.view(1).alerts.iter().map(|alert| alert.id).collect();
    assert!(!given.is_empty() && next.len() == 1 && !given.contains(&next[0]), "{given:?}, then {next:?}");
}
