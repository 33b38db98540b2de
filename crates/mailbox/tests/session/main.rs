//! `tests/vectors/v1/session.json` and the transcript in `docs/PROTOCOL.md`: what this relay says to two devices.

mod line;
mod story;

use std::collections::BTreeSet;

use hushclip_protocol::frame::{ToDevice, ToRelay};
use serde_json::Value;

fn committed() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/v1/session.json")).unwrap()
}

fn text<'v>(frame: &'v Value, key: &str) -> &'v str {
    frame[key].as_str().unwrap_or_default()
}

#[test]
fn the_relay_says_what_it_has_always_said() {
    let (told, committed) = (story::tell(), committed());
    let frames = |file: &Value| file["frames"].as_array().unwrap().clone();
    for (now, before) in frames(&told).iter().zip(frames(&committed)) {
        assert_eq!(*now, before);
    }
    assert_eq!(told, committed);
}

#[test]
fn every_kind_of_frame_is_in_it() {
    let file = committed();
    let mut known = (BTreeSet::new(), BTreeSet::new());
    for frame in file["frames"].as_array().unwrap().iter().filter(|frame| frame["close"].is_null()) {
        let bytes = base16ct::lower::decode_vec(text(frame, "frame").as_bytes()).unwrap();
        if text(frame, "to") == "relay" {
            known.0.insert(ToRelay::decode(&bytes).unwrap().tag().number());
        } else {
            ToDevice::decode(&bytes).unwrap();
            known.1.insert(bytes[1]);
        }
    }
    assert_eq!(known, ((0..16).collect(), (0..14).collect()));
}

#[test]
fn the_page_has_the_first_session() {
    let page = include_str!("../../../../docs/PROTOCOL.md");
    let section = page.split("### One session").nth(1).expect("the page has the section");
    // Long values are broken over lines there.
    let flat = section.split_whitespace().collect::<Vec<_>>().join("");
    let file = committed();
    let frames = file["frames"].as_array().unwrap();
    let end = frames.iter().position(|frame| frame["name"] == "Pushed").unwrap();
    for frame in &frames[..=end] {
        let arrow = if text(frame, "to") == "relay" { "→" } else { "←" };
        let line = format!("{arrow}{}={}", text(frame, "name"), text(frame, "frame"));
        assert!(flat.contains(&line), "not on the page: {line}");
    }
    assert_eq!(end, 9);
}
