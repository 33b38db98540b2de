//! Stories of who comes into which account: what people see of it before and after, and what devices
//! may be called.

use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_protocol::limits;
use hushclip_sim::{Desk, ORIGIN};

fn problem(desk: &Desk, device: usize) -> String {
    desk.view(device).problem.map(|p| p.code().to_owned()).unwrap_or_default()
}

fn let_in(desk: &mut Desk, device: usize, name: &str, share_history: bool) {
    let link = desk.invite();
    desk.command(device, Command::Join { link, name: name.into() });
    let digits = desk.digits(device);
    desk.command(0, Command::Approve { digits: Some(digits), share_history });
}

#[test]
fn both_sides_see_the_same_account() {
    let mut desk = Desk::new(3);
    desk.create();
    let account = desk.view(0).fingerprint;
    assert_eq!(account.as_ref().map(|account| account.split(' ').count()), Some(6));
    assert_eq!(desk.view(1).fingerprint, None);
    let link = desk.invite();
    desk.command(1, Command::Join { link, name: "device 1".into() });
    assert_eq!((desk.view(1).relay.as_deref(), desk.view(1).fingerprint), (Some(ORIGIN), None), "before it is in");
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!(desk.view(1).fingerprint, account);
    let list = desk.view(0).check;
    assert_eq!((list.as_ref().map(|list| list.split(' ').count()), &desk.view(1).check), (Some(10), &list));
    let_in(&mut desk, 2, "device 2", false);
    for device in 0..3 {
        assert_eq!(desk.view(device).fingerprint, account, "it stays");
        assert_ne!(desk.view(device).check, list, "the list is another one");
    }
    let mut elsewhere = Desk::new(1);
    elsewhere.repeat_random(0);
    elsewhere.create();
    assert_ne!(elsewhere.view(0).fingerprint, account);
}

#[test]
fn a_newcomer_asks_whether_this_is_the_right_account() {
    let mut desk = Desk::paired(2);
    assert_eq!((desk.view(0).new_here, desk.view(1).new_here), (false, true));
    desk.restart(1);
    assert!(desk.view(1).new_here);
    desk.command(1, Command::ConfirmAccount);
    desk.restart(1);
    assert!(!desk.view(1).new_here);
}

#[test]
fn names_that_deceive_are_not_taken() {
    let mut desk = Desk::new(2);
    for wrong in ["", " \t", "a\nb", "a\u{202e}b", "\u{2066}a", "a\u{200b}", "\u{1b}[2J"] {
        desk.command(0, Command::CreateAccount { relay: ORIGIN.into(), name: wrong.into(), token: None });
        assert_eq!((desk.view(0).stage, problem(&desk, 0).as_str()), (Stage::New, "bad_name"), "{wrong:?}");
    }
    desk.create();
    let link = desk.invite();
    for wrong in ["", "a\u{2028}b"] {
        desk.command(1, Command::Join { link: link.clone(), name: wrong.into() });
        assert_eq!((desk.view(1).stage, problem(&desk, 1).as_str()), (Stage::New, "bad_name"), "{wrong:?}");
    }
    // One that is too long is cut, the same for all.
    let long = "ä".repeat(40);
    let_in(&mut desk, 1, &long, false);
    let names = |device: usize| desk.view(device).devices.into_iter().map(|device| device.name).max();
    assert_eq!((names(0), names(1)), (Some("ä".repeat(32)), Some("ä".repeat(32))));
    assert_eq!(desk.view(1).name, Some("ä".repeat(32)));
}

#[test]
fn a_name_that_is_taken_is_pointed_out() {
    for (name, namesake) in [("Device 0 ", true), ("DEVICE  0", true), ("device 1", false)] {
        let mut desk = Desk::new(2);
        desk.create();
        let link = desk.invite();
        desk.command(1, Command::Join { link, name: name.into() });
        assert_eq!(desk.view(0).invite.expect("it waits").namesake, namesake, "{name}");
    }
}

/// A name as long as names may be.
fn long_name(number: usize) -> String {
    format!("{number:0width$}", width = limits::NAME_BYTES)
}

// It carried the names of all who had ever been in: the 96th stood in the log and never got in.
#[test]
fn a_newcomer_comes_in_however_many_have_left() {
    let mut desk = Desk::new(1);
    desk.create();
    for number in 1..=100 {
        desk.add_device();
        let_in(&mut desk, number, &long_name(number), true);
        assert_eq!(desk.view(number).stage, Stage::Member, "device {number}");
        if number < 70 {
            let device = desk.id(number);
            desk.command(0, Command::RemoveDevice { device });
            desk.take_away(number);
        }
        // As fast as the relay lets anybody.
        desk.wait(30_000);
    }
    assert_eq!(desk.view(0).devices.len(), limits::DEVICES);
    let names = desk.view(100).devices.into_iter().map(|device| device.name);
    assert_eq!(names.filter(|name| name.len() == limits::NAME_BYTES).count(), limits::DEVICES - 1);
}
