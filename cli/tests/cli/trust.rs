//! Who is in the account: looking, removing, being removed, alerts, a relay that forgot, leaving.

use serde_json::Value;

use crate::support::{Device, one_device, two_devices};

fn status(device: &Device) -> Value {
    device.run(&["status", "--json"]).json().remove(0)
}

/// Lets a third device in on the first one.
fn third(laptop: &Device, name: &str) -> Device {
    let tablet = Device::new();
    let invite = laptop.start(&["invite", "--yes"]);
    tablet.run(&["join", &invite.line(), "--name", name]).ok();
    invite.end().ok();
    tablet
}

#[test]
fn devices_tells_when_each_was_heard_from_and_the_fingerprint() {
    let (_relay, laptop, pixel) = two_devices();
    assert!(laptop.run(&["devices"]).ok().contains("not heard from yet"));
    pixel.run(&["push", "hi"]).ok();
    laptop.run(&["pull"]).ok();
    let shown = laptop.run(&["devices"]).ok();
    assert!(shown.contains("this device") && shown.contains("confirmed just now"), "{shown}");
    let devices = laptop.run(&["devices", "--json"]).json();
    assert!(devices[1]["confirmed_at"].as_u64().unwrap() > 1_600_000_000_000);
    assert_eq!(devices[1]["removing"], false);
    let check = status(&laptop)["check"].as_str().unwrap().to_owned();
    assert!(!check.is_empty() && shown.contains(&check), "{shown}");
    assert_eq!(status(&pixel)["check"], check.as_str());
    third(&laptop, "Tablet");
    assert_ne!(status(&laptop)["check"], check.as_str());
}

#[test]
fn a_removed_device_gets_nothing_more_and_says_why() {
    let (_relay, laptop, pixel) = two_devices();
    laptop.run(&["push", "before"]).ok();
    let watch = pixel.start(&["watch"]);
    assert_eq!(watch.line(), "before");
    assert_eq!(laptop.run(&["devices", "remove", "Pixel", "--yes"]).ok(), "Pixel was removed.\n");
    watch.end().fails("removed");
    laptop.run(&["push", "after"]).ok();
    for args in [&["push", "hi"][..], &["pull"], &["watch"], &["devices"], &["invite"], &["rotation"]] {
        pixel.run(args).fails("removed");
    }
    assert_eq!(pixel.run(&["pull", "--all"]).ok(), "before\n");
    assert_eq!(status(&pixel)["stage"], "removed");
    assert!(pixel.run(&["status"]).ok().contains("was removed"));
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 1);
    // It can come back, as a new device.
    let invite = laptop.start(&["invite", "--yes"]);
    pixel.run(&["join", &invite.line(), "--name", "Pixel"]).ok();
    invite.end().ok();
    laptop.run(&["push", "again"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "again\n");
}

#[test]
fn removing_asks_first_and_says_whom_it_cannot_find() {
    let (_relay, laptop, _pixel) = two_devices();
    let own = status(&laptop)["device"].as_str().unwrap().to_owned();
    laptop.run(&["devices", "remove", "Pixel"]).fails("not_confirmed");
    laptop.pipe(&["devices", "remove", "Pixel"], b"\n").fails("cancelled");
    laptop.run(&["devices", "remove", "Tablet", "--yes"]).fails("unknown_device");
    for itself in ["Laptop", &own, &own[..8]] {
        laptop.run(&["devices", "remove", itself, "--yes"]).fails("own_removal");
    }
    let second = third(&laptop, "Pixel");
    laptop.run(&["devices", "remove", "Pixel", "--yes"]).fails("ambiguous");
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 3);
    let id = status(&second)["device"].as_str().unwrap().to_owned();
    let asked = laptop.pipe(&["devices", "remove", &id[..8]], b"y\n");
    assert!(asked.err.contains("keeps the clips it has already received"), "{asked:?}");
    asked.ok();
    assert_eq!(status(&second)["stage"], "removed");
}

#[test]
fn a_removal_without_the_relay_is_done_later() {
    let (mut relay, laptop, pixel) = two_devices();
    relay.go_away();
    let remove = laptop.start(&["devices", "remove", "Pixel", "--yes"]);
    // Its own bound is 30 seconds, so it is stopped by hand once it has noted the removal.
    while !laptop.run(&["devices"]).ok().contains("being removed") {}
    remove.signal("-INT");
    assert_eq!(remove.end().code, Some(130));
    relay.come_back();
    laptop.run(&["push", "after"]).ok();
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 1);
    pixel.run(&["pull"]).fails("removed");
}

#[test]
fn who_came_and_went_is_said_and_kept_until_dismissed() {
    let (_relay, laptop, pixel) = two_devices();
    let watch = pixel.start(&["watch"]);
    laptop.run(&["push", "hi"]).ok();
    assert_eq!(watch.line(), "hi");
    third(&laptop, "Tablet");
    watch.says("“Tablet” joined this account");
    laptop.run(&["devices", "remove", "Tablet", "--yes"]).ok();
    watch.says("“Tablet” was removed from this account by “Laptop”");
    let alerts = pixel.run(&["alerts", "--json"]).json();
    assert_eq!(alerts.iter().map(|alert| &alert["code"]).collect::<Vec<_>>(), ["joined", "removed"]);
    assert_eq!(status(&pixel)["alerts"].as_array().unwrap().len(), 2);
    assert!(pixel.run(&["status"]).ok().contains("`hushclip alerts --dismiss 1`"));
    pixel.run(&["alerts", "--dismiss", "7"]).fails("unknown_alert");
    pixel.run(&["alerts", "--dismiss", "1"]).ok();
    assert_eq!(pixel.run(&["alerts", "--json"]).json()[0]["code"], "removed");
    pixel.run(&["alerts", "--dismiss", "all"]).ok();
    assert_eq!(pixel.run(&["alerts"]).ok(), "No alerts.\n");
    drop(watch);
    assert_eq!(pixel.run(&["alerts", "--json"]).json().len(), 0);
    assert_eq!(laptop.run(&["alerts", "--json"]).json().len(), 0, "it did all that itself");
}

#[test]
fn how_often_keys_change_can_be_set() {
    let (_relay, laptop) = one_device();
    assert_eq!(status(&laptop)["rotation_minutes"], 10_080);
    assert!(laptop.run(&["rotation", "60"]).ok().contains("every hour"));
    assert_eq!(status(&laptop)["rotation_minutes"], 60);
    assert!(laptop.run(&["status"]).ok().contains("every hour"));
    assert!(laptop.run(&["rotation", "default"]).ok().contains("every week"));
    assert!(laptop.run(&["rotation"]).ok().contains("every week"));
}

#[test]
fn a_relay_that_went_on_from_another_list_stops_everything_until_resumed() {
    let (mut relay, laptop, pixel) = two_devices();
    let before = relay.back_up();
    assert!(laptop.run(&["resume"]).ok().contains("nothing to resume"));
    let tablet = third(&laptop, "Tablet");
    let after = relay.back_up();
    // One that does not know of the tablet is first on the restored relay, and changes the list there.
    relay.put_back(before);
    third(&pixel, "Other");
    laptop.run(&["push", "one"]).fails("fork");
    laptop.run(&["pull"]).fails("fork");
    assert_eq!(status(&laptop)["problem"]["code"], "fork");
    laptop.run(&["resume"]).fails("not_confirmed");
    let outcome = laptop.pipe(&["resume"], b"yes\n");
    for known in ["Laptop", "Pixel", "Tablet", "Fingerprint"] {
        assert!(outcome.err.contains(known), "{outcome:?}");
    }
    outcome.fails("fork");
    relay.put_back(after);
    laptop.run(&["resume", "--yes"]).ok();
    laptop.run(&["push", "two"]).ok();
    assert!(tablet.run(&["pull"]).ok().ends_with("two\n"));
}

#[test]
fn a_restored_relay_is_filled_again() {
    let (mut relay, laptop, pixel) = two_devices();
    laptop.run(&["push", "before"]).ok();
    let backup = relay.back_up();
    let tablet = third(&laptop, "Tablet");
    laptop.run(&["push", "lost"]).ok();
    relay.put_back(backup);
    // The first push after it is a success, and a script does not send twice.
    laptop.run(&["push", "after"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "before\nlost\nafter\n");
    assert_eq!(tablet.run(&["pull"]).ok(), "lost\nafter\n");
    let codes: Vec<_> = laptop.run(&["alerts", "--json"]).json().iter().map(|a| a["code"].clone()).collect();
    assert_eq!(codes, ["log_restored", "items_restored"]);
    assert_eq!(laptop.run(&["status", "--json"]).json()[0]["waiting"], 0);
}

#[test]
fn leaving_deletes_everything_here_and_tells_nobody() {
    let (_relay, laptop, pixel) = two_devices();
    let asked = pixel.run(&["leave"]);
    asked.fails("not_confirmed");
    assert!(asked.err.contains("This deletes its keys"));
    let watch = pixel.start(&["watch"]);
    laptop.run(&["push", "hi"]).ok();
    assert_eq!(watch.line(), "hi");
    pixel.run(&["leave", "--yes"]).ok();
    watch.end().fails("no_account");
    let left: Vec<_> = std::fs::read_dir(pixel.home()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
    assert_eq!(status(&pixel)["stage"], "new");
    pixel.run(&["leave", "--yes"]).fails("no_account");
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 2);
}

#[test]
fn a_damaged_home_can_be_left() {
    let (_relay, laptop) = one_device();
    std::fs::write(laptop.home().join("state.db"), "this is no database, and long enough to be looked at").unwrap();
    laptop.run(&["leave", "--yes"]).ok();
    assert_eq!(status(&laptop)["stage"], "new");
}
