//! The part of `tests/vectors/v1` that needs no secrets: what the relay checks, and devices too.

#[path = "../../../tests/vectors/reader.rs"]
mod reader;

use hushclip_protocol::codec::{self, CodecError};
use hushclip_protocol::envelope::{Envelope, EnvelopeError};
use hushclip_protocol::frame::{Challenge, Hello};
use hushclip_protocol::ids::{AccountId, BoxPk, ConnId, DeviceId, Hash, Nonce, SignPk, Signature};
use hushclip_protocol::log::{Change, LogError, Membership, SignedEntry};
use hushclip_protocol::{limits, signature, signin};
use reader::{Case, file};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn device_identifiers() {
    for case in file("device").list("keys") {
        let id = DeviceId::derive(&SignPk::from_bytes(case.array("sign_pk")), &BoxPk::from_bytes(case.array("box_pk")));
        assert_eq!(id.to_hex(), case.str("device_id"), "{}", case.name());
    }
}

#[test]
fn signatures() {
    for case in file("device").list("signatures") {
        let key = SignPk::from_bytes(case.array("sign_pk"));
        let verified = signature::verify(&key, &case.hex("message"), &Signature::from_bytes(case.array("signature")));
        assert_eq!(verified, case.bool("valid"), "{}", case.name());
    }
}

#[test]
fn box_keys_of_low_order() {
    let device = file("device");
    for case in device.list("low_order_box_keys") {
        assert!(BoxPk::from_bytes(case.array("box_pk")).is_low_order(), "{}", case.name());
    }
    for case in device.list("keys") {
        assert!(!BoxPk::from_bytes(case.array("box_pk")).is_low_order(), "{}", case.name());
    }
}

#[test]
fn envelopes_that_are_accepted() {
    let file = file("envelope");
    let key = SignPk::from_bytes(file.array("sign_pk"));
    for case in file.list("accepted") {
        let name = case.name();
        let bytes = case.hex("envelope");
        let envelope = Envelope::parse(&bytes).unwrap();
        assert!(envelope.verify(&key), "{name}");
        assert_eq!(envelope.header_bytes, case.hex("header"), "{name}");
        assert_eq!(envelope.sealed, case.hex("sealed"), "{name}");
        let header = &envelope.header;
        assert_eq!(codec::encode(header), envelope.header_bytes, "{name}");
        assert_eq!(u64::from(header.kind.number()), case.number("kind"), "{name}");
        assert_eq!(header.account.to_hex(), file.str("account"), "{name}");
        assert_eq!(header.epoch, case.number("epoch"), "{name}");
        assert_eq!(header.log_seq, case.number("log_seq"), "{name}");
        assert_eq!(header.log_head.to_hex(), case.str("log_head"), "{name}");
        assert_eq!(header.sender.to_hex(), file.str("sender"), "{name}");
        assert_eq!(header.counter, case.number("counter"), "{name}");
        assert_eq!(header.item.to_hex(), case.str("item"), "{name}");
        assert_eq!(u64::from(header.ttl_s), case.number("ttl_s"), "{name}");
        assert_eq!(header.salt.0, case.array("salt"), "{name}");
    }
}

#[test]
fn envelopes_that_are_refused() {
    let file = file("envelope");
    let key = SignPk::from_bytes(file.array("sign_pk"));
    for case in file.list("refused") {
        let name = case.name();
        let bytes = case.hex("envelope");
        let parsed = Envelope::parse(&bytes);
        match case.str("step") {
            "parse" => {
                let error = match parsed.expect_err(name) {
                    EnvelopeError::Codec(error) => codec_error(error),
                    EnvelopeError::Unsupported(_) => "Unsupported",
                    EnvelopeError::OutOfRange => "OutOfRange",
                };
                assert_eq!(error, case.str("error"), "{name}");
            }
            "verify" => assert!(!parsed.unwrap().verify(&key), "{name}"),
            // Only who holds the key can tell.
            "open" => assert!(parsed.unwrap().verify(&key), "{name}"),
            step => panic!("{name}: step {step}"),
        }
    }
}

#[test]
fn every_cut_of_an_envelope_is_refused() {
    let bytes = file("envelope").list("accepted")[0].hex("envelope");
    for len in 0..bytes.len() {
        assert!(matches!(Envelope::parse(&bytes[..len]), Err(EnvelopeError::Codec(_))), "{len} bytes");
    }
}

#[test]
fn every_bit_of_an_envelope_is_bound() {
    let file = file("envelope");
    let key = SignPk::from_bytes(file.array("sign_pk"));
    let mut bytes = file.list("accepted")[0].hex("envelope");
    for at in 0..bytes.len() {
        // One bit of each byte, another one each time: all of them would take a minute as wasm.
        let bit = 1 << (at % 8);
        bytes[at] ^= bit;
        assert!(!Envelope::parse(&bytes).is_ok_and(|envelope| envelope.verify(&key)), "byte {at}");
        bytes[at] ^= bit;
    }
    assert!(Envelope::parse(&bytes).unwrap().verify(&key));
}

#[test]
fn the_log() {
    let file = file("log");
    let mut log: Option<Membership> = None;
    for case in file.list("log") {
        let signed = signed(&case);
        assert_eq!(signed.entry.to_vec(), case.hex("entry"));
        assert_eq!(signed.signature.to_hex(), case.str("signature"));
        assert_eq!(signed.sealed.to_vec(), case.hex("list"));
        let change = case.str("change");
        match &mut log {
            None => log = Some(Membership::genesis(&signed).unwrap()),
            Some(log) => {
                let told = match log.apply(&signed).unwrap() {
                    Change::Added(device) => format!("added {device}"),
                    Change::Removed(device) => {
                        let last = log.removed(&device).unwrap().last_counter;
                        format!("removed {device} after counter {last}")
                    }
                    Change::Rotated => "rotated".to_owned(),
                };
                assert_eq!(told, change);
            }
        }
        let log = log.as_ref().unwrap();
        assert_eq!(log.account().to_hex(), file.str("account"), "{change}");
        assert_eq!(log.seq(), case.number("seq"), "{change}");
        assert_eq!(log.head().to_hex(), case.str("hash"), "{change}");
        assert_eq!(log.epoch(), case.number("epoch"), "{change}");
        assert_eq!(log.commit().to_hex(), case.str("commit"), "{change}");
        let members: Vec<_> = log.members().map(|(id, _)| id.to_hex()).collect();
        assert_eq!(members, case.texts("members"), "{change}");
    }
}

#[test]
fn another_box_key() {
    let file = file("log");
    let case = file.case("rekey");
    let mut log = states(&file).pop().unwrap();
    assert_eq!(log.apply(&signed(&case)), Ok(Change::Rotated));
    assert_eq!((log.head().to_hex().as_str(), log.epoch()), (case.str("hash"), case.number("epoch")));
    assert_eq!(log.commit().to_hex(), case.str("commit"));
    let author = DeviceId::from_bytes(case.array("author"));
    assert_eq!(log.member(&author).map(|member| member.box_pk.to_hex()).as_deref(), Some(case.str("box_pk")));
}

#[test]
fn entries_that_are_refused() {
    let file = file("log");
    let states = states(&file);
    for case in file.list("refused") {
        let name = case.name();
        let signed = signed(&case);
        let after = usize::try_from(case.number("after")).unwrap();
        let error = if after == 0 {
            Membership::genesis(&signed).expect_err(name)
        } else {
            let mut log = states[after - 1].clone();
            let error = log.apply(&signed).expect_err(name);
            assert_eq!(log, states[after - 1], "{name}: the log is unchanged");
            error
        };
        let error = match error {
            LogError::Codec(_) => "Codec".to_owned(),
            LogError::Version(_) => "Version".to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(error, case.str("error"), "{name}");
    }
}

// The relay cannot see inside the sealed secrets: these entries are in order for it.
#[test]
fn entries_whose_grants_do_not_open() {
    let file = file("log");
    let states = states(&file);
    for case in file.list("refused_grants") {
        let mut log = states.last().unwrap().clone();
        assert_eq!(log.apply(&signed(&case)), Ok(Change::Rotated), "{}", case.name());
    }
}

#[test]
fn answers_to_a_challenge() {
    let file = file("signin");
    let key = SignPk::from_bytes(file.array("sign_pk"));
    for (list, valid) in [("accepted", true), ("refused", false)] {
        for case in file.list(list) {
            let challenge = Challenge {
                versions: case.versions("relay_versions"),
                nonce: Nonce::from_bytes(case.array("nonce")),
                conn: ConnId::from_bytes(case.array("conn")),
            };
            let hello = Hello {
                versions: case.versions("versions"),
                account: AccountId::from_bytes(case.array("account")),
                device: DeviceId::from_bytes(case.array("device")),
                log_seq: case.number("log_seq"),
                log_head: Hash::from_bytes(case.array("log_head")),
                anchors: case.anchors(),
                signature: Signature::from_bytes(case.array("signature")),
            };
            let message = signin::message(case.str("host"), &challenge, &hello);
            assert_eq!(message, case.hex("message"), "{}", case.name());
            assert_eq!(signature::verify(&key, &message, &hello.signature), valid, "{}", case.name());
        }
    }
}

// So that nobody quietly empties a list.
#[test]
fn there_are_as_many_cases_as_ever() {
    let count = |name: &str, list: &str| file(name).list(list).len();
    assert_eq!(count("device", "keys"), 3);
    assert_eq!(count("device", "signatures"), 24);
    assert_eq!(count("device", "low_order_box_keys"), 10);
    assert_eq!(count("envelope", "accepted"), 7);
    assert_eq!(count("envelope", "refused"), 103);
    assert_eq!(count("log", "log"), 6);
    assert_eq!(count("log", "refused"), 95);
    assert_eq!(count("log", "refused_grants"), 13);
    assert_eq!(count("signin", "accepted"), 4);
    assert_eq!(count("signin", "refused"), 20);
}

fn codec_error(error: CodecError) -> &'static str {
    match error {
        CodecError::TooLong(_) => "TooLong",
        CodecError::Malformed(_) => "Malformed",
        CodecError::NotCanonical => "NotCanonical",
        CodecError::Unknown(_) => "Unknown",
    }
}

fn signed(case: &Case) -> SignedEntry {
    codec::decode(&case.hex("signed"), limits::FRAME_BYTES).unwrap()
}

/// The membership after each entry of the log.
fn states(file: &Case) -> Vec<Membership> {
    let mut states: Vec<Membership> = Vec::new();
    for case in file.list("log") {
        let signed = signed(&case);
        let next = match states.last() {
            None => Membership::genesis(&signed).unwrap(),
            Some(last) => {
                let mut next = last.clone();
                next.apply(&signed).unwrap();
                next
            }
        };
        states.push(next);
    }
    states
}
