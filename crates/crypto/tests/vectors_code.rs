//! `tests/vectors/v1/pairing_code.json` against pairing by typed code.

#[path = "../../../tests/vectors/reader.rs"]
mod reader;

use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::pairing::{Code, CodeError, CodeInviter, CodeJoiner};
use hushclip_protocol::codec;
use hushclip_protocol::ids::{InviteId, JoinToken, MailboxId};
use minicbor::bytes::ByteArray;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use reader::{Case, file};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Both sides of the exchange in the vectors.
struct Exchange {
    case: Case,
    inviter: CodeInviter,
    joiner: CodeJoiner,
    keys: DeviceKeys,
}

impl Exchange {
    fn read() -> Self {
        let case = file("pairing_code").case("exchange");
        let (a, b) = (case.case("inviter"), case.case("joiner"));
        let code = Code::parse(case.str("code")).unwrap();
        let invite = InviteId::from_bytes(case.array("invite"));
        let mailbox = MailboxId::from_bytes(case.array("mailbox"));
        let ephemeral = BoxSk::from_bytes(a.array("ephemeral_sk"));
        let random = ByteArray::from(a.array::<64>("random"));
        let inviter = codec::encode(&(invite, code.clone(), ephemeral, random, mailbox, case.str("host")));
        let token = JoinToken::from_bytes(b.array("token"));
        let (nonce, random) = (ByteArray::from(b.array::<32>("nonce")), ByteArray::from(b.array::<64>("random")));
        let joiner = codec::encode(&(code, b.str("relay"), b.str("host"), token, nonce, random, b.str("name")));
        let sign = SignSeed::from_bytes(b.array("sign_seed"));
        Self {
            inviter: codec::decode(&inviter, 1024).unwrap(),
            joiner: codec::decode(&joiner, 1024).unwrap(),
            keys: DeviceKeys::from_parts(sign, BoxSk::from_bytes(b.array("box_sk"))),
            case,
        }
    }
}

#[test]
fn codes_that_people_type() {
    for case in file("pairing_code").list("codes") {
        let code = Code::parse(case.str("typed")).unwrap_or_else(|why| panic!("{}: {why}", case.name()));
        assert_eq!((u64::from(code.nameplate), code.words.as_str()), (case.number("nameplate"), case.str("words")));
    }
    for case in file("pairing_code").list("refused_codes") {
        let error = match Code::parse(case.str("typed")) {
            Err(CodeError::NotACode) => "NotACode",
            Err(CodeError::UnknownWord(_)) => "UnknownWord",
            Ok(_) => "nothing",
        };
        assert_eq!(error, case.str("error"), "{}", case.name());
    }
}

#[test]
fn pairing_by_code() {
    let Exchange { case, inviter, joiner, keys } = Exchange::read();
    let (offer, given) = (case.hex("offer"), case.hex("request"));
    assert_eq!(inviter.offer(), offer);
    assert_eq!(inviter.code().to_string(), case.str("code"));
    let request = inviter.open_request(&given).unwrap();
    assert_eq!(request.transcript.to_hex(), case.str("transcript"));
    assert_eq!(request.proof.to_hex(), case.str("proof"));
    assert_eq!((request.name.as_str(), request.device_id()), (case.case("joiner").str("name"), keys.device_id()));
    // What the joiner says is the same each time, but for what is sealed.
    let made = joiner.request(&keys, &offer, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let open = 1 + 2 + 33 + 2 + 32;
    assert_eq!(made[..open], given[..open]);
    let reveal = case.hex("reveal");
    assert_eq!(inviter.reveal(&given, &request).unwrap(), reveal);
    joiner.check_reveal(&keys, &offer, &reveal).unwrap();
    let joined = joiner.open_welcome(&keys, &offer, &reveal, &case.hex("welcome")).unwrap();
    let told = case.case("joined");
    assert_eq!(joined.account.to_hex(), case.str("account"));
    assert_eq!((joined.log_seq, &joined.anchors), (told.number("log_seq"), &told.anchors()));
    assert_eq!(joined.log_head.to_hex(), told.str("log_head"));
    assert_eq!((joined.older.len(), joined.names.len()), (1, 1));
    assert_eq!(joined.older[0].epoch, told.list("older")[0].number("epoch"));
    assert_eq!(*joined.older[0].secret.expose(), told.list("older")[0].array("secret"));
    assert_eq!(joined.names[0].device.to_hex(), told.list("names")[0].str("device"));
    assert_eq!(joined.names[0].name, told.list("names")[0].str("name"));
}

#[test]
fn messages_of_pairing_by_code_that_are_refused() {
    let Exchange { case, inviter, joiner, keys } = Exchange::read();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (offer, reveal) = (case.hex("offer"), case.hex("reveal"));
    for refused in file("pairing_code").list("refused") {
        let (step, name, bytes) = (refused.str("step"), refused.name(), refused.hex("bytes"));
        let is_refused = match (step, refused.maybe_str("by")) {
            ("offer", None) => joiner.request(&keys, &bytes, &mut rng).is_err(),
            ("offer", Some("inviter")) => {
                let answer = joiner.request(&keys, &bytes, &mut rng).unwrap_or_else(|_| panic!("{name}: no answer"));
                inviter.open_request(&answer).is_err() && joiner.check_reveal(&keys, &bytes, &reveal).is_err()
            }
            ("request", None) => inviter.open_request(&bytes).is_err(),
            ("reveal", None) => {
                joiner.check_reveal(&keys, &offer, &bytes).is_err()
                    && joiner.open_welcome(&keys, &offer, &bytes, &case.hex("welcome")).is_err()
            }
            ("welcome", None) => joiner.open_welcome(&keys, &offer, &reveal, &bytes).is_err(),
            other => panic!("step {other:?}"),
        };
        assert!(is_refused, "{step}: {name}");
    }
}

// So that nobody quietly empties a list.
#[test]
fn there_are_as_many_cases_of_codes_as_ever() {
    let count = |list: &str| file("pairing_code").list(list).len();
    assert_eq!((count("codes"), count("refused_codes"), count("refused")), (7, 12, 104));
}
