//! Relays that are broken, or lie: each is told by what it does, not as one that cannot be reached.

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::ToDevice;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::pairing::digits;
use crate::support::{Device, one_device, two_devices};

fn close(code: CloseCode) -> Message {
    Message::Close(Some(CloseFrame { code: code.code().into(), reason: "".into() }))
}

fn says(frame: &ToDevice) -> Message {
    Message::Binary(frame.encode().into())
}

/// What is said where a write to the disk has failed; `of` is the tag of the frame that it was for.
fn refused(of: u8) -> Message {
    says(&ToDevice::Error { code: ErrorCode::Unavailable, retry_after_ms: 0, of })
}

#[test]
fn each_fault_of_the_relay_has_its_own_sentence() {
    let (relay, laptop) = one_device();
    let lies: [(crate::relay::Lie, &str); 4] = [
        (|frame| matches!(frame, ToDevice::Items { .. }).then(|| Message::Binary(vec![0xff].into())), "relay_garbled"),
        (
            |frame| {
                let endless = ToDevice::Items { items: Vec::new(), has_more: true, through: 0 };
                matches!(frame, ToDevice::Items { .. }).then(|| says(&endless))
            },
            "relay_endless",
        ),
        (|frame| matches!(frame, ToDevice::Welcome(_)).then(|| close(CloseCode::NotAMember)), "sign_in_refused"),
        (
            |frame| {
                let ToDevice::Welcome(welcome) = frame else { return None };
                let mut welcome = welcome.clone();
                welcome.version = 2;
                Some(says(&ToDevice::Welcome(welcome)))
            },
            "relay_version",
        ),
    ];
    for (lie, code) in lies {
        relay.lie(Some(lie));
        laptop.run(&["pull", "--timeout", "2"]).fails(code);
        laptop.run(&["push", "hi", "--timeout", "2"]).fails(code);
    }
    relay.lie(None);
    laptop.run(&["pull"]).ok();
    assert_eq!(laptop.run(&["status", "--json"]).json()[0]["problem"], serde_json::Value::Null);
}

#[test]
fn a_close_code_is_told() {
    let (relay, laptop) = one_device();
    relay.lie(Some(|frame| matches!(frame, ToDevice::Welcome(_)).then(|| close(CloseCode::TooManySockets))));
    let outcome = laptop.run(&["pull", "--timeout", "2"]);
    outcome.fails("offline");
    assert!(outcome.err.contains("too many connections"), "{outcome:?}");
}

#[test]
fn joining_ends_when_the_relay_does_not_take_the_newcomer() {
    let (relay, laptop) = one_device();
    let (mut invite, pixel) = (laptop.start(&["invite"]), Device::new());
    let join = pixel.start(&["join", &invite.line()]);
    let shown = digits(&join.says("Type "));
    // The laptop is signed in already.
    relay.lie(Some(|frame| matches!(frame, ToDevice::Welcome(_)).then(|| close(CloseCode::NotAMember))));
    invite.types(&shown);
    join.end().fails("join_unfinished");
    assert_eq!(pixel.run(&["status", "--json"]).json()[0]["stage"], "new");
}

#[test]
fn a_list_that_is_kept_back_is_why_nothing_is_sent() {
    let (relay, laptop, pixel) = two_devices();
    let (invite, tablet) = (pixel.start(&["invite", "--yes"]), Device::new());
    tablet.run(&["join", &invite.line(), "--name", "Tablet"]).ok();
    invite.end().ok();
    pixel.run(&["push", "from where the tablet is known"]).ok();
    relay.lie(Some(|frame| {
        let ToDevice::LogEntries { from, .. } = frame else { return None };
        Some(says(&ToDevice::LogEntries { from: *from, entries: Vec::new(), has_more: false }))
    }));
    laptop.run(&["pull", "--timeout", "3"]);
    let outcome = laptop.run(&["push", "not to those of before", "--timeout", "3"]);
    outcome.fails("log_withheld");
    assert!(outcome.err.contains("hushclip alerts --dismiss"), "{outcome:?}");
}

#[test]
fn a_relay_that_cannot_write_is_told_as_that_while_pairing_by_code() {
    let (relay, laptop) = one_device();
    let (invite, pixel) = (laptop.start(&["invite", "--code", "--yes"]), Device::new());
    let code = invite.line();
    relay.lie(Some(|frame| matches!(frame, ToDevice::InviteNote(_)).then(|| refused(12))));
    let outcome = pixel.run(&["join", &code, "--relay", &relay.url()]);
    outcome.fails("relay_unavailable");
    assert!(outcome.err.contains("storage is failing"), "{outcome:?}");
    drop(invite);
    relay.lie(Some(|frame| matches!(frame, ToDevice::CodeOpened { .. }).then(|| refused(11))));
    let outcome = laptop.run(&["invite", "--code"]);
    outcome.fails("relay_unavailable");
    assert!(outcome.err.contains("storage is failing"), "{outcome:?}");
}
