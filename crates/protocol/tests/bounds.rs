//! The bounds that the protocol page states, and what stands at their edges.

use hushclip_protocol::envelope::{Envelope, Header, Kind, SUITE, Salt, assemble};
use hushclip_protocol::error::CloseCode;
use hushclip_protocol::ids::{AccountId, DeviceId, Encapsulated, Hash, ItemId, SealedSecret, Signature};
use hushclip_protocol::log::{SealedFor, SealedList, SignedEntry};
use hushclip_protocol::{VERSION, codec, limits};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_bounds_are_what_the_page_says() {
    const MINUTE: u64 = 60_000;
    assert_eq!((limits::FRAME_BYTES, limits::CLIP_BYTES, limits::ENVELOPE_BYTES), (1_048_576, 262_144, 327_680));
    assert_eq!((limits::LOG_ENTRY_BYTES, limits::SEALED_LIST_BYTES, limits::PAIRING_BYTES), (8192, 8192, 8192));
    assert_eq!((limits::HEADER_BYTES, limits::NAME_BYTES, SignedEntry::BYTES), (256, 64, 16_512));
    assert_eq!((limits::DEVICES, limits::INVITES, limits::SOCKETS, limits::OUTBOX), (32, 8, 64, 200));
    assert_eq!(limits::SOCKETS_PER_DEVICE, 8);
    assert_eq!((limits::ITEMS, limits::ITEM_BYTES, limits::TTL_S), (1000, 67_108_864, 604_800));
    assert_eq!((limits::INVITE_MS, limits::WELCOME_MS), (10 * MINUTE, 24 * 60 * MINUTE));
    assert_eq!((limits::SIGN_IN_MS, limits::CHALLENGE_MS, limits::FRAMES_PER_MINUTE), (10_000, 30_000, 120));
    assert_eq!((limits::PULL_ITEMS, limits::PULL_ENTRIES, limits::NAMEPLATE), (100, 32, 9999));
}

#[test]
fn close_codes_have_a_number_and_a_sentence_each() {
    let all: Vec<_> = (4001..=4011).filter_map(CloseCode::from_code).collect();
    assert_eq!(all.len(), 11);
    for (number, code) in (4001..).zip(&all) {
        assert_eq!(code.code(), number);
        // RFC 6455 §5.5: a control frame has at most 125 bytes, two of them for the number.
        assert!((10..=123).contains(&code.reason().len()), "{}", code.reason());
    }
    let sentences: std::collections::BTreeSet<_> = all.iter().map(|code| code.reason()).collect();
    assert_eq!(sentences.len(), 11);
    assert_eq!((CloseCode::from_code(4000), CloseCode::from_code(4012)), (None, None));
}

fn header(counter: u64, ttl_s: u32) -> Header {
    Header {
        version: VERSION,
        suite: SUITE,
        kind: Kind::Clip,
        account: AccountId::ZERO,
        epoch: 0,
        log_seq: 0,
        log_head: Hash::ZERO,
        sender: DeviceId::from_bytes([1; 16]),
        counter,
        item: ItemId::from_bytes([2; 16]),
        ttl_s,
        salt: Salt([3; 24]),
    }
}

#[test]
fn envelopes_are_three_strings_with_a_header_in_its_ranges() {
    let parse = |header: &Header| {
        let bytes = codec::encode(header);
        let whole = assemble(&bytes, &[4; 9], Signature::from_bytes([5; 64]));
        Envelope::parse(&whole).map(|envelope| {
            assert_eq!((envelope.header_bytes, envelope.sealed), (bytes.as_slice(), [4; 9].as_slice()));
            envelope.header
        })
    };
    for good in [header(1, 1), header(u64::MAX, limits::TTL_S)] {
        assert_eq!(parse(&good), Ok(good.clone()));
    }
    for bad in [header(0, 1), header(1, 0), header(1, limits::TTL_S + 1), Header { version: 2, ..header(1, 1) }] {
        assert!(parse(&bad).is_err());
    }
}

#[test]
fn sealed_lists_come_back_and_are_bounded() {
    let one = |n: u8| SealedFor {
        device: DeviceId::from_bytes([n; 16]),
        enc: Encapsulated::from_bytes([1; 32]),
        secret: SealedSecret::from_bytes([2; 48]),
    };
    let list = SealedList((0..limits::DEVICES as u8).map(one).collect());
    assert_eq!(SealedList::decode(&list.encode()), Ok(list.clone()), "as many as an account has devices");
    let long = SealedList((0..90).map(one).collect()).encode();
    assert!(long.len() > limits::SEALED_LIST_BYTES);
    assert!(SealedList::decode(&long).is_err());
    assert_ne!(SealedList::hash(&list.encode()), SealedList::hash(&long));
}
