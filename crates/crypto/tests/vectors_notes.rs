//! `tests/vectors/v1`: bodies of kinds 1 to 3 and 5, and an entry that changes a box key.

#[path = "../../../tests/vectors/reader.rs"]
mod reader;

use hushclip_crypto::body::{Heartbeat, PayloadBody, State, Tombstone};
use hushclip_crypto::envelope::open_note;
use hushclip_crypto::epoch::{EpochSecret, ItemKey};
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::open_grant;
use hushclip_protocol::channel::is_channel;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::ids::{AccountId, SignPk};
use hushclip_protocol::label;
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, SignedEntry};
use reader::{Case, file};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Opens a note as its kind, and gives its encoding again.
fn open(key: &ItemKey, envelope: &Envelope<'_>) -> Vec<u8> {
    match envelope.header.kind {
        Kind::Tombstone => codec::encode(&open_note::<Tombstone>(key, envelope).unwrap()),
        Kind::State => codec::encode(&open_note::<State>(key, envelope).unwrap()),
        Kind::Heartbeat => codec::encode(&open_note::<Heartbeat>(key, envelope).unwrap()),
        Kind::Payload => codec::encode(&open_note::<PayloadBody>(key, envelope).unwrap()),
        kind => panic!("{kind:?} is no note"),
    }
}

#[test]
fn notes() {
    let file = file("notes");
    let (account, epoch) = (AccountId::from_bytes(file.array("account")), file.number("epoch"));
    let secret = EpochSecret::from_bytes(file.array("secret"));
    let key = secret.derive_item_key(&account, epoch);
    for case in file.list("notes") {
        let bytes = case.hex("envelope");
        let envelope = Envelope::parse(&bytes).unwrap();
        assert!(envelope.verify(&SignPk::from_bytes(file.array("sign_pk"))), "{}", case.name());
        assert_eq!(u64::from(envelope.header.kind.number()), case.number("kind"), "{}", case.name());
        assert_eq!(open(&key, &envelope), case.case("body").hex("encoded"), "{}", case.name());
        if envelope.header.kind == Kind::Payload {
            let (opened, told): (PayloadBody, _) = (open_note(&key, &envelope).unwrap(), case.case("body"));
            assert!(is_channel(&opened.channel) && opened.check().is_ok(), "{}", case.name());
            assert_eq!((opened.channel.as_str(), opened.bytes.to_vec()), (told.str("channel"), told.hex("bytes")));
        }
        if envelope.header.kind == Kind::Tombstone {
            let opened: Tombstone = open_note(&key, &envelope).unwrap();
            let told = case.case("body").list("gone");
            assert_eq!(opened.gone.len(), told.len());
            for (gone, told) in opened.gone.iter().zip(&told) {
                assert_eq!(gone.device.to_hex(), told.str("device"));
                assert_eq!((gone.counter, gone.item.to_hex().as_str()), (told.number("counter"), told.str("item")));
                let text = told.maybe_str("text").map(|text| text.replace("\r\n", "\n"));
                let digest = text.map(|text| label::sha256(text.as_bytes()));
                let digest = digest.map(|digest| secret.derive_dedup_key(&account, epoch).digest(digest.as_bytes()));
                assert_eq!(gone.text, digest, "{}", case.name());
                assert_eq!(digest.map(|digest| digest.to_hex()).as_deref(), told.maybe_str("digest"));
            }
        }
    }
}

#[test]
fn bodies_that_are_refused() {
    for case in file("notes").list("refused_bodies") {
        let bytes = case.hex("encoded");
        let is_refused = match case.number("kind") {
            1 => codec::decode_growing::<Tombstone>(&bytes, limits::CLIP_BYTES).is_err(),
            2 => codec::decode_growing::<State>(&bytes, limits::CLIP_BYTES).is_err(),
            3 => codec::decode_growing::<Heartbeat>(&bytes, limits::CLIP_BYTES).is_err(),
            5 => codec::decode_growing::<PayloadBody>(&bytes, limits::CLIP_BYTES).is_err(),
            other => panic!("kind {other}"),
        };
        assert!(is_refused, "{}", case.name());
    }
}

/// A receiver opens these as what their header says, and finds a clip: of a sign of life it reads the time, which stands
/// first in all of them.
#[test]
fn clips_under_other_kinds_are_refused() {
    let file = file("envelope");
    for case in file.list("accepted") {
        let bytes = case.hex("envelope");
        let envelope = Envelope::parse(&bytes).unwrap();
        let key = ItemKey::from_bytes(case.array("item_key"));
        let is_refused = match envelope.header.kind {
            Kind::Tombstone => open_note::<Tombstone>(&key, &envelope).is_err(),
            Kind::State => open_note::<State>(&key, &envelope).is_err(),
            Kind::Heartbeat => open_note::<Heartbeat>(&key, &envelope).is_ok(),
            _ => true,
        };
        assert!(is_refused, "{}", case.name());
    }
}

#[test]
fn another_box_key() {
    let file = file("log");
    let case = file.case("rekey");
    let signed: SignedEntry = codec::decode(&case.hex("signed"), limits::FRAME_BYTES).unwrap();
    let entry = signed.decode_entry().unwrap();
    let keys = |device: &Case| {
        let sign = SignSeed::from_bytes(device.array("sign_seed"));
        DeviceKeys::from_parts(sign, BoxSk::from_bytes(device.array("box_sk")))
    };
    let devices = file.list("devices");
    let author = keys(devices.iter().find(|device| device.str("device_id") == case.str("author")).unwrap());
    let renewed = author.with_box(BoxSk::from_bytes(case.array("new_box_sk")));
    assert_eq!(renewed.box_pk().to_hex(), case.str("box_pk"));
    assert!(matches!(entry.action, Action::Rekey { box_pk, .. } if box_pk == renewed.box_pk()));
    assert_eq!(*open_grant(&renewed, &signed).unwrap().expose(), case.array("secret"));
    assert!(open_grant(&author, &signed).is_err(), "with the key of before");
    let other = devices.iter().find(|device| device.str("name") == "C").unwrap();
    assert_eq!(*open_grant(&keys(other), &signed).unwrap().expose(), case.array("secret"));
}

// So that nobody quietly empties a list.
#[test]
fn there_are_as_many_cases_as_ever() {
    assert_eq!(file("notes").list("notes").len(), 10);
    assert_eq!(file("notes").list("refused_bodies").len(), 11);
}
