//! What released versions have stored, from `tests/fixtures`: devices show it, and go on from there.

use std::collections::BTreeMap;

use hushclip_model::settings::{Apply, Policy, SecretKind, Theme};
use hushclip_model::view::Stage;
use hushclip_model::{Problem, View};
use hushclip_sim::Desk;

/// A device's records.
fn records(json: &str) -> BTreeMap<String, Vec<u8>> {
    let records: BTreeMap<String, String> = serde_json::from_str(json).expect("texts by key");
    let bytes = |hex: &str| base16ct::lower::decode_vec(hex.as_bytes()).expect("hexadecimal");
    records.iter().map(|(key, value)| (key.clone(), bytes(value))).collect()
}

fn texts(view: &View) -> Vec<&str> {
    view.clips.iter().map(|clip| &*clip.text).collect()
}

#[test]
fn records_of_v0_1_open() {
    // The relay has lost everything.
    let mut desk = Desk::new(3);
    desk.wait(60_000);
    desk.set_disk(0, records(include_str!("../../fixtures/v0.1/records-0.json")));
    let view = desk.view(0);
    assert_eq!(
        (view.stage, view.relay.as_deref(), view.name.as_deref()),
        (Stage::Member, Some("https://relay.test"), Some("device 0"))
    );
    assert_eq!(
        texts(&view),
        ["waits for the relay", "482913", "grüße, 世界", "bold", "from this device", "from a file"]
    );
    let from: Vec<_> = view.clips.iter().map(|clip| &*clip.from).collect();
    assert_eq!(from, ["device 0", "device 0", "device 2", "device 1", "device 0", "An older laptop"]);
    let bold = &view.clips[3];
    assert_eq!((bold.html.as_deref(), bold.pinned, bold.at), (Some("<b>bold</b>"), true, 1_800_000_001_000));
    assert_eq!(view.clips[1].secret, Some(SecretKind::Code));
    let settings = &view.settings;
    assert_eq!((settings.apply, settings.secret_life_s, settings.theme), (Apply::Ask, 600, Theme::Dark));
    assert_eq!((settings.secrets.code, settings.secrets.card), (Policy::Send, Policy::Never));
    assert_eq!((settings.paused_sites.as_slice(), settings.watch), (&["bank.example".to_owned()][..], true));
    assert_eq!(view.rotation_minutes, Some(1440));
    let confirmed: Vec<_> = view.devices.iter().map(|device| (&*device.name, device.confirmed_at)).collect();
    assert_eq!(confirmed, [("device 0", None), ("device 1", Some(1_800_000_001_000))]);
    desk.set_disk(1, records(include_str!("../../fixtures/v0.1/records-1.json")));
    desk.set_disk(2, records(include_str!("../../fixtures/v0.1/records-2.json")));
    let removed = desk.view(2);
    assert_eq!(removed.stage, Stage::Removed);
    assert_eq!(texts(&removed), ["482913", "grüße, 世界", "bold", "from this device"]);

    // The two that are left fill the relay again; what waited goes out, and the next copy arrives.
    desk.wait(5 * 60_000);
    desk.copy(1, "and on");
    desk.wait(60_000);
    // The open invite was lost with the relay.
    for (device, problem) in [(0, Some(Problem::InviteGone)), (1, None)] {
        let view = desk.view(device);
        assert_eq!(texts(&view)[..2], ["and on", "waits for the relay"], "device {device}: {:?}", view.problem);
        assert_eq!((view.waiting, view.problem), (0, problem), "device {device}");
        let alerts: Vec<_> = view.alerts.iter().map(|alert| alert.what.code()).collect();
        assert!(!alerts.iter().any(|code| ["missing", "expired", "unreadable", "cloned"].contains(code)), "{alerts:?}");
    }
}
