//! What the vectors cannot show: round trips with fresh keys, who may open what, what a person in
//! the middle sees, and that no secret is ever printed.

use core::fmt::Debug;

use hushclip_crypto::OpenError;
use hushclip_crypto::body::{ClipBody, Part, TEXT};
use hushclip_crypto::envelope::{Address, open, seal};
use hushclip_crypto::epoch::{DedupKey, EpochSecret, ItemKey, StateKey};
use hushclip_crypto::keys::{BoxSk, DeviceKeys, SignSeed};
use hushclip_crypto::log::{make_add_device, make_genesis, make_remove_device, make_rotate, open_grant};
use hushclip_crypto::pairing::{InviteSecret, Inviter, JoinRequest, Joined, Joiner, Link, OlderEpoch};
use hushclip_protocol::envelope::{Envelope, Header, Kind, assemble, signed_bytes};
use hushclip_protocol::frame::{Anchor, Challenge, Hello};
use hushclip_protocol::ids::{AccountId, ConnId, DeviceId, Hash, ItemId, Nonce, Signature};
use hushclip_protocol::log::{Change, LogError, Membership, SignedEntry, possession_message};
use hushclip_protocol::{VERSION, codec, limits, signature, signin};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ACCOUNT: AccountId = AccountId::from_bytes([3; 32]);
const RELAY: &str = "https://relay.example";

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn address(counter: u64) -> Address {
    Address {
        kind: Kind::Clip,
        account: ACCOUNT,
        epoch: 1,
        log_seq: 1,
        log_head: Hash::from_bytes([4; 32]),
        counter,
        item: ItemId::from_bytes([5; 16]),
        ttl_s: 60,
    }
}

fn clip(bytes: impl Into<Vec<u8>>) -> ClipBody {
    ClipBody { at_ms: 1, flags: 0, file_name: String::new(), parts: vec![Part::new(TEXT, bytes)] }
}

#[test]
fn clips_of_every_size_come_back() {
    let mut rng = rng(1);
    let keys = DeviceKeys::make(&mut rng);
    let key = EpochSecret::make(&mut rng).derive_item_key(&ACCOUNT, 1);
    let overhead = codec::encode(&clip(Vec::new())).len();
    let largest = limits::CLIP_BYTES - overhead - 4;
    for len in [0, 1, 200, 255, 256, 1000, 65_536, largest] {
        let body = clip(vec![b'x'; len]);
        let bytes = seal(&keys, &key, &address(1), &body, &mut rng).unwrap();
        assert!(bytes.len() <= limits::ENVELOPE_BYTES);
        let envelope = Envelope::parse(&bytes).unwrap();
        assert!(envelope.verify(&keys.sign_pk()));
        assert!(open(&key, &envelope).unwrap() == body, "{len} bytes");
    }
    let body = clip(vec![b'x'; largest + 1]);
    assert!(body.check().is_err());
    let error = seal(&keys, &key, &address(1), &body, &mut rng).unwrap_err();
    assert_eq!(error.bytes, limits::CLIP_BYTES + 1);
}

#[test]
fn a_length_shows_only_its_step() {
    let mut rng = rng(2);
    let keys = DeviceKeys::make(&mut rng);
    let key = EpochSecret::make(&mut rng).derive_item_key(&ACCOUNT, 1);
    let mut sealed = |len: usize| seal(&keys, &key, &address(1), &clip(vec![b'x'; len]), &mut rng).unwrap().len();
    assert_eq!(sealed(0), sealed(200));
    assert_eq!(sealed(10_000), sealed(10_100));
    assert_ne!(sealed(1_000), sealed(10_000));
}

#[test]
fn the_same_clip_never_looks_the_same() {
    let mut rng = rng(3);
    let keys = DeviceKeys::make(&mut rng);
    let key = EpochSecret::make(&mut rng).derive_item_key(&ACCOUNT, 1);
    let a = seal(&keys, &key, &address(1), &clip("x"), &mut rng).unwrap();
    let b = seal(&keys, &key, &address(1), &clip("x"), &mut rng).unwrap();
    let (a, b) = (Envelope::parse(&a).unwrap(), Envelope::parse(&b).unwrap());
    assert_ne!(a.sealed, b.sealed);
    // A generator that repeats itself, as after a snapshot is restored: the counter still tells the
    // two apart, so key and nonce are others.
    let c = seal(&keys, &key, &address(2), &clip("x"), &mut self::rng(9)).unwrap();
    let d = seal(&keys, &key, &address(3), &clip("x"), &mut self::rng(9)).unwrap();
    let (c, d) = (Envelope::parse(&c).unwrap(), Envelope::parse(&d).unwrap());
    assert_eq!(c.header.salt, d.header.salt);
    assert_ne!(c.sealed, d.sealed);
}

#[test]
fn every_header_field_is_bound_twice() {
    let mut rng = rng(4);
    let keys = DeviceKeys::make(&mut rng);
    let key = EpochSecret::make(&mut rng).derive_item_key(&ACCOUNT, 1);
    let bytes = seal(&keys, &key, &address(1), &clip("x"), &mut rng).unwrap();
    let envelope = Envelope::parse(&bytes).unwrap();
    let old: Signature = Signature::from_bytes(bytes[bytes.len() - 64..].try_into().unwrap());
    let mut salt = envelope.header.salt;
    salt.0[23] ^= 1;
    let header = || envelope.header.clone();
    for changed in [
        Header { kind: Kind::Tombstone, ..header() },
        Header { account: AccountId::ZERO, ..header() },
        Header { epoch: 2, ..header() },
        Header { log_seq: 0, ..header() },
        Header { log_head: Hash::ZERO, ..header() },
        Header { sender: DeviceId::from_bytes([0; 16]), ..header() },
        Header { counter: 2, ..header() },
        Header { item: ItemId::from_bytes([0; 16]), ..header() },
        Header { ttl_s: 61, ..header() },
        Header { salt, ..header() },
        Header { suite: 2, ..header() },
    ] {
        let changed = codec::encode(&changed);
        let replayed = assemble(&changed, envelope.sealed, old);
        assert!(!Envelope::parse(&replayed).unwrap().verify(&keys.sign_pk()));
        // Even the sender itself cannot move a sealed body under another header.
        let moved = assemble(&changed, envelope.sealed, keys.sign(&signed_bytes(&changed, envelope.sealed)));
        let moved = Envelope::parse(&moved).unwrap();
        assert!(moved.verify(&keys.sign_pk()));
        assert_eq!(open(&key, &moved), Err(OpenError));
    }
    let changed = codec::encode(&Header { version: 2, ..header() });
    let signed = assemble(&changed, envelope.sealed, keys.sign(&signed_bytes(&changed, envelope.sealed)));
    assert!(Envelope::parse(&signed).is_err());
}

#[test]
fn purpose_keys_are_apart() {
    let secret = EpochSecret::make(&mut rng(5));
    let of = |account: &AccountId, epoch: u64| {
        [
            *secret.derive_item_key(account, epoch).expose(),
            *secret.derive_state_key(account, epoch).expose(),
            *secret.derive_dedup_key(account, epoch).expose(),
            *secret.derive_commit(account, epoch).as_bytes(),
        ]
    };
    let all = [of(&ACCOUNT, 1), of(&ACCOUNT, 2), of(&AccountId::ZERO, 1), [*secret.expose(); 4]].concat();
    let different: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), 13);
}

#[test]
fn names_are_cut_at_a_character() {
    let mut rng = rng(6);
    let (key, device) = (StateKey::make(&mut rng), DeviceId::from_bytes([1; 16]));
    let sealed = key.seal_name(&device, &"ä".repeat(40), &mut rng);
    assert_eq!(key.open_name(&device, &sealed), Ok("ä".repeat(32)));
    let sealed = key.seal_name(&device, &format!("a{}", "ä".repeat(40)), &mut rng);
    assert_eq!(key.open_name(&device, &sealed), Ok(format!("a{}", "ä".repeat(31))));
    assert_eq!(sealed.len(), key.seal_name(&device, "", &mut rng).len());
    assert_eq!(key.open_name(&DeviceId::from_bytes([2; 16]), &sealed), Err(OpenError));
    assert_eq!(StateKey::make(&mut rng).open_name(&device, &sealed), Err(OpenError));
}

/// An account with as many devices as asked for, made without the exchange.
fn account(devices: usize, rng: &mut ChaCha20Rng) -> (Vec<DeviceKeys>, Membership, Vec<SignedEntry>) {
    let first = DeviceKeys::make(rng);
    let (genesis, _) = make_genesis(&first, "1", rng).unwrap();
    let (mut log, mut keys, mut entries) = (Membership::genesis(&genesis).unwrap(), vec![first], vec![genesis]);
    while keys.len() < devices {
        let joiner = DeviceKeys::make(rng);
        let request = request(&joiner);
        let (entry, _) = make_add_device(keys.last().unwrap(), &log, &request, rng).unwrap();
        assert_eq!(log.apply(&entry), Ok(Change::Added(joiner.device_id())));
        keys.push(joiner);
        entries.push(entry);
    }
    (keys, log, entries)
}

fn request(joiner: &DeviceKeys) -> JoinRequest {
    let transcript = Hash::from_bytes([6; 32]);
    let message = possession_message(&transcript, &joiner.sign_pk(), &joiner.box_pk());
    JoinRequest {
        sign_pk: joiner.sign_pk(),
        box_pk: joiner.box_pk(),
        name: "joiner".into(),
        transcript,
        proof: joiner.sign(&message),
    }
}

#[test]
fn every_member_opens_a_grant_and_nobody_else() {
    let mut rng = rng(7);
    let (keys, mut log, entries) = account(4, &mut rng);
    for (at, entry) in entries.iter().enumerate() {
        let secret = open_grant(&keys[0], entry).unwrap();
        for (number, device) in keys.iter().enumerate() {
            // Who came later cannot open what was before it.
            let opened = open_grant(device, entry);
            assert_eq!(opened.is_ok(), number <= at);
            assert!(opened.is_err() || opened.unwrap() == secret);
        }
        assert_eq!(open_grant(&DeviceKeys::make(&mut rng), entry).err(), Some(OpenError));
    }
    let removed = keys[1].device_id();
    let (entry, secret) = make_remove_device(&keys[3], &log, removed, 9, &mut rng).unwrap();
    assert_eq!(log.apply(&entry), Ok(Change::Removed(removed)));
    assert_eq!(log.removed(&removed).unwrap().last_counter, 9);
    for (number, device) in keys.iter().enumerate() {
        assert_eq!(open_grant(device, &entry).ok(), (number != 1).then(|| secret.clone()));
    }
    let (entry, secret) = make_rotate(&keys[2], &log, &mut rng).unwrap();
    assert_eq!(log.apply(&entry), Ok(Change::Rotated));
    assert_eq!(log.commit(), secret.derive_commit(&log.account(), log.epoch()));
    for (number, device) in keys.iter().enumerate() {
        assert_eq!(open_grant(device, &entry).ok(), (number != 1).then(|| secret.clone()));
    }
    let (late, _) = make_rotate(&keys[1], &log, &mut rng).unwrap();
    assert_eq!(log.apply(&late), Err(LogError::NotAMember));
}

#[test]
fn a_device_cannot_remove_itself_and_keep_the_key() {
    let mut rng = rng(8);
    let (keys, mut log, _) = account(2, &mut rng);
    let before = log.clone();
    let (entry, _) = make_remove_device(&keys[1], &log, keys[1].device_id(), 1, &mut rng).unwrap();
    assert_eq!(log.apply(&entry), Err(LogError::OwnRemoval));
    assert_eq!(log, before);
}

#[test]
fn an_account_is_full_at_its_limit() {
    let mut rng = rng(9);
    let (keys, mut log, entries) = account(limits::DEVICES, &mut rng);
    let largest = codec::encode(entries.last().unwrap());
    assert!(largest.len() <= SignedEntry::BYTES);
    let joiner = DeviceKeys::make(&mut rng);
    let (entry, _) = make_add_device(&keys[0], &log, &request(&joiner), &mut rng).unwrap();
    assert_eq!(log.apply(&entry), Err(LogError::TooManyDevices));
    // One out, one in.
    let (entry, _) = make_remove_device(&keys[0], &log, keys[5].device_id(), 0, &mut rng).unwrap();
    log.apply(&entry).unwrap();
    let (entry, _) = make_add_device(&keys[0], &log, &request(&joiner), &mut rng).unwrap();
    assert_eq!(log.apply(&entry), Ok(Change::Added(joiner.device_id())));
}

#[test]
fn of_two_entries_after_one_only_the_first_is_taken() {
    let mut rng = rng(10);
    let (keys, log, _) = account(2, &mut rng);
    let (one, _) = make_rotate(&keys[0], &log, &mut rng).unwrap();
    let (two, _) = make_rotate(&keys[1], &log, &mut rng).unwrap();
    let (mut left, mut right) = (log.clone(), log);
    assert_eq!((left.apply(&one), left.apply(&two)), (Ok(Change::Rotated), Err(LogError::NotNext)));
    assert_eq!((right.apply(&two), right.apply(&one)), (Ok(Change::Rotated), Err(LogError::NotNext)));
    assert_ne!(left.head(), right.head());
}

#[test]
fn pairing_from_link_to_welcome() {
    let mut rng = rng(11);
    let (keys, mut log, genesis) = account(1, &mut rng);
    let inviter = Inviter::make(log.account().mailbox(), &mut rng);
    // What a person carries over is text.
    let url = inviter.link(RELAY).to_url("https://app.example");
    let link = Link::parse(&url).unwrap();
    assert_eq!(link.relay, RELAY);
    let phone = DeviceKeys::make(&mut rng);
    let joiner = Joiner::make(&link, "Phone", &mut rng);
    assert_eq!((joiner.invite(), joiner.mailbox()), (inviter.invite(), log.account().mailbox()));
    // Both are stored and read again between any two steps.
    let inviter: Inviter = codec::decode(&codec::encode(&inviter), 4096).unwrap();
    let joiner: Joiner = codec::decode(&codec::encode(&joiner), 4096).unwrap();
    let offer = inviter.offer();
    let request = inviter.open_request(&joiner.request(&phone, &offer, &mut rng).unwrap()).unwrap();
    assert_eq!(request.name, "Phone");
    // Asked again after a lost connection, the joiner says the same under another seal.
    let again = inviter.open_request(&joiner.request(&phone, &offer, &mut rng).unwrap()).unwrap();
    assert_eq!(request, again);
    let digits = joiner.digits(&phone, &offer, &inviter.reveal()).unwrap();
    assert_eq!(digits, inviter.digits(&request));
    let (left, right) = digits.as_str().split_at(3);
    assert!(inviter.digits(&request).matches(&format!(" {left} - {right} ")));
    assert!(!inviter.digits(&request).matches(left));
    assert!(!inviter.digits(&request).matches(""));
    assert!(!inviter.digits(&request).matches(&format!("{left}{right}0")));
    let (entry, secret) = make_add_device(&keys[0], &log, &request, &mut rng).unwrap();
    log.apply(&entry).unwrap();
    let account = Joined {
        account: log.account(),
        log_seq: log.seq(),
        log_head: log.head(),
        anchors: Vec::new(),
        older: Vec::new(),
        names: Vec::new(),
    };
    let welcome = inviter.welcome(&request, &account, &mut rng).unwrap();
    let account = joiner.open_welcome(&phone, &offer, &inviter.reveal(), &welcome).unwrap();
    // The joiner checks the log from its first entry, and finds itself in it.
    let mut seen = Membership::genesis(&genesis[0]).unwrap();
    seen.apply(&entry).unwrap();
    assert_eq!((seen.account(), seen.seq(), seen.head()), (account.account, account.log_seq, account.log_head));
    assert!(seen.member(&phone.device_id()).is_some());
    assert!(open_grant(&phone, &entry).unwrap() == secret);
}

// Somebody has the link and the relay, and plays inviter to the joiner and joiner to the inviter.
#[test]
fn whoever_stands_between_sees_other_digits() {
    let mut rng = rng(12);
    for _ in 0..20 {
        let mailbox = ACCOUNT.mailbox();
        let inviter = Inviter::make(mailbox, &mut rng);
        let link = inviter.link(RELAY);
        let phone = DeviceKeys::make(&mut rng);
        let joiner = Joiner::make(&link, "Phone", &mut rng);
        // The same invite and secret, keys and nonce of their own.
        let false_inviter = with_secret_of(&link, &mut rng);
        let false_phone = DeviceKeys::make(&mut rng);
        let false_joiner = Joiner::make(&link, "Phone", &mut rng);
        let asked =
            inviter.open_request(&false_joiner.request(&false_phone, &inviter.offer(), &mut rng).unwrap()).unwrap();
        let false_offer = false_inviter.offer();
        joiner.request(&phone, &false_offer, &mut rng).unwrap();
        let shown = joiner.digits(&phone, &false_offer, &false_inviter.reveal()).unwrap();
        assert!(!inviter.digits(&asked).matches(shown.as_str()));
        // The true inviter's nonce does not fit the false offer, nor the other way round.
        assert!(joiner.digits(&phone, &false_offer, &inviter.reveal()).is_err());
        assert!(joiner.digits(&phone, &inviter.offer(), &false_inviter.reveal()).is_err());
        // The request to the one is not for the other.
        let to_false = joiner.request(&phone, &false_offer, &mut rng).unwrap();
        assert!(inviter.open_request(&to_false).is_err());
    }
}

/// An inviter of the same link, as somebody who found it can make one.
fn with_secret_of(link: &Link, rng: &mut ChaCha20Rng) -> Inviter {
    let nonce = minicbor::bytes::ByteArray::from([8; 32]);
    let state = (link.invite, link.secret.clone(), BoxSk::make(rng), nonce, link.mailbox);
    codec::decode(&codec::encode(&state), 4096).unwrap()
}

#[test]
fn names_of_joiners_are_cut() {
    let mut rng = rng(14);
    let inviter = Inviter::make(ACCOUNT.mailbox(), &mut rng);
    let joiner = Joiner::make(&inviter.link(RELAY), &"ä".repeat(100), &mut rng);
    assert_eq!(joiner.name(), "ä".repeat(32));
}

#[test]
fn a_sign_in_is_for_one_relay_connection_and_place() {
    let mut rng = rng(15);
    let keys = DeviceKeys::make(&mut rng);
    let challenge =
        Challenge { versions: vec![VERSION], nonce: Nonce::from_bytes([1; 32]), conn: ConnId::from_bytes([2; 16]) };
    let hello = Hello {
        versions: vec![VERSION],
        account: ACCOUNT,
        device: keys.device_id(),
        log_seq: 1,
        log_head: Hash::from_bytes([4; 32]),
        anchors: vec![Anchor { cursor: 5, mark: 3 }],
        signature: Signature::from_bytes([0; 64]),
    };
    let good = keys.sign_in("Relay.Example", &challenge, hello);
    let holds = |host: &str, challenge: &Challenge, hello: &Hello| {
        signature::verify(&keys.sign_pk(), &signin::message(host, challenge, hello), &good.signature)
    };
    assert!(holds("relay.example", &challenge, &good));
    assert!(!holds("relay.example.evil", &challenge, &good));
    assert!(!holds("", &challenge, &good));
    let other = Challenge { nonce: Nonce::from_bytes([9; 32]), ..challenge.clone() };
    assert!(!holds("relay.example", &other, &good));
    let other = Challenge { conn: ConnId::from_bytes([9; 16]), ..challenge.clone() };
    assert!(!holds("relay.example", &other, &good));
    for other in [
        Hello { account: AccountId::ZERO, ..good.clone() },
        Hello { device: DeviceId::from_bytes([0; 16]), ..good.clone() },
        Hello { log_seq: 0, ..good.clone() },
        Hello { log_head: Hash::ZERO, ..good.clone() },
        Hello { anchors: vec![Anchor { cursor: 6, mark: 3 }], ..good.clone() },
    ] {
        assert!(!holds("relay.example", &challenge, &other));
    }
}

#[test]
fn no_secret_is_printed() {
    let bytes: [u8; 32] = core::array::from_fn(|at| 0xa1 + at as u8);
    let keys = DeviceKeys::from_parts(SignSeed::from_bytes(bytes), BoxSk::from_bytes(bytes));
    redacted(&bytes, &EpochSecret::from_bytes(bytes));
    redacted(&bytes, &ItemKey::from_bytes(bytes));
    redacted(&bytes, &StateKey::from_bytes(bytes));
    redacted(&bytes, &DedupKey::from_bytes(bytes));
    redacted(&bytes, &SignSeed::from_bytes(bytes));
    redacted(&bytes, &BoxSk::from_bytes(bytes));
    redacted(&bytes, &InviteSecret::from_bytes(bytes));
    redacted(&bytes, &keys);
    redacted(&bytes, &Some(vec![keys]));
    let body = ClipBody {
        at_ms: 0,
        flags: 0,
        file_name: base16ct::lower::encode_string(&bytes),
        parts: vec![Part::new(TEXT, bytes)],
    };
    redacted(&bytes, &body);

    let mut rng = rng(16);
    let invite = Inviter::make(ACCOUNT.mailbox(), &mut rng).invite();
    let link =
        Link { relay: RELAY.into(), invite, mailbox: ACCOUNT.mailbox(), secret: InviteSecret::from_bytes(bytes) };
    redacted(&bytes, &link);
    let nonce = || minicbor::bytes::ByteArray::from(bytes);
    let state = (link.invite, link.secret.clone(), BoxSk::from_bytes(bytes), nonce(), link.mailbox);
    let inviter: Inviter = codec::decode(&codec::encode(&state), 4096).unwrap();
    redacted(&bytes, &inviter);
    redacted(inviter.claim_hash().as_bytes(), &inviter);
    let joiner = Joiner::make(&link, "Phone", &mut rng);
    redacted(&bytes, &joiner);
    redacted(joiner.claim().as_bytes(), &joiner);
    redacted(joiner.token().as_bytes(), &joiner);
    let older = vec![OlderEpoch { epoch: 1, secret: EpochSecret::from_bytes(bytes) }];
    let (account, log_head) = (ACCOUNT, Hash::ZERO);
    redacted(&bytes, &Joined { account, log_seq: 0, log_head, anchors: Vec::new(), older, names: Vec::new() });
    let phone = DeviceKeys::make(&mut rng);
    let request = joiner.request(&phone, &inviter.offer(), &mut rng).unwrap();
    let digits = inviter.digits(&inviter.open_request(&request).unwrap());
    assert!(!format!("{digits:?} {digits:#?}").contains(digits.as_str()));
}

/// No four bytes of the secret in a row, as hexadecimal or as a list of numbers.
fn redacted(secret: &[u8], value: &impl Debug) {
    let printed = [format!("{value:?}"), format!("{value:#?}"), format!("{value:x?}")];
    for text in printed {
        let text: String = text.to_lowercase().split_whitespace().collect();
        for four in secret.windows(4) {
            let decimal = format!("{four:?}").replace(['[', ']', ' '], "");
            let hex_list = format!("{four:x?}").replace(['[', ']', ' '], "");
            for shown in [base16ct::lower::encode_string(four), decimal, hex_list] {
                assert!(!text.contains(&shown), "{text} shows {shown}");
            }
        }
    }
}
