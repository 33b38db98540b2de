//! Frames and sizes: every frame goes through its encoding and back, in that one form only, and
//! nothing longer than its cap is even looked at.

use hushclip_protocol::codec::{self, CodecError};
use hushclip_protocol::envelope::{Envelope, EnvelopeError};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{
    Anchor, Capabilities, Challenge, Delivered, Hello, InviteNote, InviteStep, Item, Limits, Place, Tag, ToDevice,
    ToRelay, Welcome,
};
use hushclip_protocol::ids::{AccountId, Claim, ConnId, DeviceId, Hash, InviteId, ItemId, JoinToken, Nonce, Signature};
use hushclip_protocol::log::{SealedList, SignedEntry};
use hushclip_protocol::{VERSION, limits, negotiate};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn entry() -> SignedEntry {
    SignedEntry { entry: vec![1; 30].into(), signature: Signature::from_bytes([2; 64]), sealed: vec![3; 9].into() }
}

fn note() -> InviteNote {
    InviteNote { invite: InviteId::from_bytes([4; 16]), step: InviteStep::Reveal, bytes: vec![5; 32].into() }
}

fn to_relay() -> Vec<ToRelay> {
    let hello = Hello {
        versions: vec![VERSION, 7],
        account: AccountId::from_bytes([1; 32]),
        device: DeviceId::from_bytes([2; 16]),
        log_seq: u64::MAX,
        log_head: Hash::from_bytes([3; 32]),
        anchors: vec![Anchor { cursor: 1, mark: 2 }],
        signature: Signature::from_bytes([4; 64]),
    };
    let invite = InviteId::from_bytes([6; 16]);
    vec![
        ToRelay::Hello(hello),
        ToRelay::Register { entry: entry(), token: String::new() },
        ToRelay::Claim {
            versions: vec![VERSION],
            invite,
            claim: Claim::from_bytes([7; 32]),
            token: JoinToken::from_bytes([8; 16]),
        },
        ToRelay::Push { after: 24, envelope: vec![9; 300].into() },
        ToRelay::Pull { after: u64::MAX, limit: u16::MAX },
        ToRelay::Ack { cursor: 256 },
        ToRelay::LogAppend(entry()),
        ToRelay::LogPull { from: 0 },
        ToRelay::InviteOpen { invite, claim_hash: Hash::from_bytes([1; 32]), offer: vec![2; 90].into(), again: true },
        ToRelay::InviteCancel { invite },
        ToRelay::InviteNote(note()),
        ToRelay::CodeOpen { invite, nameplate: 4, offer: vec![2; 33].into(), again: false },
        ToRelay::CodeClaim { versions: vec![VERSION], nameplate: 9999, token: JoinToken::from_bytes([8; 16]) },
        ToRelay::PushSubscribe { endpoint: "https://push.example/1".to_owned() },
        ToRelay::Leave,
        ToRelay::Delete {
            after: 25,
            envelope: vec![9; 300].into(),
            places: vec![Place { cursor: 7, item: ItemId::from_bytes([3; 16]) }],
        },
    ]
}

fn to_device() -> Vec<ToDevice> {
    let device = DeviceId::from_bytes([2; 16]);
    let invite = InviteId::from_bytes([6; 16]);
    let item = Item { cursor: 7, envelope: vec![1; 5].into(), mark: (1 << 53) - 1 };
    let welcome = Welcome {
        version: VERSION,
        max_cursor: 9,
        log_seq: 1,
        log_head: Hash::ZERO,
        time_ms: 1_760_000_000_000,
        limits: Limits::CURRENT,
        online: vec![device],
        delivered: vec![Delivered { device, cursor: 3 }],
        push_key: vec![4; 65].into(),
        resume_after: 5,
        capabilities: Some(Capabilities(1 << 63)),
    };
    vec![
        ToDevice::Challenge(Challenge {
            versions: vec![VERSION],
            nonce: Nonce::from_bytes([1; 32]),
            conn: ConnId::from_bytes([2; 16]),
        }),
        ToDevice::Welcome(welcome),
        ToDevice::Registered { log_seq: 7, log_head: Hash::from_bytes([5; 32]) },
        ToDevice::Pushed { item: ItemId::from_bytes([3; 16]), cursor: 1 << 32, mark: 1 << 50 },
        ToDevice::Items { items: vec![item.clone(), item.clone()], has_more: true, through: 8 },
        ToDevice::Item(item),
        ToDevice::Delivered(Delivered { device, cursor: 1 }),
        ToDevice::Presence { device, online: false },
        ToDevice::LogEntries { from: 2, entries: vec![entry()], has_more: false },
        ToDevice::InviteOpened { invite, expires_ms: 5 },
        ToDevice::InviteNote(note()),
        ToDevice::InviteEnded { invite },
        ToDevice::Error { code: ErrorCode::Behind, retry_after_ms: 1000, of: 3 },
        ToDevice::CodeOpened { invite, nameplate: 4, expires_ms: 5 },
    ]
}

/// The tag of an encoded frame: the item after the head of the array.
fn tag(bytes: &[u8]) -> u8 {
    bytes[1]
}

#[test]
fn frames_to_the_relay() {
    for (number, frame) in to_relay().into_iter().enumerate() {
        let bytes = frame.encode();
        assert_eq!(usize::from(tag(&bytes)), number);
        assert_eq!(frame.tag().number(), tag(&bytes));
        assert_eq!(Tag::of(tag(&bytes)), frame.tag());
        assert_eq!(ToRelay::decode(&bytes), Ok(frame));
        refuses_other_forms(&bytes, |bytes| ToRelay::decode(bytes).err());
    }
    assert_eq!(ToRelay::decode(&[0x81, 16]), Err(CodecError::Unknown(16)), "a tag of tomorrow");
}

#[test]
fn frames_to_a_device() {
    for (number, frame) in to_device().into_iter().enumerate() {
        let bytes = frame.encode();
        assert_eq!(usize::from(tag(&bytes)), number);
        assert_eq!(ToDevice::decode(&bytes), Ok(frame));
        refuses_other_forms(&bytes, |bytes| ToDevice::decode(bytes).err());
    }
    assert_eq!(ToDevice::decode(&[0x81, 14]), Err(CodecError::Unknown(14)), "a tag of tomorrow");
}

fn refuses_other_forms(bytes: &[u8], decode: impl Fn(&[u8]) -> Option<CodecError>) {
    for len in 0..bytes.len() {
        assert!(decode(&bytes[..len]).is_some(), "cut to {len} bytes");
    }
    let fields = bytes[0] - 0x80;
    let rest = &bytes[1..];
    assert_eq!(decode(&[bytes, &[0]].concat()), Some(CodecError::NotCanonical), "a trailing byte");
    assert!(decode(&[&[0x98, fields], rest].concat()).is_some(), "array length in two bytes");
    assert!(decode(&[&[0x9f], rest, &[0xff]].concat()).is_some(), "indefinite length");
    assert!(decode(&[&[0x81 + fields], rest, &[0x18, 0]].concat()).is_some(), "another field in another form");
    assert!(decode(&[&[bytes[0], 0x18, bytes[1]], &rest[1..]].concat()).is_some(), "tag in two bytes");
    assert!(decode(&[&[0xa0 + fields], rest].concat()).is_some(), "a map");
    assert!(decode(&[&[0xc6], bytes].concat()).is_some(), "tagged");
}

#[test]
fn lengths_that_nothing_backs() {
    // An array, a byte string and a text that claim 2^32 and 2^64 - 1.
    for head in [0x9a, 0x5a, 0x7a] {
        assert!(ToRelay::decode(&[0x82, 0, head, 0xff, 0xff, 0xff, 0xff]).is_err());
    }
    for head in [0x9b, 0x5b, 0x7b] {
        let bytes = [&[0x83, 3, 0, head][..], &[0xff; 8]].concat();
        assert!(ToRelay::decode(&bytes).is_err());
    }
    let hello = [&[0x82, 0, 0x87, 0x9b][..], &[0xff; 8], &[1; 100]].concat();
    assert!(ToRelay::decode(&hello).is_err());
    assert!(ToRelay::decode(&vec![0x81; 100_000]).is_err());
    assert!(ToRelay::decode(b"ping").is_err());
}

#[test]
fn caps_hold_to_the_byte() {
    let frame = |len: usize| ToRelay::Push { after: 0, envelope: vec![0; len].into() }.encode();
    let overhead = frame(100_000).len() - 100_000;
    let largest = frame(limits::FRAME_BYTES - overhead);
    assert_eq!(largest.len(), limits::FRAME_BYTES);
    assert!(ToRelay::decode(&largest).is_ok());
    let longer = frame(limits::FRAME_BYTES - overhead + 1);
    assert_eq!(ToRelay::decode(&longer), Err(CodecError::TooLong(limits::FRAME_BYTES + 1)));
    assert_eq!(ToDevice::decode(&longer), Err(CodecError::TooLong(limits::FRAME_BYTES + 1)));

    let envelope = |len| Envelope::parse(&vec![0x83; len]).unwrap_err();
    let cap = limits::ENVELOPE_BYTES;
    assert_eq!(envelope(cap + 1), EnvelopeError::Codec(CodecError::TooLong(cap + 1)));
    assert!(matches!(envelope(cap), EnvelopeError::Codec(CodecError::Malformed(_))));
    let cap = limits::SEALED_LIST_BYTES;
    assert_eq!(SealedList::decode(&vec![0; cap + 1]), Err(CodecError::TooLong(cap + 1)));
    let long = SignedEntry { entry: vec![0; limits::LOG_ENTRY_BYTES + 1].into(), ..entry() };
    assert_eq!(long.decode_entry(), Err(CodecError::TooLong(limits::LOG_ENTRY_BYTES + 1)));
}

#[test]
fn versions() {
    assert_eq!(negotiate(&[VERSION]), Some(VERSION));
    assert_eq!(negotiate(&[9, VERSION, 2]), Some(VERSION));
    assert_eq!(negotiate(&[0, 2, u16::MAX]), None);
    assert_eq!(negotiate(&[]), None);
}

#[test]
fn close_codes() {
    let codes = [
        CloseCode::Version,
        CloseCode::BadFrame,
        CloseCode::NotAMember,
        CloseCode::SignInTimeout,
        CloseCode::Removed,
        CloseCode::TooManySockets,
        CloseCode::RateLimited,
        CloseCode::Internal,
        CloseCode::TooSlow,
    ];
    for (code, number) in codes.into_iter().zip(4001..) {
        assert_eq!(code.code(), number);
        assert_eq!(CloseCode::from_code(number), Some(code));
        // RFC 6455 §5.5: a control frame has at most 125 bytes, two of them the number.
        assert!(code.reason().len() <= 123);
    }
    assert_eq!(CloseCode::from_code(1006), None);
}

#[test]
fn error_codes_are_their_numbers() {
    for (number, code) in [(0, ErrorCode::BadFrame), (6, ErrorCode::LogConflict), (18, ErrorCode::RelayFull)] {
        assert_eq!(codec::encode(&code), [number]);
        assert_eq!(codec::decode::<ErrorCode>(&[number], 1), Ok(code));
    }
    assert_eq!(codec::decode::<ErrorCode>(&[19], 1), Ok(ErrorCode::Other(19)));
    assert!(codec::decode::<ErrorCode>(&[0x19, 1, 0], 3).is_err(), "256");
}
