//! A relay that keeps the list of devices back, or has several of them.

use std::cell::RefCell;
use std::rc::Rc;

use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_add_device, make_rekey, make_remove_device, make_rotate};
use hushclip_crypto::pairing::JoinRequest;
use hushclip_engine::Event;
use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Item, ToDevice, ToRelay};
use hushclip_protocol::ids::Hash;
use hushclip_protocol::log::{SignedEntry, possession_message};
use hushclip_sim::{Desk, Way};
use rand_core::SeedableRng;

use crate::craft::*;

/// No entry beyond a position gets to a device any more.
fn withhold_log(desk: &mut Desk, device: usize, from_seq: u64) {
    desk.lie(move |way, to, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::LogEntries { from, mut entries, .. }) if way == Way::Down && to == device => {
            entries.truncate(from_seq.saturating_sub(from) as usize);
            vec![ToDevice::LogEntries { from, entries, has_more: false }.encode()]
        }
        _ => vec![frame],
    });
}

fn codes(desk: &Desk, device: usize) -> Vec<String> {
    alerts(desk, device).into_iter().filter(|code| code != "removed").collect()
}

#[test]
fn attack_removal_kept_from_a_device_is_told_by_the_others() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "first");
    withhold_log(&mut desk, 1, 3);
    let gone = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: gone });
    desk.copy(1, "before it could know");
    desk.copy(0, "sealed after the removal");
    assert_eq!(codes(&desk, 1), ["log_withheld"]);
    let pushed = pushes(&mut desk, 1);
    desk.copy(1, "not for the removed device");
    desk.restart(1);
    desk.wait(120_000);
    assert!(pushed.borrow().is_empty(), "nothing goes out under the old list");
    assert!(desk.view(1).waiting > 0);
    desk.stop_lying();
    desk.cut(None);
    desk.wait(60_000);
    assert_eq!(desk.view(1).waiting, 0);
    assert!(desk.texts(0).contains(&"not for the removed device".to_owned()));
    assert_eq!(desk.view(1).devices.len(), 2);
    desk.copy(0, "next");
    assert_eq!(codes(&desk, 1), ["missing"], "what came with the withheld entry is told once the sender goes on");
}

#[test]
fn attack_withheld_log_may_be_put_away_by_the_person() {
    let mut desk = Desk::paired(3);
    let (keys, log) = (stolen_keys(&desk, 0), entries(&desk, 0));
    let bytes = envelope_with(&keys, &log, "x", |address| address.log_seq = 7);
    show_item(&mut desk, 1, 1, &bytes);
    assert_eq!(codes(&desk, 1), ["log_withheld"]);
    desk.copy(1, "waits");
    assert_eq!(desk.view(1).waiting, 1);
    let id = desk.view(1).alerts.iter().find(|alert| alert.what.code() == "log_withheld").expect("it is shown").id;
    desk.command(1, Command::DismissAlert { id });
    desk.wait(5_000);
    assert_eq!((desk.view(1).waiting, desk.texts(2).len()), (0, 1));
}

#[test]
fn attack_log_position_made_up_by_a_member_ends_with_its_removal() {
    let mut desk = Desk::paired(3);
    let (thief, log) = (stolen_keys(&desk, 2), entries(&desk, 0));
    let bytes = envelope_with(&thief, &log, "x", |address| {
        address.log_seq = u64::MAX;
        address.epoch = u64::MAX;
    });
    show_item(&mut desk, 1, 1, &bytes);
    assert_eq!(codes(&desk, 1), ["log_withheld"]);
    desk.cut(None);
    desk.wait(5_000);
    desk.copy(1, "waits");
    let gone = desk.id(2);
    desk.command(1, Command::RemoveDevice { device: gone });
    desk.wait(5_000);
    assert!(codes(&desk, 1).is_empty());
    assert_eq!(desk.texts(0), ["waits"]);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_log_position_made_up_by_a_stranger() {
    let mut desk = Desk::paired(2);
    let (stranger, log) = (DeviceKeys::make(&mut rng()), entries(&desk, 0));
    let (keys, victim) = (stolen_keys(&desk, 0), stolen_keys(&desk, 0).device_id());
    // It knows the secret, perhaps from a device that was removed, but has no member's signing key.
    let forger = DeviceKeys::from_saved(stranger.sign_seed().clone(), keys.box_sk().clone(), victim);
    for (cursor, seq) in [(1, 7), (2, u64::MAX)] {
        let bytes = envelope_with(&forger, &log, "x", |address| address.log_seq = seq);
        show_item(&mut desk, 1, cursor, &bytes);
    }
    let bytes = envelope_with(&forger, &log, "x", |address| address.log_head = Hash::from_bytes([1; 32]));
    show_item(&mut desk, 1, 3, &bytes);
    assert!(codes(&desk, 1).is_empty() && problem(&desk, 1).is_empty());
    desk.cut(None);
    desk.wait(5_000);
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_fork_shows_in_what_the_other_side_signs() {
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 0);
    let (one, _) = make_rotate(&member, &log(&desk, 1), &mut rng()).unwrap();
    let other = rand_chacha::ChaCha20Rng::seed_from_u64(1234);
    let (other, _) = make_rotate(&member, &log(&desk, 1), &mut { other }).unwrap();
    show_entry(&mut desk, 1, &one);
    show_entry(&mut desk, 2, &other);
    // The relay passes a clip of the one side on to the other.
    let bytes = envelope(&stolen_keys(&desk, 1), &entries(&desk, 1), 3, 1, "from the other side");
    show_item(&mut desk, 2, 1, &bytes);
    assert_eq!(problem(&desk, 2), "fork");
    assert!(desk.texts(2).is_empty() && desk.disk(2).contains_key("evidence"));
    desk.restart(2);
    desk.event(2, Event::Online);
    assert_eq!(problem(&desk, 2), "fork");
    let pushed = pushes(&mut desk, 2);
    desk.copy(2, "not to be sent");
    assert!(pushed.borrow().is_empty());
    // The person decides otherwise: the same item does not stop it a second time.
    desk.command(2, Command::Resume);
    desk.wait(60_000);
    show_item(&mut desk, 2, 1, &bytes);
    assert_ne!(problem(&desk, 2), "fork");
}

#[test]
fn attack_next_entry_after_another_one_is_a_fork() {
    let mut desk = Desk::paired(3);
    let member = stolen_keys(&desk, 0);
    let (one, _) = make_rotate(&member, &log(&desk, 1), &mut rng()).unwrap();
    let mut elsewhere = log(&desk, 1);
    elsewhere.apply(&one).expect("the next one");
    let (second, _) = make_rotate(&member, &elsewhere, &mut rng()).unwrap();
    // Device 1 has an entry at position 3, and is shown one for position 4 that follows another one.
    desk.command(2, Command::SetRotation { minutes: 30 });
    desk.wait(31 * 60_000);
    assert_eq!(entries(&desk, 1).len(), 4);
    show_entry(&mut desk, 1, &second);
    assert_eq!(problem(&desk, 1), "fork");
    assert_eq!(entries(&desk, 1).len(), 4);
}

#[test]
fn attack_resuming_after_a_lie_is_no_restored_log() {
    // The relay lied once; meanwhile the log has grown in truth.
    let mut desk = Desk::paired(2);
    desk.lie(|way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Welcome(mut welcome)) if way == Way::Down && device == 1 => {
            welcome.log_head = Hash::from_bytes([9; 32]);
            vec![ToDevice::Welcome(welcome).encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(5_000);
    assert_eq!(problem(&desk, 1), "fork");
    desk.stop_lying();
    desk.command(0, Command::SetRotation { minutes: 30 });
    desk.wait(31 * 60_000);
    desk.command(1, Command::Resume);
    desk.wait(5_000);
    assert_eq!((problem(&desk, 1).as_str(), codes(&desk, 1).len()), ("", 0), "{:?}", codes(&desk, 1));
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_removal_refused_for_ever() {
    let mut desk = Desk::paired(3);
    let frames = std::rc::Rc::new(std::cell::RefCell::new(0));
    let count = std::rc::Rc::clone(&frames);
    desk.lie(move |way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::LogAppend(_)) if way == Way::Up => {
            *count.borrow_mut() += 1;
            Vec::new()
        }
        Ok(ToRelay::LogPull { .. }) | Err(_) => vec![frame],
        Ok(_) if device == 0 => vec![frame],
        _ => vec![frame],
    });
    let gone = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: gone });
    for _ in 0..10 {
        let refused = ToDevice::Error { code: ErrorCode::LogConflict, retry_after_ms: 0, of: 6 };
        desk.tell(0, &refused);
        assert!(desk.view(0).devices.iter().any(|device| device.removing), "the person sees that it is not done");
        desk.wait(2_500);
    }
    assert!(*frames.borrow() < 30, "{} tries", frames.borrow());
    desk.stop_lying();
    desk.cut(None);
    desk.wait(60_000);
    assert_eq!(desk.view(0).devices.len(), 2, "and it is still wanted");
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_copied_profile_changes_the_keys() {
    let mut desk = Desk::paired(3);
    let thief = stolen_keys(&desk, 1);
    let (entry, _) = make_rekey(&thief, &log(&desk, 0), &BoxSk::make(&mut rng()), &mut rng()).unwrap();
    desk.say_as(1, &ToRelay::LogAppend(entry));
    assert!(codes(&desk, 1).contains(&"cloned_here".to_owned()), "{:?}", codes(&desk, 1));
    assert_eq!(problem(&desk, 1), "bad_log", "it is locked out of what follows, and sends nothing");
    desk.restart(1);
    desk.event(1, Event::Online);
    assert_eq!(codes(&desk, 1), ["cloned_here"], "said once");
    goes_on(&mut desk, 0, 2);
}

#[test]
fn attack_newest_entry_again_with_other_secrets() {
    let mut desk = Desk::paired(3);
    desk.take_away(2);
    let head = entries(&desk, 0).pop().expect("an entry");
    let garbled = SignedEntry { sealed: vec![0x80].into(), ..head };
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let kept = std::rc::Rc::clone(&seen);
    desk.lie(move |way, _, frame| {
        if let (Way::Down, Ok(ToDevice::LogEntries { entries, .. })) = (way, ToDevice::decode(&frame)) {
            kept.borrow_mut().extend(entries);
        }
        vec![frame]
    });
    desk.say_as(1, &ToRelay::LogAppend(garbled.clone()));
    assert!(!seen.borrow().is_empty() && !seen.borrow().contains(&garbled), "the relay repeats what it verified");
    desk.bring_back_while(2, 0, |_| {});
    desk.wait(5_000);
    goes_on(&mut desk, 0, 2);
}

#[test]
fn attack_removal_made_up_does_not_wipe() {
    let mut desk = Desk::paired(2);
    let (stranger, victim) = (DeviceKeys::make(&mut rng()), stolen_keys(&desk, 1).device_id());
    let (entry, _) = make_remove_device(&stranger, &log(&desk, 0), victim, 0, &mut rng()).unwrap();
    let forged = changed(&stranger, &entry, |entry| entry.author = stolen_keys(&desk, 0).device_id());
    for entry in [entry, forged] {
        show_entry(&mut desk, 1, &entry);
        desk.cut(Some(CloseCode::Removed));
        assert!(desk.disk(1).contains_key("device") && desk.disk(1).contains_key("account"));
        assert!(["removed_unproven", "bad_log"].contains(&problem(&desk, 1).as_str()), "{}", problem(&desk, 1));
        desk.command(0, Command::Resume);
        desk.command(1, Command::Resume);
        desk.wait(5_000);
    }
    goes_on(&mut desk, 0, 1);
}

#[test]
fn attack_proof_of_removal_held_back() {
    let mut desk = Desk::paired(3);
    withhold_log(&mut desk, 2, 3);
    let gone = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: gone });
    assert_eq!(problem(&desk, 2), "removed_unproven");
    assert!(desk.disk(2).contains_key("device"), "keys are not given up for a word");
    let pushed = pushes(&mut desk, 2);
    desk.copy(2, "not to be sent");
    assert!(pushed.borrow().is_empty());
    desk.stop_lying();
    desk.command(2, Command::Resume);
    desk.wait(5_000);
    assert_eq!(desk.view(2).stage, hushclip_model::view::Stage::Removed);
    assert!(!desk.disk(2).contains_key("device"));
}

/// Keeps the log entries that device 0 sends from the relay.
fn keep_appends(desk: &mut Desk) -> Rc<RefCell<Vec<SignedEntry>>> {
    let kept: Rc<RefCell<Vec<SignedEntry>>> = Rc::default();
    let seen = Rc::clone(&kept);
    desk.lie(move |way, device, frame| match ToRelay::decode(&frame) {
        Ok(ToRelay::LogAppend(entry)) if way == Way::Up && device == 0 => {
            seen.borrow_mut().push(entry);
            Vec::new()
        }
        _ => vec![frame],
    });
    kept
}

/// One entry was made, however often it was sent, and shown to another device it is no fork.
fn is_one(desk: &mut Desk, kept: &RefCell<Vec<SignedEntry>>, least: usize) {
    let tries: Vec<_> = kept.borrow().iter().map(SignedEntry::hash).collect();
    assert!(tries.len() >= least, "{} tries", tries.len());
    assert!(tries.iter().all(|hash| *hash == tries[0]), "one signed entry for one place");
    desk.stop_lying();
    show_entry(desk, 1, &kept.borrow()[0]);
    desk.wait(10 * 60_000);
    assert_eq!((problem(desk, 0), problem(desk, 1)), (String::new(), String::new()));
    goes_on(desk, 0, 1);
}

#[test]
fn attack_each_try_of_a_removal_shown_to_another_device() {
    let mut desk = Desk::paired(3);
    let kept = keep_appends(&mut desk);
    let id = desk.id(2);
    desk.command(0, Command::RemoveDevice { device: id });
    desk.wait(40_000);
    desk.cut(None);
    desk.wait(40_000);
    desk.restart(0);
    desk.wait(40_000);
    is_one(&mut desk, &kept, 3);
    assert_eq!(desk.view(2).stage, Stage::Removed);
}

#[test]
fn attack_each_try_of_new_keys_shown_to_another_device() {
    let mut desk = Desk::paired(3);
    let kept = keep_appends(&mut desk);
    desk.command(0, Command::SetRotation { minutes: 30 });
    desk.wait(31 * 60_000);
    desk.restart(0);
    desk.wait(60_000);
    is_one(&mut desk, &kept, 2);
}

#[test]
fn attack_a_device_that_was_not_let_in_after_all_is_recorded_later() {
    let mut desk = Desk::paired(2);
    desk.add_device();
    let link = desk.invite();
    desk.command(2, Command::Join { link, name: "stranger".into() });
    let digits = desk.digits(2);
    let kept = keep_appends(&mut desk);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    desk.command(0, Command::CancelInvite);
    desk.wait(11 * 60_000);
    desk.restart(0);
    desk.stop_lying();
    let entry = kept.borrow()[0].clone();
    desk.wait(60_000);
    desk.say_as(0, &ToRelay::LogAppend(entry));
    desk.wait(60_000);
    assert_eq!((desk.view(0).devices.len(), desk.view(1).devices.len()), (2, 2), "it is removed again");
    let codes: Vec<_> = desk.view(0).alerts.into_iter().map(|alert| alert.what.code().to_owned()).collect();
    assert_eq!(codes, ["joined"], "and the person knows");
}

#[test]
fn attack_a_copy_of_the_keys_lets_a_device_in() {
    let mut desk = Desk::paired(2);
    let copy = stolen_keys(&desk, 0);
    let joiner = DeviceKeys::make(&mut rng());
    let transcript = Hash::from_bytes([6; 32]);
    let proof = joiner.sign(&possession_message(&transcript, &joiner.sign_pk(), &joiner.box_pk()));
    let (sign_pk, box_pk) = (joiner.sign_pk(), joiner.box_pk());
    let request = JoinRequest { sign_pk, box_pk, name: "thief".into(), transcript, proof };
    let (entry, _) = make_add_device(&copy, &log(&desk, 0), &request, &mut rng()).expect("an entry");
    desk.say_as(0, &ToRelay::LogAppend(entry));
    desk.wait(60_000);
    assert_eq!(desk.view(0).devices.len(), 3);
    let codes: Vec<_> = desk.view(0).alerts.into_iter().map(|alert| alert.what.code().to_owned()).collect();
    assert_eq!(codes, ["cloned_here", "joined"]);
}

#[test]
fn attack_an_item_that_forks_is_shown_again_and_again() {
    let mut desk = Desk::paired(3);
    desk.copy(0, "x");
    let (thief, log) = (stolen_keys(&desk, 2), entries(&desk, 0));
    let forged = envelope_with(&thief, &log, "x", |address| address.log_head = Hash::from_bytes([1; 32]));
    desk.lie(move |way, device, frame| match ToDevice::decode(&frame) {
        Ok(ToDevice::Items { mut items, has_more, through }) if way == Way::Down && device == 0 => {
            items.insert(0, Item { cursor: through, envelope: forged.clone().into(), mark: 1 });
            vec![ToDevice::Items { items, has_more, through }.encode()]
        }
        _ => vec![frame],
    });
    desk.cut(None);
    desk.wait(5_000);
    assert_eq!(problem(&desk, 0), "fork");
    desk.command(0, Command::Resume);
    desk.wait(5_000);
    assert_eq!(problem(&desk, 0), "", "the person has looked into it");
    desk.restart(0);
    desk.wait(5_000);
    assert_eq!(problem(&desk, 0), "", "and a restart changes nothing");
    goes_on(&mut desk, 0, 1);
}
