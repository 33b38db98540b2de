//! `tests/vectors/v1/growth.json`: bodies that a later version has sealed.

#[path = "../../../tests/vectors/reader.rs"]
mod reader;

use hushclip_crypto::body::{Heartbeat, PayloadBody, State, Tombstone};
use hushclip_crypto::envelope::{open, open_note};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::open_grant;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::ids::AccountId;
use hushclip_protocol::log::SignedEntry;
use hushclip_protocol::{codec, limits};
use reader::file;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn what_is_known_of_a_body_is_read() {
    let file = file("growth");
    let account = AccountId::from_bytes(file.array("account"));
    let key = EpochSecret::from_bytes(file.array("secret")).derive_item_key(&account, file.number("epoch"));
    for case in file.list("envelopes") {
        let bytes = case.hex("envelope");
        let envelope = Envelope::parse(&bytes).unwrap();
        let read = match envelope.header.kind {
            Kind::Clip => open(&key, &envelope).map(|body| codec::encode(&body)),
            Kind::Tombstone => open_note::<Tombstone>(&key, &envelope).map(|body| codec::encode(&body)),
            Kind::State => open_note::<State>(&key, &envelope).map(|body| codec::encode(&body)),
            Kind::Payload => open_note::<PayloadBody>(&key, &envelope).map(|body| codec::encode(&body)),
            // The time stands first in each.
            Kind::Heartbeat | Kind::Live | Kind::Other(_) => {
                open_note::<Heartbeat>(&key, &envelope).map(|body| codec::encode(&body))
            }
        };
        let wanted = case.maybe_str("read").map(|_| case.hex("read"));
        assert_eq!(read.ok(), wanted, "{}", case.name());
    }
}

#[test]
fn the_secret_of_an_entry_that_is_not_understood_opens() {
    let file = file("growth");
    let case = file.case("memo");
    let signed: SignedEntry = codec::decode(&case.hex("signed"), limits::FRAME_BYTES).unwrap();
    let keys = DeviceKeys::from_parts(SignSeed::from_bytes([0; 32]), BoxSk::from_bytes(case.array("box_sk")));
    assert!(open_grant(&keys, &signed).is_err(), "for another device");
    let keys =
        DeviceKeys::from_parts(SignSeed::from_bytes(case.array("sign_seed")), BoxSk::from_bytes(case.array("box_sk")));
    assert_eq!(*open_grant(&keys, &signed).unwrap().expose(), case.array("secret"));
}
