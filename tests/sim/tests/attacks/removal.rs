//! Attacks with a removed device, and on the removal itself.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_crypto::body::{Gone, Pin, State, Tombstone};
use hushclip_crypto::envelope::{Address, seal_note};
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_remove_device, open_grant};
use hushclip_engine::Event;
use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::log::SignedEntry;
use hushclip_sim::{Desk, Way};

use crate::craft::*;

fn remove(desk: &mut Desk, by: usize, device: usize) {
    let id = desk.id(device);
    desk.command(by, Command::RemoveDevice { device: id });
}

#[test]
fn attack_removed_device_reads_on() {
    let mut desk = Desk::paired(3);
    let thief = stolen_keys(&desk, 2);
    remove(&mut desk, 0, 2);
    let seen = tap(&mut desk);
    desk.copy(0, "after the removal");
    // It has its keys, the whole log, and everything that the relay passes on.
    for (seq, entry) in entries(&desk, 0).iter().enumerate() {
        assert_eq!(open_grant(&thief, entry).is_ok(), seq == 2, "entry {seq}: its own epoch only");
    }
    assert_eq!(seen.borrow().len(), 1);
    assert_eq!(desk.view(2).stage, Stage::Removed);
    assert!(desk.texts(2).is_empty());
}

#[test]
fn attack_removed_device_is_told_and_keeps_nothing_secret() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "before");
    remove(&mut desk, 0, 2);
    assert_eq!(desk.view(2).stage, Stage::Removed);
    assert_eq!(desk.texts(2), ["before"], "the list is the person's");
    let keys: Vec<_> = desk.disk(2).keys().map(|key| key.split('/').next().unwrap_or_default().to_owned()).collect();
    for gone in ["device", "account", "members", "log", "out", "sender", "invite"] {
        assert!(!keys.contains(&gone.to_owned()), "{gone} is still on the disk");
    }
    desk.restart(2);
    assert_eq!(desk.view(2).stage, Stage::Removed);
    assert_eq!(alerts(&desk, 1), ["removed"], "the others are told");
    desk.command(2, Command::Leave);
    assert!(desk.disk(2).is_empty() && desk.texts(2).is_empty());
}

#[test]
fn attack_removed_device_comes_back_later() {
    let mut desk = Desk::paired(3);
    desk.take_away(2);
    remove(&mut desk, 0, 2);
    desk.hibernate();
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(5_000);
    assert_eq!(desk.view(2).stage, Stage::Removed, "shown the signed entry, it believes it");
}

#[test]
fn attack_removed_device_comes_back_after_a_hundred_new_epochs() {
    let mut desk = Desk::paired(3);
    desk.take_away(2);
    desk.command(0, Command::SetRotation { minutes: 30 });
    desk.wait(100 * 30 * 60_000);
    remove(&mut desk, 0, 2);
    desk.wait(5_000);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(5_000);
    assert_eq!(desk.view(2).stage, Stage::Removed, "it asks for one page after another");
}

#[test]
fn attack_close_code_without_proof_does_not_wipe() {
    let mut desk = Desk::paired(2);
    desk.cut(Some(CloseCode::Removed));
    assert_eq!(problem(&desk, 1), "removed_unproven");
    assert!(desk.disk(1).contains_key("device") && desk.disk(1).contains_key("account"));
    desk.command(0, Command::Resume);
    desk.command(1, Command::Resume);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_removed_device_sends_on_under_its_old_epoch() {
    let mut desk = Desk::paired(3);
    desk.copy(2, "while it was in");
    let thief = stolen_keys(&desk, 2);
    remove(&mut desk, 0, 2);
    let log = entries(&desk, 0);
    let late = envelope(&thief, &log, 2, 2, "past its counter");
    show_item(&mut desk, 1, 2, &late);
    let again = envelope(&thief, &log, 2, 1, "under a counter that was used");
    show_item(&mut desk, 1, 3, &again);
    assert_eq!(desk.texts(1), ["while it was in"]);
    // The relay itself refuses both.
    desk.say_as(0, &ToRelay::Push { after: 1, envelope: late.into() });
    assert_eq!(desk.texts(1).len(), 1);
    desk.cut(None);
    desk.wait(5_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_what_it_sent_before_its_removal_still_counts() {
    // Not an attack by the removed device but on it: the relay holds its last clip back until later.
    let mut desk = Desk::paired(3);
    desk.take_away(1);
    desk.copy(2, "sent in time");
    remove(&mut desk, 0, 2);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(5_000);
    assert_eq!(desk.texts(1), ["sent in time"]);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_removal_withheld_from_one_device() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "nought");
    let victim = 1;
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::LogEntries { from, entries, .. })
            if way == Way::Down && device == victim && from + entries.len() as u64 > 3 =>
        {
            vec![ToDevice::LogEntries { from, entries: Vec::new(), has_more: false }.encode()]
        }
        _ => vec![frame],
    });
    remove(&mut desk, 0, 2);
    desk.copy(0, "one");
    desk.wait(30_000);
    assert_eq!(desk.texts(1), ["nought"], "what is sealed after an entry that it does not know, it does not take");
    desk.copy(1, "under the old list");
    assert!(!desk.texts(0).contains(&"under the old list".to_owned()), "and nothing goes to the removed device");
    desk.stop_lying();
    desk.cut(None);
    desk.wait(60_000);
    assert_eq!(desk.view(1).devices.len(), 2);
    desk.copy(0, "two");
    desk.wait(1_000);
    assert!(desk.texts(1).contains(&"two".to_owned()));
    assert!(desk.texts(1).contains(&"one".to_owned()) || alerts(&desk, 1).contains(&"missing".to_owned()));
    assert!(desk.texts(0).contains(&"under the old list".to_owned()), "it was kept and sent after all");
}

#[test]
fn attack_each_removes_the_other_at_once() {
    let mut desk = Desk::paired(3);
    let (one, two) = (desk.id(1), desk.id(2));
    desk.reachable = false;
    desk.cut(None);
    desk.command(1, Command::RemoveDevice { device: two });
    desk.command(2, Command::RemoveDevice { device: one });
    desk.reachable = true;
    for device in 0..3 {
        desk.event(device, Event::Online);
    }
    desk.wait(120_000);
    let stages = [desk.view(1).stage, desk.view(2).stage];
    assert!(stages.contains(&Stage::Member) && stages.contains(&Stage::Removed), "{stages:?}");
    assert_eq!(desk.view(0).devices.len(), 2);
}

/// Whether a device shows that somebody is being removed.
fn removing(desk: &Desk, device: usize) -> bool {
    desk.view(device).devices.iter().any(|device| device.removing)
}

/// So many entries of a device's own do not reach the relay.
fn swallow_appends(desk: &mut Desk, device: usize, most: u32) -> Rc<RefCell<u32>> {
    let tries = Rc::new(RefCell::new(0));
    let count = Rc::clone(&tries);
    desk.lie(move |way, from, frame| {
        let append = way == Way::Up && from == device && matches!(ToRelay::decode(&frame), Ok(ToRelay::LogAppend(_)));
        *count.borrow_mut() += u32::from(append);
        if append && *count.borrow() <= most { Vec::new() } else { vec![frame] }
    });
    tries
}

const APPEND: u8 = 6;

#[test]
fn attack_removal_lost_on_a_full_disk() {
    let mut desk = Desk::paired(3);
    desk.fill_relay(true);
    remove(&mut desk, 0, 2);
    assert_eq!((problem(&desk, 0).as_str(), removing(&desk, 0)), ("removal_unsaved", true));
    desk.fill_relay(false);
    desk.wait(60_000);
    assert_eq!((desk.view(0).devices.len(), desk.view(2).stage), (2, Stage::Removed));
    assert_eq!(problem(&desk, 0), "", "it has solved itself");
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_removal_refused_in_every_way() {
    use hushclip_protocol::error::ErrorCode::*;
    for code in [BadFrame, UnknownAccount, TooLarge, StorageFull, RateLimited, StaleEpoch, LogConflict, BadEntry] {
        let mut desk = Desk::paired(3);
        swallow_appends(&mut desk, 0, 1);
        remove(&mut desk, 0, 2);
        desk.tell(0, &ToDevice::Error { code, retry_after_ms: 0, of: APPEND });
        desk.wait(60_000);
        assert_eq!(desk.view(0).devices.len(), 2, "{code:?}");
        assert_eq!(problem(&desk, 0), "", "{code:?}");
    }
}

#[test]
fn attack_removal_passed_over_in_silence() {
    let mut desk = Desk::paired(3);
    let tries = swallow_appends(&mut desk, 0, 3);
    remove(&mut desk, 0, 2);
    desk.wait(31_000);
    assert_eq!((problem(&desk, 0).as_str(), removing(&desk, 0)), ("removal_unsaved", true));
    desk.wait(4 * 60_000);
    assert_eq!((desk.view(0).devices.len(), *tries.borrow()), (2, 4));
    assert_eq!(problem(&desk, 0), "");
}

#[test]
fn attack_removal_refused_all_day_is_tried_and_shown_all_day() {
    let mut desk = Desk::paired(3);
    let tries = swallow_appends(&mut desk, 0, u32::MAX);
    remove(&mut desk, 0, 2);
    let mut answered = 0;
    for _ in 0..24 * 60 * 60 {
        if answered < *tries.borrow() {
            answered = *tries.borrow();
            desk.tell(0, &ToDevice::Error { code: ErrorCode::Unavailable, retry_after_ms: 0, of: APPEND });
            assert_eq!((problem(&desk, 0).as_str(), removing(&desk, 0)), ("removal_unsaved", true));
            desk.command(0, Command::Dismiss);
        }
        desk.wait(1_000);
    }
    assert!((100..200).contains(&answered), "{answered} tries in a day");
    desk.stop_lying();
    desk.wait(11 * 60_000);
    assert_eq!(desk.view(0).devices.len(), 2);
}

#[test]
fn attack_items_that_stop_a_device_do_not_hold_off_its_removal() {
    let mut desk = Desk::paired(3);
    desk.copy(2, "before");
    let (thief, log) = (stolen_keys(&desk, 2), entries(&desk, 0));
    let forged = envelope_with(&thief, &log, "x", |address| {
        (address.log_head, address.counter) = (Hash::from_bytes([1; 32]), 2);
    });
    desk.reachable = false;
    desk.cut(None);
    remove(&mut desk, 0, 2);
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 0 => {
            items.insert(0, Item { cursor: through, envelope: forged.clone().into(), mark: 1 });
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.reachable = true;
    desk.event(0, Event::Online);
    desk.event(1, Event::Online);
    desk.event(2, Event::Online);
    desk.wait(5_000);
    assert_eq!((desk.view(1).devices.len(), desk.view(2).stage), (2, Stage::Removed), "{:?}", problem(&desk, 0));
    assert_eq!(problem(&desk, 0), "", "and who is out cannot stop anybody");
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_items_that_never_end_do_not_hold_off_a_removal() {
    let mut desk = Desk::paired(3);
    desk.copy(2, "before");
    desk.reachable = false;
    desk.cut(None);
    remove(&mut desk, 0, 2);
    desk.lie(|way, device, frame| {
        let items = way == Way::Down && device == 0 && matches!(ToDevice::decode(&frame), Ok(ToDevice::Items { .. }));
        if items { Vec::new() } else { vec![frame] }
    });
    desk.reachable = true;
    for device in 0..3 {
        desk.event(device, Event::Online);
    }
    assert!(removing(&desk, 0), "it waits for what it has missed");
    desk.wait(11_000);
    assert_eq!((desk.view(1).devices.len(), desk.view(2).stage), (2, Stage::Removed));
    desk.stop_lying();
    desk.cut(None);
    desk.wait(60_000);
    goes_on(&mut desk, 0, 1);
}

/// Notes under a device's keys, as of the newest of the entries.
fn note(keys: &DeviceKeys, log: &[SignedEntry], kind: Kind, counter: u64, body: &impl minicbor::Encode<()>) -> Vec<u8> {
    let (account, seq) = (replay(&log[..1]).account(), log.len() as u64 - 1);
    let address = Address {
        kind,
        account,
        epoch: seq,
        log_seq: seq,
        log_head: log[seq as usize].hash(),
        counter,
        item: ItemId::from_bytes([0x40 + counter as u8; 16]),
        ttl_s: 60,
    };
    let key = open_grant(keys, &log[seq as usize]).expect("a member then").derive_item_key(&account, seq);
    seal_note(keys, &key, &address, body, &mut rng())
}

#[test]
fn attack_removed_device_uses_counters_that_were_kept_from_others() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "by the owner");
    desk.take_away(1);
    for text in ["one", "two", "three", "four", "five"] {
        desk.copy(2, text);
    }
    let (thief, log) = (stolen_keys(&desk, 2), entries(&desk, 0));
    let owner = DeviceId::from_hex(&desk.id(0)).expect("an identifier");
    let clip = ItemId::from_hex(&desk.view(1).clips[0].id).expect("an item");
    remove(&mut desk, 0, 2);
    desk.wait(60_000);
    let before = desk.clipboard(1).len();
    // Counters up to 5 are within what the removal names, and device 1 has seen none of them.
    let pins = State { at_ms: 0, pins: vec![Pin { item: clip, pinned: true }], capabilities: None };
    let gone = vec![
        Gone { device: owner, counter: 1, item: clip, text: None },
        Gone { device: thief.device_id(), counter: 9, item: clip, text: None },
    ];
    let forged = [
        envelope(&thief, &log, 2, 1, "planted"),
        note(&thief, &log, Kind::State, 2, &pins),
        note(&thief, &log, Kind::Tombstone, 3, &Tombstone { at_ms: 0, gone }),
    ];
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { has_more, through, .. }) if way == Way::Down && device == 1 => {
            let item =
                |(cursor, envelope): (u64, &Vec<u8>)| Item { cursor, envelope: envelope.clone().into(), mark: 1 };
            vec![ToDevice::Items { items: (2..).zip(&forged).map(item).collect(), has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60_000);
    desk.stop_lying();
    assert_eq!(desk.texts(1), ["planted", "by the owner"]);
    let late: Vec<_> = desk.view(1).clips.iter().map(|clip| clip.late).collect();
    assert_eq!(
        (late, desk.clipboard(1).len()),
        (vec![true, false], before),
        "in the list, with a mark, and no further"
    );
    assert!(desk.view(1).clips.iter().all(|clip| !clip.pinned));
    assert_eq!(desk.texts(1), ["planted", "by the owner"], "it deletes nobody's clips");
    desk.restart(1);
    assert!(desk.view(1).clips[0].late);
    // Once all is here that the relay had, the rest is missing and does not come any more.
    desk.wait(60_000);
    assert!(alerts(&desk, 1).contains(&"cut_off".to_owned()), "{:?}", alerts(&desk, 1));
    show_item(&mut desk, 1, 8, &envelope(&thief, &log, 2, 4, "planted later"));
    assert_eq!(desk.texts(1), ["planted", "by the owner"]);
}

#[test]
fn attack_counters_that_were_kept_back_are_told_with_the_removal() {
    let mut desk = Desk::paired(3);
    let item = |frame: &[u8]| matches!(ToDevice::decode(frame), Ok(ToDevice::Item(_)));
    desk.lie(
        move |way, device, frame| {
            if way == Way::Down && device == 1 && item(&frame) { Vec::new() } else { vec![frame] }
        },
    );
    for text in ["one", "two", "three", "four"] {
        desk.copy(2, text);
    }
    let (thief, log) = (stolen_keys(&desk, 2), entries(&desk, 0));
    remove(&mut desk, 0, 2);
    desk.wait(60_000);
    assert!(alerts(&desk, 1).contains(&"cut_off".to_owned()), "{:?}", alerts(&desk, 1));
    desk.stop_lying();
    show_item(&mut desk, 1, 2, &envelope(&thief, &log, 2, 1, "planted"));
    assert!(desk.texts(1).is_empty());
}

#[test]
fn attack_the_last_ones_of_a_removed_device_are_kept_back() {
    let mut desk = Desk::paired(3);
    desk.copy(2, "nought");
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Item(_)) if way == Way::Down && device == 1 => Vec::new(),
        Ok(ToDevice::Items { has_more, through, .. }) if way == Way::Down && device == 1 => {
            vec![ToDevice::Items { items: Vec::new(), has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    for text in ["one", "two"] {
        desk.copy(2, text);
    }
    remove(&mut desk, 0, 2);
    desk.cut(None);
    desk.wait(60_000);
    assert!(alerts(&desk, 1).contains(&"cut_off".to_owned()), "{:?}", alerts(&desk, 1));
}

#[test]
fn a_new_device_removes_an_old_one_that_it_has_not_heard() {
    let mut desk = Desk::paired(3);
    desk.copy(1, "seen by all");
    desk.take_away(2);
    desk.copy(1, "important, from the old phone");
    desk.add_device();
    let link = desk.invite();
    desk.command(3, Command::Join { link, name: "new phone".into() });
    let digits = desk.digits(3);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    remove(&mut desk, 3, 1);
    assert_eq!(desk.view(1).stage, Stage::Removed);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(60_000);
    assert_eq!(desk.texts(2), ["important, from the old phone", "seen by all"]);
    assert_eq!(alerts(&desk, 2), ["removed"]);
}

#[test]
fn a_removal_that_was_cut_short_waits_once_more_for_what_was_missed() {
    let mut desk = Desk::paired(3);
    desk.take_away(0);
    desk.take_away(1);
    desk.copy(2, "sent in time");
    desk.lie(|way, device, frame| {
        let items = way == Way::Down && device == 0 && matches!(ToDevice::decode(&frame), Ok(ToDevice::Items { .. }));
        if items { Vec::new() } else { vec![frame] }
    });
    desk.bring_back_while(0, 0, |_| {});
    remove(&mut desk, 0, 2);
    desk.wait(5_000);
    assert!(removing(&desk, 0));
    desk.stop_lying();
    desk.take_away(0);
    desk.wait(24 * 60 * 60_000);
    desk.bring_back_while(0, 0, |_| {});
    desk.wait(11 * 60_000);
    desk.bring_back_while(1, 0, |_| {});
    desk.wait(60_000);
    assert_eq!((desk.view(2).stage, desk.texts(1)), (Stage::Removed, vec!["sent in time".to_owned()]));
}

#[test]
fn attack_one_press_is_enough_after_many_made_up_log_heads() {
    let mut desk = Desk::paired(3);
    let (thief, log) = (stolen_keys(&desk, 2), entries(&desk, 0));
    for cursor in 1..=40 {
        let forged = envelope_with(&thief, &log, "x", |address| {
            (address.log_head, address.counter) = (Hash::from_bytes([1; 32]), cursor);
            address.item = ItemId::from_bytes([cursor as u8; 16]);
        });
        desk.say_as(2, &ToRelay::Push { after: cursor - 1, envelope: forged.clone().into() });
        show_item(&mut desk, 0, cursor, &forged);
    }
    assert_eq!(problem(&desk, 1), "", "the relay does not pass on what is not its log");
    assert_eq!(problem(&desk, 0), "fork", "a lying one does");
    remove(&mut desk, 0, 2);
    desk.command(0, Command::Resume);
    desk.wait(5_000);
    assert_eq!((desk.view(1).devices.len(), desk.view(2).stage), (2, Stage::Removed));
    goes_on(&mut desk, 0, 1);
}

/// The relay answers each entry of device 0 with this, and none of its questions about the log.
fn answer_appends(desk: &mut Desk, answer: ToDevice) -> Rc<RefCell<u32>> {
    let tries = Rc::new(RefCell::new(0));
    let count = Rc::clone(&tries);
    let swallowed = Rc::new(RefCell::new(false));
    desk.lie(move |way, device, frame| {
        let decoded = ToRelay::decode(&frame);
        match (way, device, decoded) {
            (Way::Up, 0, Ok(ToRelay::LogAppend(_))) => {
                *count.borrow_mut() += 1;
                *swallowed.borrow_mut() = true;
                // What the relay cannot know is answered at once.
                vec![ToRelay::LogPull { from: u64::MAX }.encode()]
            }
            (Way::Up, 0, Ok(ToRelay::LogPull { .. })) => Vec::new(),
            (Way::Down, 0, _) if *swallowed.borrow() => {
                if matches!(ToDevice::decode(&frame), Ok(ToDevice::LogEntries { .. })) {
                    *swallowed.borrow_mut() = false;
                    return vec![answer.encode()];
                }
                vec![frame]
            }
            _ => vec![frame],
        }
    });
    tries
}

fn refusal(code: ErrorCode) -> ToDevice {
    ToDevice::Error { code, retry_after_ms: 0, of: APPEND }
}

/// Device 0 has wanted device 2 out for half a minute, in vain: it says so, and sends nothing that device 2 could read.
fn it_is_said_and_nothing_goes_out(desk: &mut Desk, of: &str) {
    assert_eq!((problem(desk, 0).as_str(), removing(desk, 0)), ("removal_unsaved", true), "{of}");
    desk.copy(0, "not for the thief");
    desk.wait(60_000);
    assert!(desk.texts(2).is_empty() && desk.texts(1).is_empty(), "{of}");
    desk.stop_lying();
    desk.wait(21 * 60_000);
    assert_eq!((desk.view(1).devices.len(), desk.view(2).stage), (2, Stage::Removed), "{of}");
    assert_eq!((problem(desk, 0).as_str(), desk.texts(1).len()), ("", 1), "{of}: what waited is sent");
}

#[test]
fn attack_removal_held_off_by_a_conflict_that_is_never_shown() {
    let mut desk = Desk::paired(3);
    answer_appends(&mut desk, refusal(ErrorCode::LogConflict));
    remove(&mut desk, 0, 2);
    desk.wait(31_000);
    it_is_said_and_nothing_goes_out(&mut desk, "conflict");
}

#[test]
fn attack_removal_held_off_without_a_pause() {
    let answers = [
        refusal(ErrorCode::RateLimited),
        refusal(ErrorCode::LogConflict),
        ToDevice::LogEntries { from: 3, entries: Vec::new(), has_more: false },
    ];
    for answer in answers {
        let mut desk = Desk::paired(3);
        let tries = answer_appends(&mut desk, answer.clone());
        remove(&mut desk, 0, 2);
        for _ in 0..31 {
            desk.wait(1_000);
        }
        assert!(*tries.borrow() < 12, "{} tries, {answer:?}", tries.borrow());
        it_is_said_and_nothing_goes_out(&mut desk, &format!("{answer:?}"));
    }
}

#[test]
fn attack_removal_held_off_by_hanging_up() {
    let mut desk = Desk::paired(3);
    let tries = swallow_appends(&mut desk, 0, u32::MAX);
    remove(&mut desk, 0, 2);
    let mut seen = 0;
    for _ in 0..120 {
        if seen < *tries.borrow() {
            seen = *tries.borrow();
            desk.cut(None);
        }
        desk.wait(1_000);
    }
    assert!((3..15).contains(&seen), "{seen} tries in two minutes");
    it_is_said_and_nothing_goes_out(&mut desk, "hung up");
}

#[test]
fn attack_removal_held_off_by_errors_that_answer_nothing() {
    let mut desk = Desk::paired(3);
    let tries = swallow_appends(&mut desk, 0, 1);
    remove(&mut desk, 0, 2);
    for second in 0..60 {
        for (of, code) in [(APPEND, ErrorCode::Unavailable), (3, ErrorCode::StaleEpoch), (8, ErrorCode::InviteGone)] {
            if *tries.borrow() > 0 && second > 0 {
                desk.tell(0, &ToDevice::Error { code, retry_after_ms: 0, of });
            }
        }
        desk.wait(1_000);
    }
    assert_eq!((desk.view(1).devices.len(), desk.view(2).stage), (2, Stage::Removed));
}

#[test]
fn attack_removal_is_forgotten_where_processes_are_short() {
    let mut desk = Desk::paired(3);
    swallow_appends(&mut desk, 0, u32::MAX);
    remove(&mut desk, 0, 2);
    for run in 0..5 {
        desk.restart(0);
        desk.copy(0, &format!("not for the thief {run}"));
        desk.wait(1_000);
    }
    assert!(desk.texts(2).is_empty() && desk.texts(1).is_empty(), "{:?}", desk.texts(2));
    assert_eq!(desk.view(0).waiting, 5);
}

#[test]
fn attack_unsaved_removal_is_hidden_behind_another_problem() {
    let mut desk = Desk::paired(3);
    swallow_appends(&mut desk, 0, u32::MAX);
    remove(&mut desk, 0, 2);
    desk.wait(31_000);
    for of in [0, 1, 3, 8, 11] {
        desk.tell(0, &ToDevice::Error { code: ErrorCode::StorageFull, retry_after_ms: 0, of });
        assert_eq!(problem(&desk, 0), "removal_unsaved", "{of}");
    }
    desk.command(0, Command::Dismiss);
    assert_ne!(problem(&desk, 0), "removal_unsaved", "the person may put it away");
    desk.wait(11 * 60_000);
    assert_eq!(problem(&desk, 0), "removal_unsaved", "for a while");
}

#[test]
fn a_secret_that_had_expired_when_its_sender_was_removed_is_no_fault_of_the_relay() {
    let mut desk = Desk::paired(3);
    desk.copy(1, "hello there");
    desk.take_away(2);
    desk.command(1, Command::Push { text: "4111 1111 1111 1111".into(), html: None });
    desk.take_away(1);
    desk.wait(2 * 60 * 60_000);
    remove(&mut desk, 0, 1);
    desk.wait(60_000);
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(60_000);
    assert_eq!(alerts(&desk, 2), ["removed", "cut_off"]);
}

#[test]
fn attack_removed_device_that_a_newcomer_has_never_heard_comes_later() {
    let mut desk = Desk::paired(2);
    for text in ["one", "two", "three"] {
        desk.copy(1, text);
    }
    desk.add_device();
    let link = desk.invite();
    desk.command(2, Command::Join { link, name: "new".into() });
    let digits = desk.digits(2);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.wait(5_000);
    let (thief, log) = (stolen_keys(&desk, 1), entries(&desk, 0));
    remove(&mut desk, 0, 1);
    desk.wait(5_000);
    for counter in 1..=3 {
        let made = envelope_with(&thief, &log, "made by the thief", |address| {
            (address.counter, address.item) = (counter, ItemId::from_bytes([0x70 + counter as u8; 16]));
        });
        desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
            Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 2 => {
                items.push(Item { cursor: through, envelope: made.clone().into(), mark: 1 });
                vec![ToDevice::Items { items, has_more, through }.encode()]
            }
            _ => vec![frame],
        });
        desk.cut(None);
        desk.wait(10_000);
    }
    assert!(desk.texts(2).is_empty(), "{:?}", desk.texts(2));
}

#[test]
fn attack_member_makes_the_last_counter_of_a_removed_device_up() {
    let mut desk = Desk::paired(4);
    desk.copy(3, "x");
    let (member, gone) = (stolen_keys(&desk, 2), stolen_keys(&desk, 3).device_id());
    let (entry, _) = make_remove_device(&member, &log(&desk, 0), gone, u64::MAX - 1, &mut rng()).expect("an entry");
    show_entry(&mut desk, 0, &entry);
    let told = desk.view(0).alerts.into_iter().find(|alert| alert.what.code() == "cut_off").expect("it is told");
    assert_eq!(told.what.values(), ["device 3", "1000+", "device 2"], "and who says so");
}
