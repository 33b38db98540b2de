//! What a later version may send, from `tests/vectors/v1/growth.json`: this one reads what it knows, and counts the rest.

#[path = "../../../tests/vectors/reader.rs"]
mod reader;

use hushclip_protocol::codec::{self, CodecError};
use hushclip_protocol::envelope::Envelope;
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::SignPk;
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, Change, Membership, SignedEntry};
use reader::{Case, file};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What this version reads in a frame, in its own encoding.
fn read(case: &Case) -> Result<Vec<u8>, CodecError> {
    let bytes = case.hex("frame");
    match case.str("to") {
        "relay" => ToRelay::decode(&bytes).map(|frame| frame.encode()),
        "device" => ToDevice::decode(&bytes).map(|frame| frame.encode()),
        other => panic!("to {other}"),
    }
}

#[test]
fn frames() {
    let cases = file("growth").list("frames");
    assert_eq!(cases.len(), 13);
    for case in cases {
        let wanted = match case.maybe_str("read") {
            Some(_) => Ok(case.hex("read")),
            None => Err(CodecError::Unknown(case.number("unknown") as u8)),
        };
        assert_eq!(read(&case), wanted, "{}", case.name());
    }
}

#[test]
fn frames_that_are_refused() {
    let cases = file("growth").list("refused_frames");
    assert_eq!(cases.len(), 15);
    for case in cases {
        let refused = read(&case).unwrap_err();
        assert!(!matches!(refused, CodecError::Unknown(_)), "{}", case.name());
    }
}

#[test]
fn envelopes() {
    let file = file("growth");
    let key = SignPk::from_bytes(file.array("sign_pk"));
    let cases = file.list("envelopes");
    assert_eq!(cases.len(), 13);
    for case in cases {
        let bytes = case.hex("envelope");
        let envelope = Envelope::parse(&bytes).unwrap();
        assert!(envelope.verify(&key), "{}", case.name());
        assert_eq!(u64::from(envelope.header.suite), case.number("suite"), "{}", case.name());
        assert_eq!(u64::from(envelope.header.kind.number()), case.number("kind"), "{}", case.name());
        assert_eq!(envelope.header.counter, case.number("counter"), "{}", case.name());
        assert_eq!(envelope.header.sender.to_hex(), file.str("sender"), "{}", case.name());
    }
}

#[test]
fn an_entry_that_changes_nothing_of_who_is_in() {
    let case = file("growth").case("memo");
    let [first, memo] =
        ["first", "signed"].map(|key| codec::decode::<SignedEntry>(&case.hex(key), limits::FRAME_BYTES).unwrap());
    assert!(matches!(memo.decode_entry().unwrap().action, Action::Memo { topic: u16::MAX, .. }));
    let mut log = Membership::genesis(&first).unwrap();
    let members: Vec<_> = log.members().map(|(device, member)| (*device, member.clone())).collect();
    assert_eq!(log.apply(&memo), Ok(Change::Rotated));
    assert_eq!((log.epoch(), log.head().to_hex().as_str()), (1, case.str("hash")));
    assert!(log.members().map(|(device, member)| (*device, member.clone())).eq(members));
}
