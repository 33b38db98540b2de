//! Clips from one device to the other: exactly, once, in order, and also when the relay is away.

use std::process::Stdio;

use crate::support::{Device, Outcome, one_device, two_devices};

fn texts(outcome: Outcome) -> Vec<String> {
    outcome.json().iter().map(|clip| clip["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn text_arrives_exactly() {
    let (relay, laptop, pixel) = two_devices();
    let exact: [&[u8]; 5] = [b"hi", b" two\nlines\n\n ", "grüße 👋🏽".as_bytes(), b"\x1b[2Jquiet\t\r\n\r\nend", b"\n"];
    for text in exact {
        laptop.run(&["push", std::str::from_utf8(text).unwrap()]).ok();
        let with_break = [text, b"\n"].concat();
        laptop.pipe(&["push"], &with_break).ok();
    }
    let expected: Vec<_> =
        exact.iter().flat_map(|text| [text, text]).map(|t| std::str::from_utf8(t).unwrap()).collect();
    assert_eq!(texts(pixel.run(&["pull", "--json"])), expected);
    let stored = relay.dump();
    assert!(!stored.windows(5).any(|bytes| bytes == b"lines" || bytes == b"quiet"));
}

#[test]
fn a_json_line_tells_all_there_is() {
    let (_relay, laptop, pixel) = two_devices();
    laptop.run(&["push", "hi"]).ok();
    let clips = pixel.run(&["pull", "--json"]).json();
    let clip = clips[0].as_object().unwrap();
    assert_eq!((&clip["from"], &clip["type"], &clip["text"]), (&"Laptop".into(), &"text".into(), &"hi".into()));
    assert_eq!(clip["id"].as_str().unwrap().len(), 32);
    assert_eq!(clip["cursor"], 1);
    assert!(clip["at"].as_u64().unwrap() > 1_600_000_000_000);
    let devices = laptop.run(&["devices", "--json"]).json();
    assert_eq!(clip["device"], devices[0]["id"]);
}

#[test]
fn pull_prints_each_clip_once() {
    let (_relay, laptop, pixel) = two_devices();
    laptop.run(&["push", "one"]).ok();
    // This fetches "one" too, but does not print it.
    pixel.run(&["push", "own"]).ok();
    laptop.run(&["push", "two"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "one\ntwo\n");
    assert_eq!(pixel.run(&["pull"]).ok(), "");
    assert_eq!(pixel.run(&["pull", "--all"]).ok(), "one\nown\ntwo\n");
    assert_eq!(laptop.run(&["pull"]).ok(), "own\n");
}

#[test]
fn watch_begins_with_what_was_missed_and_stops_at_its_count() {
    let (_relay, laptop, pixel) = two_devices();
    laptop.run(&["push", "missed"]).ok();
    let watch = pixel.start(&["watch", "--count", "2"]);
    assert_eq!(watch.line(), "missed");
    laptop.run(&["push", "live"]).ok();
    assert_eq!(watch.end().ok(), "live\n");
    laptop.run(&["push", "later"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "later\n");
}

#[test]
fn what_cannot_be_sent_is_said() {
    let (_relay, laptop, pixel) = two_devices();
    laptop.pipe(&["push"], &vec![b'a'; 256 * 1024 + 1]).fails("too_large");
    laptop.pipe(&["push"], b"\xff\xfe").fails("not_text");
    laptop.pipe(&["push"], b"").fails("empty");
    laptop.run(&["push", ""]).fails("empty");
    assert_eq!(pixel.run(&["pull"]).ok(), "");
}

#[test]
fn what_cannot_be_sent_now_is_sent_later() {
    let (mut relay, laptop, pixel) = two_devices();
    relay.go_away();
    laptop.run(&["push", "--timeout", "1", "one"]).fails("offline");
    assert_eq!(laptop.run(&["push", "--no-wait", "two"]).ok(), "");
    assert_eq!(laptop.run(&["push", "--timeout", "0", "three"]).ok(), "");
    assert_eq!(laptop.run(&["status", "--json"]).json()[0]["waiting"], 3);
    pixel.run(&["pull", "--timeout", "1"]).fails("offline");
    relay.come_back();
    laptop.run(&["push", "four"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "one\ntwo\nthree\nfour\n");
}

#[test]
fn watch_survives_an_absence_of_the_relay() {
    let (mut relay, laptop, pixel) = two_devices();
    let watch = pixel.start(&["watch"]);
    laptop.run(&["push", "before"]).ok();
    assert_eq!(watch.line(), "before");
    relay.go_away();
    relay.come_back();
    laptop.run(&["push", "after"]).ok();
    assert_eq!(watch.line(), "after");
}

#[test]
fn a_first_device_alone_can_push() {
    let (_relay, laptop): (_, Device) = one_device();
    laptop.run(&["push", "to nobody yet"]).ok();
    laptop.run(&["push", "-5"]).ok();
    assert_eq!(laptop.run(&["pull"]).ok(), "");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (_relay, laptop, pixel) = two_devices();
    let mut watch = pixel.command(&["watch"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(watch.stdout.take());
    laptop.run(&["push", "one"]).ok();
    assert!(watch.wait().unwrap().success());
    // Nobody has read it, so it counts as not printed.
    assert_eq!(pixel.run(&["pull"]).ok(), "one\n");
}

#[test]
fn json_holds_nothing_that_drives_a_terminal() {
    let (_relay, laptop, pixel) = two_devices();
    let text = "a\u{85}b\u{9b}31mc\u{7f}d\u{2028}e\u{2029}f\u{202e}g\u{2066}h\u{200f}i\u{61c}j \u{1b}[2J 👩\u{200d}👧";
    laptop.run(&["push", text]).ok();
    let out = pixel.run(&["pull", "--json"]).ok();
    let json = out.trim_end();
    assert!(
        json.chars().all(|c| !c.is_control() && !"\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}\u{61c}".contains(c)),
        "{json:?}"
    );
    assert!(json.contains("\\u009b31mc\\u007fd\\u2028e"), "{json}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(json).unwrap()["text"], text);
}

#[test]
fn too_much_is_refused_before_it_is_read_to_its_end() {
    use std::io::Write as _;
    let (_relay, laptop) = one_device();
    let mut push = laptop.start(&["push"]);
    let mut input = push.input.take().unwrap();
    // It stays open, and ends never.
    input.write_all(&vec![b'a'; 256 * 1024 + 1]).unwrap();
    let outcome = push.end();
    outcome.fails("too_large");
    assert!(outcome.err.contains("256 KiB"), "{outcome:?}");
    drop(input);
}
