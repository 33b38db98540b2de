//! `tests/vectors/v1` against everything that derives, seals, opens and pairs.

#[path = "../../../tests/vectors/reader.rs"]
mod reader;

use core::convert::Infallible;

use hushclip_crypto::body::{ClipBody, Part};
use hushclip_crypto::envelope::{Address, open, seal};
use hushclip_crypto::epoch::{EpochSecret, ItemKey, StateKey};
use hushclip_crypto::fingerprint::{account_words, list_words};
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::open_grant;
use hushclip_crypto::pad::{pad, padded_len, unpad};
use hushclip_crypto::pairing::{InviteSecret, Inviter, JoinRequest, Joiner, Link};
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::frame::{Challenge, Hello};
use hushclip_protocol::ids::{
    AccountId, ConnId, DeviceId, Hash, InviteId, ItemId, JoinToken, MailboxId, Nonce, Signature,
};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, SignedEntry};
use minicbor::bytes::ByteArray;
use rand_core::{TryCryptoRng, TryRng};
use reader::{Case, file};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Gives out the bytes of a vector as if they were random.
struct Fixed(Vec<u8>);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("only bytes are asked for")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        dst.copy_from_slice(&self.0.drain(..dst.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

fn device_keys(case: &Case) -> DeviceKeys {
    DeviceKeys::from_parts(SignSeed::from_bytes(case.array("sign_seed")), BoxSk::from_bytes(case.array("box_sk")))
}

#[test]
fn devices() {
    for case in file("device").list("keys") {
        let keys = device_keys(&case);
        assert_eq!(keys.sign_pk().to_hex(), case.str("sign_pk"), "{}", case.name());
        assert_eq!(keys.box_pk().to_hex(), case.str("box_pk"), "{}", case.name());
        assert_eq!(keys.device_id().to_hex(), case.str("device_id"), "{}", case.name());
        for signed in file("device").list("signatures") {
            if signed.name() == format!("{}: good", case.name()) {
                assert_eq!(keys.sign(&signed.hex("message")).to_hex(), signed.str("signature"));
            }
        }
    }
}

#[test]
fn epoch_secrets() {
    for case in file("epoch").list("secrets") {
        let name = case.name();
        let (account, epoch) = (AccountId::from_bytes(case.array("account")), case.number("epoch"));
        let secret = EpochSecret::from_bytes(case.array("secret"));
        assert_eq!(*secret.derive_item_key(&account, epoch).expose(), case.array("item_key"), "{name}");
        assert_eq!(*secret.derive_state_key(&account, epoch).expose(), case.array("state_key"), "{name}");
        let dedup = secret.derive_dedup_key(&account, epoch);
        assert_eq!(*dedup.expose(), case.array("dedup_key"), "{name}");
        assert_eq!(secret.derive_commit(&account, epoch).to_hex(), case.str("commit"), "{name}");
        assert_eq!(dedup.digest(&case.hex("content")).to_hex(), case.str("content_digest"), "{name}");
    }
}

#[test]
fn fingerprints() {
    for case in file("fingerprint").list("words") {
        let hash = case.array("hash");
        assert_eq!(account_words(&AccountId::from_bytes(hash)), case.str("account"), "{}", case.name());
        assert_eq!(list_words(&Hash::from_bytes(hash)), case.str("list"), "{}", case.name());
    }
}

#[test]
fn names() {
    let file = file("epoch");
    for case in file.list("names") {
        let key = StateKey::from_bytes(case.array("state_key"));
        let device = DeviceId::from_bytes(case.array("device"));
        let sealed = case.hex("sealed");
        assert_eq!(key.open_name(&device, &sealed).as_deref(), Ok(case.str("text")));
        let mut nonce = Fixed(sealed[..24].to_vec());
        assert_eq!(key.seal_name(&device, case.str("text"), &mut nonce), sealed);
    }
    for case in file.list("refused_names") {
        let key = StateKey::from_bytes(case.array("state_key"));
        let device = DeviceId::from_bytes(case.array("device"));
        assert!(key.open_name(&device, &case.hex("sealed")).is_err(), "{}", case.name());
    }
}

#[test]
fn padding() {
    let file = file("padding");
    for case in file.list("lengths") {
        assert_eq!(padded_len(case.number("len")), case.number("padded_len"));
    }
    for case in file.list("padded") {
        assert_eq!(pad(case.hex("plain")), case.hex("padded"), "{}", case.name());
        assert_eq!(unpad(case.hex("padded")).unwrap(), case.hex("plain"), "{}", case.name());
    }
    for case in file.list("refused") {
        assert!(unpad(case.hex("padded")).is_err(), "{}", case.name());
    }
}

#[test]
fn envelopes_that_are_accepted() {
    let file = file("envelope");
    let keys = device_keys(&file);
    let account = AccountId::from_bytes(file.array("account"));
    let secret = EpochSecret::from_bytes(file.array("secret"));
    for case in file.list("accepted") {
        let name = case.name();
        let bytes = case.hex("envelope");
        let envelope = Envelope::parse(&bytes).unwrap();
        let key = secret.derive_item_key(&account, envelope.header.epoch);
        assert_eq!(*key.expose(), case.array("item_key"), "{name}");
        assert_eq!(key, ItemKey::from_bytes(case.array("item_key")), "{name}");
        let body = case.case("body");
        let expected = ClipBody {
            at_ms: body.number("at_ms"),
            flags: body.number("flags") as u32,
            file_name: body.str("file_name").into(),
            parts: body.list("parts").iter().map(|p| Part::new(p.str("media"), p.hex("bytes"))).collect(),
        };
        assert_eq!(codec::encode(&expected), body.hex("encoded"), "{name}");
        assert!(open(&key, &envelope).unwrap() == expected, "{name}");
        // The same input makes the same bytes.
        let address = Address {
            kind: kind(case.number("kind")),
            account,
            epoch: case.number("epoch"),
            log_seq: case.number("log_seq"),
            log_head: Hash::from_bytes(case.array("log_head")),
            counter: case.number("counter"),
            item: ItemId::from_bytes(case.array("item")),
            ttl_s: case.number("ttl_s") as u32,
        };
        let mut salt = Fixed(case.hex("salt"));
        assert_eq!(seal(&keys, &key, &address, &expected, &mut salt).unwrap(), bytes, "{name}");
    }
}

#[test]
fn envelopes_that_are_refused() {
    let file = file("envelope");
    let keys = device_keys(&file);
    let account = AccountId::from_bytes(file.array("account"));
    let secret = EpochSecret::from_bytes(file.array("secret"));
    for case in file.list("refused") {
        let name = case.name();
        let bytes = case.hex("envelope");
        match (case.str("step"), Envelope::parse(&bytes)) {
            ("parse", parsed) => assert!(parsed.is_err(), "{name}"),
            ("verify", parsed) => assert!(!parsed.unwrap().verify(&keys.sign_pk()), "{name}"),
            (_, parsed) => {
                let envelope = parsed.unwrap();
                assert!(envelope.verify(&keys.sign_pk()), "{name}");
                // The key a receiver would take: of the epoch and account that the header names.
                let key = secret.derive_item_key(&envelope.header.account, envelope.header.epoch);
                assert!(open(&key, &envelope).is_err(), "{name}");
                let key = secret.derive_item_key(&account, envelope.header.epoch);
                assert!(open(&key, &envelope).is_err(), "{name}");
            }
        }
    }
}

#[test]
fn secrets_out_of_the_log() {
    let file = file("log");
    let devices = file.list("devices");
    for case in file.list("log") {
        let signed = signed(&case);
        let entry = signed.decode_entry().unwrap();
        let members = case.texts("members");
        for device in &devices {
            let secret = open_grant(&device_keys(device), &signed);
            if members.iter().any(|member| member == device.str("device_id")) {
                assert_eq!(*secret.unwrap().expose(), case.array("secret"), "{}", device.name());
            } else {
                assert!(secret.is_err(), "{}", device.name());
            }
        }
        if let Action::Genesis { sign_pk, box_pk, name, .. } | Action::AddDevice { sign_pk, box_pk, name, .. } =
            &entry.action
        {
            let key = EpochSecret::from_bytes(case.array("secret"))
                .derive_state_key(&entry.account, entry.action.grant().epoch);
            let name = key.open_name(&DeviceId::derive(sign_pk, box_pk), name);
            assert_eq!(name.ok().as_deref(), case.maybe_str("name"));
        }
    }
    for case in file.list("refused_grants") {
        let device = devices.iter().find(|device| device.name() == case.str("device")).unwrap();
        assert!(open_grant(&device_keys(device), &signed(&case)).is_err(), "{}", case.name());
    }
}

fn signed(case: &Case) -> SignedEntry {
    codec::decode(&case.hex("signed"), limits::FRAME_BYTES).unwrap()
}

fn kind(number: u64) -> Kind {
    codec::decode(&[number as u8], 1).unwrap()
}

#[test]
fn links() {
    let file = file("pairing");
    for case in file.list("links") {
        let link = Link {
            relay: case.str("relay").into(),
            invite: InviteId::from_bytes(case.array("invite")),
            mailbox: MailboxId::from_bytes(case.array("mailbox")),
            secret: InviteSecret::from_bytes(case.array("secret")),
        };
        assert_eq!(link.to_url(case.str("app")), case.str("url"), "{}", case.name());
        assert!(Link::parse(case.str("url")).unwrap() == link, "{}", case.name());
        assert!(Link::parse(&format!(" {}\n", case.str("url"))).unwrap() == link, "{}", case.name());
        assert_eq!(link.secret.derive_claim(&link.invite).to_hex(), case.str("claim"));
        assert_eq!(link.secret.derive_claim_hash(&link.invite).to_hex(), case.str("claim_hash"));
    }
    for case in file.list("refused_links") {
        let error = Link::parse(case.str("url")).expect_err(case.name());
        assert_eq!(format!("{error:?}"), case.str("error"), "{}", case.name());
    }
}

/// Both sides of the exchange in the vectors.
struct Exchange {
    case: Case,
    inviter: Inviter,
    joiner: Joiner,
    keys: DeviceKeys,
}

impl Exchange {
    fn read() -> Self {
        let case = file("pairing").case("exchange");
        let (a, b) = (case.case("inviter"), case.case("joiner"));
        let invite = InviteId::from_bytes(case.array("invite"));
        let secret = InviteSecret::from_bytes(case.array("secret"));
        let mailbox = MailboxId::from_bytes(case.array("mailbox"));
        let ephemeral = BoxSk::from_bytes(a.array("ephemeral_sk"));
        let nonce = ByteArray::from(a.array::<32>("nonce"));
        let inviter = codec::encode(&(invite, secret.clone(), ephemeral, nonce, mailbox));
        let token = JoinToken::from_bytes(b.array("token"));
        let nonce = ByteArray::from(b.array::<32>("nonce"));
        let joiner = codec::encode(&(invite, secret, mailbox, b.str("relay"), token, nonce, b.str("name")));
        Self {
            inviter: codec::decode(&inviter, 1024).unwrap(),
            joiner: codec::decode(&joiner, 1024).unwrap(),
            keys: device_keys(&b),
            case,
        }
    }
}

#[test]
fn pairing() {
    let Exchange { case, inviter, joiner, keys } = Exchange::read();
    assert!(Link::parse(case.str("link")).unwrap() == inviter.link(joiner.relay()));
    assert_eq!(joiner.claim().to_hex(), case.str("claim"));
    assert_eq!(inviter.claim_hash().to_hex(), case.str("claim_hash"));
    let offer = case.hex("offer");
    assert_eq!(inviter.offer(), offer);
    let request = inviter.open_request(&case.hex("request")).unwrap();
    assert_eq!(request.transcript.to_hex(), case.str("transcript"));
    assert_eq!(request.proof.to_hex(), case.str("proof"));
    assert_eq!(request.name, case.case("joiner").str("name"));
    assert_eq!(request.device_id(), keys.device_id());
    let reveal = case.hex("reveal");
    assert_eq!(inviter.reveal(), reveal);
    assert_eq!(inviter.digits(&request).as_str(), case.str("digits"));
    assert_eq!(joiner.digits(&keys, &offer, &reveal).unwrap().as_str(), case.str("digits"));
    let joined = joiner.open_welcome(&keys, &offer, &reveal, &case.hex("welcome")).unwrap();
    let told = case.case("joined");
    assert_eq!(joined.account.to_hex(), case.str("account"));
    assert_eq!(joined.log_seq, told.number("log_seq"));
    assert_eq!(joined.log_head.to_hex(), told.str("log_head"));
    assert_eq!(joined.anchors, told.anchors());
    assert_eq!(joined.older.len(), 1);
    assert_eq!(joined.older[0].epoch, told.list("older")[0].number("epoch"));
    assert_eq!(*joined.older[0].secret.expose(), told.list("older")[0].array("secret"));
    assert_eq!(joined.names.len(), 1);
    assert_eq!(joined.names[0].device.to_hex(), told.list("names")[0].str("device"));
    assert_eq!(joined.names[0].name, told.list("names")[0].str("name"));
}

#[test]
fn pairing_messages_that_are_refused() {
    let Exchange { case, inviter, joiner, keys } = Exchange::read();
    let (offer, reveal) = (case.hex("offer"), case.hex("reveal"));
    for refused in file("pairing").list("refused") {
        let (step, name, bytes) = (refused.str("step"), refused.name(), refused.hex("bytes"));
        let is_refused = match step {
            "offer" => joiner.request(&keys, &bytes, &mut Fixed(vec![1; 256])).is_err(),
            "request" => inviter.open_request(&bytes).is_err(),
            "reveal" => {
                joiner.digits(&keys, &offer, &bytes).is_err()
                    && joiner.open_welcome(&keys, &offer, &bytes, &case.hex("welcome")).is_err()
            }
            "welcome" => joiner.open_welcome(&keys, &offer, &reveal, &bytes).is_err(),
            other => panic!("step {other}"),
        };
        assert!(is_refused, "{step}: {name}");
    }
}

#[test]
fn digits() {
    let Exchange { case, inviter, .. } = Exchange::read();
    let request = inviter.open_request(&case.hex("request")).unwrap();
    for case in file("pairing").list("digits") {
        // An inviter with the nonce of the vector; the other fields have no part in it.
        let (invite, secret) = (InviteId::from_bytes([0; 16]), InviteSecret::from_bytes([0; 32]));
        let nonce = ByteArray::from(case.array::<32>("nonce"));
        let state = (invite, secret, BoxSk::from_bytes([1; 32]), nonce, MailboxId::from_bytes([0; 16]));
        let inviter: Inviter = codec::decode(&codec::encode(&state), 1024).unwrap();
        let request = JoinRequest { transcript: Hash::from_bytes(case.array("transcript")), ..request.clone() };
        let digits = inviter.digits(&request);
        assert_eq!(digits.as_str(), case.str("digits"), "{}", case.name());
        assert!(digits.matches(case.str("digits")), "{}", case.name());
    }
}

#[test]
fn answers_to_a_challenge() {
    let file = file("signin");
    let keys = DeviceKeys::from_parts(SignSeed::from_bytes(file.array("sign_seed")), BoxSk::from_bytes([1; 32]));
    for (list, same) in [("accepted", true), ("refused", false)] {
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
                signature: Signature::from_bytes([0; 64]),
            };
            let signed = keys.sign_in(case.str("host"), &challenge, hello).signature.to_hex();
            assert_eq!(signed == case.str("signature"), same, "{}", case.name());
        }
    }
}

// So that nobody quietly empties a list.
#[test]
fn there_are_as_many_cases_as_ever() {
    let count = |name: &str, list: &str| file(name).list(list).len();
    assert_eq!(count("epoch", "secrets"), 4);
    assert_eq!(count("epoch", "items"), 3);
    assert_eq!(count("epoch", "names"), 4);
    assert_eq!(count("epoch", "refused_names"), 23);
    assert_eq!(count("fingerprint", "words"), 5);
    assert_eq!(count("padding", "lengths"), 26);
    assert_eq!(count("padding", "padded"), 9);
    assert_eq!(count("padding", "refused"), 12);
    assert_eq!(count("pairing", "links"), 4);
    assert_eq!(count("pairing", "refused_links"), 15);
    assert_eq!(count("pairing", "digits"), 5);
    assert_eq!(count("pairing", "refused"), 78);
}
