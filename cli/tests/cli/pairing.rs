//! Letting devices in, and turning them away.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::relay::Relay;
use crate::support::{Device, one_device, two_devices};

/// The digits that a joining device shows, as they are typed.
pub(crate) fn digits(line: &str) -> String {
    line.chars().filter(char::is_ascii_digit).collect()
}

#[test]
fn the_digits_let_a_device_in() {
    let (relay, laptop) = one_device();
    let (mut invite, pixel) = (laptop.start(&["invite"]), Device::new());
    let link = invite.line();
    assert!(link.starts_with(&format!("{}/pair#", relay.url())));
    let join = pixel.start(&["join", &link, "--name", "Pixel"]);
    let shown = digits(&join.says("Type "));
    assert_eq!(shown.len(), 6);
    invite.says("Pixel wants to join");
    let wrong = if shown == "000000" { "000001" } else { "000000" };
    invite.types(wrong);
    invite.says("not the digits");
    invite.types(&format!("{} {}", &shown[..3], &shown[3..]));
    let (join, invite) = (join.end(), invite.end());
    let account = laptop.run(&["status", "--json"]).json()[0]["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(account.split(' ').count(), 6);
    for said in [&join.err, &invite.err, &laptop.run(&["devices"]).ok(), &pixel.run(&["status"]).ok()] {
        assert!(said.contains(&account), "{said}");
    }
    assert!(join.err.contains(&relay.url()), "{join:?}");
    assert_eq!(join.ok(), "Joined as Pixel, with Laptop.\n");
    assert_eq!(invite.ok(), "Pixel has joined.\n");
    let names = |device: &Device| -> Vec<_> {
        device.run(&["devices", "--json"]).json().iter().map(|d| d["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&laptop), ["Laptop", "Pixel"]);
    assert_eq!(names(&pixel), ["Pixel", "Laptop"]);
}

#[test]
fn wrong_digits_three_times_turn_it_away() {
    let (_relay, laptop) = one_device();
    let (mut invite, pixel) = (laptop.start(&["invite"]), Device::new());
    let join = pixel.start(&["join", &invite.line(), "--name", "Pixel"]);
    let shown = digits(&join.says("Type "));
    let wrong = if shown == "000000" { "000001" } else { "000000" };
    for _ in 0..3 {
        invite.types(wrong);
    }
    invite.end().fails("wrong_digits");
    join.end().fails("invite_refused");
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 1);
}

#[test]
fn without_an_answer_nobody_comes_in() {
    let (_relay, laptop) = one_device();
    for (typed, code) in [(None, "not_confirmed"), (Some("no"), "refused")] {
        let (mut invite, pixel) = (laptop.start(&["invite"]), Device::new());
        let link = invite.line();
        match typed {
            Some(typed) => invite.types(typed),
            None => drop(invite.input.take()),
        }
        pixel.run(&["join", &link]).fails("invite_refused");
        let outcome = invite.end();
        outcome.fails(code);
        assert_eq!(outcome.err.contains("--yes"), typed.is_none());
    }
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 1);
}

#[test]
fn a_link_works_once() {
    let (_relay, laptop) = one_device();
    let (pixel, late) = (Device::new(), Device::new());
    let invite = laptop.start(&["invite", "--yes"]);
    let link = invite.line();
    pixel.run(&["join", &link, "--yes"]).ok();
    invite.end().ok();
    let outcome = late.run(&["join", &link]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("(invite_used)") || outcome.err.contains("(invite_gone)"), "{outcome:?}");
}

#[cfg(unix)]
#[test]
fn stopping_an_invite_takes_the_link_back() {
    let (_relay, laptop) = one_device();
    let invite = laptop.start(&["invite", "--yes"]);
    let link = invite.line();
    invite.signal("-INT");
    assert_eq!(invite.end().code, Some(130));
    Device::new().run(&["join", &link]).fails("invite_gone");
}

#[test]
fn bad_links_are_refused() {
    let device = Device::new();
    for link in ["", "hello", "https://relay.example/", "https://relay.example/pair#"] {
        device.run(&["join", link]).fails("bad_link");
    }
}

/// The same link, on a page of somebody else.
fn on_another_page(link: &str, relay: &str) -> String {
    let (_, fragment) = link.split_once('#').unwrap();
    let mut bytes = Base64UrlUnpadded::decode_vec(fragment).unwrap();
    bytes.extend_from_slice(relay.as_bytes());
    format!("https://good.example/pair#{}", Base64UrlUnpadded::encode_string(&bytes))
}

#[test]
fn a_link_that_hides_its_relay_needs_a_word() {
    let (relay, laptop) = one_device();
    let (invite, pixel) = (laptop.start(&["invite", "--yes"]), Device::new());
    let link = on_another_page(&invite.line(), &relay.url());
    for args in [&["join", &link][..], &["join", &link, "--yes"], &["join", &link, "--relay", "https://good.example"]] {
        let outcome = pixel.run(args);
        outcome.fails("other_relay");
        assert!(outcome.err.contains(&relay.url()), "{outcome:?}");
    }
    let host = relay.url().replace("http://", "");
    pixel.run(&["join", &link, "--relay", &host]).ok();
    invite.end().ok();
    // Where nothing is hidden it may be said too.
    let (invite, tablet) = (laptop.start(&["invite", "--yes"]), Device::new());
    tablet.run(&["join", &invite.line(), "--relay", &relay.url()]).ok();
    invite.end().ok();
}

#[test]
fn plain_http_elsewhere_is_refused() {
    let device = Device::new();
    device.run(&["init", "--relay", "http://192.168.0.7:8787"]).fails("plain_relay");
    device.run(&["join", "4-purple-cactus", "--relay", "http://relay.example"]).fails("plain_relay");
    device.run(&["join", &on_another_page("#AQ", "").replace("https:", "http:")]).fails("bad_link");
}

#[test]
fn a_name_that_is_taken_is_pointed_out() {
    let (_relay, laptop) = one_device();
    let (mut invite, other) = (laptop.start(&["invite"]), Device::new());
    let join = other.start(&["join", &invite.line(), "--name", "laptop"]);
    invite.says("you already have a device called laptop");
    invite.types("no");
    invite.end().fails("refused");
    join.end().fails("invite_refused");
}

#[test]
fn a_third_device_is_let_in_through_a_process_that_runs() {
    let (_relay, laptop, pixel) = two_devices();
    let _watch = laptop.start(&["watch"]);
    let tablet = Device::new();
    let invite = laptop.start(&["invite", "--yes"]);
    tablet.run(&["join", &invite.line(), "--name", "Tablet"]).ok();
    assert_eq!(invite.end().ok(), "Tablet has joined.\n");
    tablet.run(&["push", "from the third"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "from the third\n");
    assert_eq!(pixel.run(&["pull", "--json"]).json().len(), 0);
}

#[test]
fn an_invite_needs_the_relay() {
    let (mut relay, laptop): (Relay, _) = one_device();
    relay.go_away();
    // Its own bound is 15 seconds.
    laptop.run(&["invite"]).fails("relay_unreachable");
}

#[test]
fn an_invite_that_failed_does_not_report_the_device_of_another() {
    let (relay, laptop, pixel) = two_devices();
    let (first, tablet, phone) = (laptop.start(&["invite", "--code"]), Device::new(), Device::new());
    let code = first.line();
    // Another device lets somebody in meanwhile.
    let other = pixel.start(&["invite", "--yes"]);
    tablet.run(&["join", &other.line(), "--name", "Tablet"]).ok();
    assert_eq!(other.end().ok(), "Tablet has joined.\n");
    let number = code.split('-').next().unwrap();
    let words = ["abacus-zoom", "zoom-abacus"].into_iter().find(|words| !code.ends_with(words)).unwrap();
    let guess = format!("{number}-{words}");
    assert_eq!(phone.run(&["join", &guess, "--relay", &relay.url(), "--name", "Phone"]).code, Some(1));
    first.end().fails("wrong_code");
}

#[test]
fn an_invite_ends_when_another_takes_its_place() {
    let (_relay, laptop) = one_device();
    let (first, tablet) = (laptop.start(&["invite"]), Device::new());
    first.line();
    let second = laptop.start(&["invite", "--yes"]);
    let link = second.line();
    let first = first.end();
    first.fails("invite_replaced");
    tablet.run(&["join", &link, "--name", "Tablet"]).ok();
    assert_eq!(second.end().ok(), "Tablet has joined.\n");
}

#[test]
fn a_link_can_come_from_the_standard_input() {
    let (relay, laptop) = one_device();
    let (invite, pixel) = (laptop.start(&["invite", "--yes"]), Device::new());
    let link = invite.line();
    pixel.pipe(&["join", "-"], b"").fails("no_link");
    let joined = pixel.pipe(&["join", "-", "--name", "Pixel"], format!("  {link}\r\nnot read\n").as_bytes());
    assert_eq!(joined.ok(), "Joined as Pixel, with Laptop.\n");
    invite.end().ok();
    let (invite, tablet) = (laptop.start(&["invite", "--code", "--yes"]), Device::new());
    let code = format!("{}\n", invite.line());
    tablet.pipe(&["join", "-", "--relay", &relay.url()], code.as_bytes()).ok();
    invite.end().ok();
}
