//! Letting devices in by a typed code, and sharing what was sent before they came.

use crate::relay::Relay;
use crate::support::{Device, Running, one_device};

/// The code of an invite that has just begun.
fn code(invite: &Running) -> String {
    let code = invite.line();
    let parts: Vec<_> = code.split('-').collect();
    assert!(parts.len() == 3 && parts[0].parse::<u32>().is_ok(), "{code}");
    code
}

fn join<'a>(relay: &str, pixel: &'a Device, code: &str) -> impl FnOnce() -> Running + use<'a> {
    let args = ["join", code, "--relay", relay, "--name", "Pixel"].map(str::to_owned);
    move || pixel.start(&args.each_ref().map(String::as_str))
}

#[test]
fn a_typed_code_and_a_yes_let_a_device_in() {
    let (relay, laptop) = one_device();
    let (mut invite, pixel) = (laptop.start(&["invite", "--code"]), Device::new());
    let typed = code(&invite).to_uppercase().replace('-', " ");
    assert!(invite.says("It works once").contains("expires in 10 minutes"));
    let join = join(&relay.url(), &pixel, &typed)();
    invite.says("Pixel has typed the code and wants to join. Let it in? [y/N]");
    invite.types("y");
    assert_eq!(invite.end().ok(), "Pixel has joined.\n");
    assert_eq!(join.end().ok(), "Joined as Pixel, with Laptop.\n");
    laptop.run(&["push", "hi"]).ok();
    assert_eq!(pixel.run(&["pull"]).ok(), "hi\n");
}

#[test]
fn a_typed_code_alone_lets_nobody_in() {
    let (relay, laptop) = one_device();
    for (typed, ends) in [(None, "not_confirmed"), (Some("n"), "refused"), (Some(""), "refused")] {
        let (mut invite, pixel) = (laptop.start(&["invite", "--code"]), Device::new());
        let join = join(&relay.url(), &pixel, &code(&invite))();
        invite.says("wants to join");
        match typed {
            Some(typed) => invite.types(typed),
            None => drop(invite.input.take()),
        }
        invite.end().fails(ends);
        join.end().fails("invite_refused");
    }
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 1);
}

#[test]
fn a_wrong_word_ends_the_code() {
    let (relay, laptop) = one_device();
    let (invite, pixel) = (laptop.start(&["invite", "--code", "--yes"]), Device::new());
    let right = code(&invite);
    let number = right.split('-').next().unwrap();
    let others = ["abandon-ability", "zebra-zoom", "castle-purple", "cactus-purple"];
    let wrong = others.into_iter().map(|words| format!("{number}-{words}")).find(|code| {
        // Words that are in no list are told apart before anything is sent.
        *code != right && !join(&relay.url(), &pixel, code)().end().err.contains("(bad_code)")
    });
    assert!(wrong.is_some());
    invite.end().fails("wrong_code");
    assert!(join(&relay.url(), &pixel, &right)().end().code == Some(1), "the code is void");
    assert_eq!(laptop.run(&["devices", "--json"]).json().len(), 1);
}

#[test]
fn a_code_needs_the_relays_address_and_a_link_does_not() {
    let (relay, device) = (Relay::start(), Device::new());
    let outcome = device.run(&["join", "4-purple-cactus"]);
    outcome.fails("relay_needed");
    assert!(outcome.err.contains("--relay https://relay.example"));
    device.run(&["join", "4-purple-cactus", "--relay", "nonsense"]).fails("bad_relay");
    device.run(&["join", "4-purple", "--relay", &relay.url()]).fails("bad_code");
    device.run(&["join", "4-purple-cactus", "--relay", &relay.url()]).fails("code_gone");
    device.run(&["join", "https://relay.example/pair#AQ", "--relay", &relay.url()]).fails("bad_link");
}

#[test]
fn history_is_shared_only_when_asked_for() {
    for by_code in [false, true] {
        for share in [false, true] {
            let (relay, laptop) = one_device();
            laptop.run(&["push", "before"]).ok();
            let mut args = vec!["invite", "--yes"];
            args.extend(by_code.then_some("--code"));
            args.extend(share.then_some("--share-history"));
            let (invite, pixel, relay) = (laptop.start(&args), Device::new(), relay.url());
            let shown = invite.line();
            let mut join = vec!["join", &shown];
            join.extend(by_code.then_some(["--relay", &relay]).into_iter().flatten());
            pixel.run(&join).ok();
            invite.end().ok();
            laptop.run(&["push", "after"]).ok();
            let expected = if share { "before\nafter\n" } else { "after\n" };
            assert_eq!(pixel.run(&["pull"]).ok(), expected, "{args:?}");
        }
    }
}
