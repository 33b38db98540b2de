//! New box keys, tombstones and heartbeats; and the limits at their edges.

use hushclip_crypto::body::{ClipBody, Gone, HTML, Heartbeat, Part, State, TEXT, Tombstone};
use hushclip_crypto::envelope::{Address, open_note, seal_note};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_add_device, make_genesis, make_rekey, make_remove_device, open_grant};
use hushclip_crypto::pairing::{Inviter, Joined, Joiner, Named, OlderEpoch, PairingError};
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, BoxPk, DeviceId, Hash, ItemId};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, Change, LogError, Membership, SignedEntry};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// An account of two.
fn account(rng: &mut ChaCha20Rng) -> (DeviceKeys, DeviceKeys, Membership) {
    let (one, two) = (DeviceKeys::make(rng), DeviceKeys::make(rng));
    let (genesis, _) = make_genesis(&one, "one", rng).unwrap();
    let mut log = Membership::genesis(&genesis).unwrap();
    let inviter = Inviter::make(log.account().mailbox(), rng);
    let joiner = Joiner::make(&inviter.link("https://relay.example"), "two", rng);
    let request = inviter.open_request(&joiner.request(&two, &inviter.offer(), rng).unwrap()).unwrap();
    let (entry, _) = make_add_device(&one, &log, &request, rng).unwrap();
    log.apply(&entry).unwrap();
    (one, two, log)
}

#[test]
fn what_was_sealed_to_the_old_key_stays_closed_to_the_new_one() {
    let mut rng = rng(1);
    let (one, two, mut log) = account(&mut rng);
    let fresh = BoxSk::make(&mut rng);
    let (entry, secret) = make_rekey(&one, &log, &fresh, &mut rng).unwrap();
    assert_eq!(log.apply(&entry), Ok(Change::Rotated));
    let renewed = one.with_box(fresh.clone());
    assert_eq!((renewed.device_id(), renewed.box_pk()), (one.device_id(), fresh.derive_pk()));
    assert_eq!(log.member(&one.device_id()).unwrap().box_pk, fresh.derive_pk());
    assert!(open_grant(&one, &entry).is_err(), "the author itself, with its old key");
    assert!(open_grant(&renewed, &entry).unwrap() == secret);
    assert!(open_grant(&two, &entry).unwrap() == secret, "the others need nothing new");
    // From here on everybody seals to the new one.
    let next = BoxSk::make(&mut rng);
    let (entry, secret) = make_rekey(&two, &log, &next, &mut rng).unwrap();
    log.apply(&entry).unwrap();
    assert!(open_grant(&one, &entry).is_err());
    assert!(open_grant(&renewed, &entry).unwrap() == secret);
    let saved = DeviceKeys::from_saved(renewed.sign_seed().clone(), renewed.box_sk().clone(), renewed.device_id());
    assert!(open_grant(&saved, &entry).unwrap() == secret);
}

#[test]
fn a_rekey_is_the_authors_own_and_no_weak_key() {
    let mut rng = rng(2);
    let (one, two, mut log) = account(&mut rng);
    let before = log.clone();
    let (entry, _) = make_rekey(&one, &log, &BoxSk::make(&mut rng), &mut rng).unwrap();
    // Signed by another member in the author's name.
    let forged = SignedEntry { signature: two.sign(&SignedEntry::message(&entry.entry)), ..entry.clone() };
    assert_eq!(log.apply(&forged), Err(LogError::BadSignature));
    // With a key of low order, to which nobody could seal.
    let mut weak = entry.decode_entry().unwrap();
    if let Action::Rekey { box_pk, .. } = &mut weak.action {
        *box_pk = BoxPk::from_bytes([0; 32]);
    }
    let bytes = codec::encode(&weak);
    let signature = one.sign(&SignedEntry::message(&bytes));
    let weak = SignedEntry { entry: bytes.into(), signature, sealed: entry.sealed.clone() };
    assert_eq!(log.apply(&weak), Err(LogError::WeakKey));
    assert_eq!(log, before);
    // After its removal there is no key of it left to renew.
    let (removal, _) = make_remove_device(&one, &log, two.device_id(), 4, &mut rng).unwrap();
    let (late, _) = make_rekey(&two, &log, &BoxSk::make(&mut rng), &mut rng).unwrap();
    log.apply(&removal).unwrap();
    assert!(log.apply(&late).is_err());
    assert_eq!((log.member(&two.device_id()), log.removed(&two.device_id()).unwrap().last_counter), (None, 4));
}

#[test]
fn tombstones_and_heartbeats_come_back_as_what_they_are() {
    let mut rng = rng(3);
    let keys = DeviceKeys::make(&mut rng);
    let key = EpochSecret::make(&mut rng).derive_item_key(&AccountId::ZERO, 0);
    let address = Address {
        kind: Kind::Tombstone,
        account: AccountId::ZERO,
        epoch: 0,
        log_seq: 0,
        log_head: Hash::ZERO,
        counter: 3,
        item: ItemId::from_bytes([1; 16]),
        ttl_s: 60,
    };
    let gone =
        Gone { device: DeviceId::from_bytes([2; 16]), counter: 7, item: ItemId::from_bytes([3; 16]), text: None };
    let named = Gone { text: Some(Hash::from_bytes([4; 32])), ..gone.clone() };
    assert_eq!((codec::encode(&gone)[0], codec::encode(&named)[0]), (0x83, 0x84), "what is not there takes no place");
    let tombstone = Tombstone { at_ms: 5, gone: vec![gone, named] };
    let sealed = seal_note(&keys, &key, &address, &tombstone, &mut rng);
    let envelope = Envelope::parse(&sealed).unwrap();
    assert!(envelope.verify(&keys.sign_pk()));
    assert_eq!(envelope.header.counter, 3);
    assert_eq!(open_note::<Tombstone>(&key, &envelope), Ok(tombstone.clone()));
    assert!(open_note::<State>(&key, &envelope).is_err());
    assert_ne!(seal_note(&keys, &key, &address, &tombstone, &mut rng), sealed, "salted");
    let heartbeat = Heartbeat { at_ms: 9 };
    let sealed = seal_note(&keys, &key, &Address { kind: Kind::Heartbeat, ..address }, &heartbeat, &mut rng);
    let envelope = Envelope::parse(&sealed).unwrap();
    assert_eq!(open_note(&key, &envelope), Ok(heartbeat));
    let other = EpochSecret::make(&mut rng).derive_item_key(&AccountId::ZERO, 0);
    assert!(open_note::<Heartbeat>(&other, &envelope).is_err());
}

#[test]
fn a_body_tells_its_parts_by_type_and_prints_none() {
    let (text, html) = (Part::new(TEXT, "plain"), Part::new(HTML, "<b>"));
    let body = ClipBody { at_ms: 1, flags: 0, file_name: String::new(), parts: vec![text, html] };
    assert_eq!((body.text_of(TEXT), body.text_of(HTML), body.text_of("image/png")), (Some("plain"), Some("<b>"), None));
    let bytes = ClipBody { parts: vec![Part::new(TEXT, [0xff])], ..body.clone() };
    assert_eq!(bytes.text_of(TEXT), None);
    assert_eq!(format!("{body:?}"), "ClipBody(2 parts)");
}

#[test]
fn what_is_secret_prints_as_its_kind() {
    let mut rng = rng(4);
    let inviter = Inviter::make(AccountId::ZERO.mailbox(), &mut rng);
    let link = inviter.link("https://relay.example");
    let joiner = Joiner::make(&link, "two", &mut rng);
    for (printed, kind) in
        [(format!("{inviter:?}"), "Inviter("), (format!("{link:?}"), "Link("), (format!("{joiner:?}"), "Joiner(")]
    {
        assert!(printed.starts_with(kind) && printed.len() < 60, "{printed}");
    }
    let keys = DeviceKeys::make(&mut rng);
    let request = joiner.request(&keys, &inviter.offer(), &mut rng).unwrap();
    let request = inviter.open_request(&request).unwrap();
    assert_eq!(format!("{:?}", inviter.digits(&request)), "Digits(…)");
    assert!(format!("{:?}", joined(0)).starts_with("Joined("));
}

fn joined(epochs: u64) -> Joined {
    let named = |n: usize| Named { device: DeviceId::from_bytes([n as u8; 16]), name: "n".repeat(limits::NAME_BYTES) };
    let older = |epoch| OlderEpoch { epoch: u64::MAX - 1 - epoch, secret: EpochSecret::from_bytes([7; 32]) };
    Joined {
        account: AccountId::ZERO,
        log_seq: u64::MAX,
        log_head: Hash::ZERO,
        anchors: (0..4).map(|n| Anchor { cursor: u64::MAX - 3 + n, mark: u64::MAX }).collect(),
        older: (0..epochs).map(older).collect(),
        names: (0..limits::DEVICES).map(named).collect(),
    }
}

#[test]
fn a_welcome_has_room_for_all_names_and_96_epochs() {
    let mut rng = rng(5);
    let inviter = Inviter::make(AccountId::ZERO.mailbox(), &mut rng);
    let joiner = Joiner::make(&inviter.link("https://relay.example"), &"n".repeat(limits::NAME_BYTES), &mut rng);
    let keys = DeviceKeys::make(&mut rng);
    let request = joiner.request(&keys, &inviter.offer(), &mut rng).unwrap();
    let request = inviter.open_request(&request).expect("a name as long as names may be");
    let welcome = inviter.welcome(&request, &joined(96), &mut rng).unwrap();
    assert!(welcome.len() <= limits::PAIRING_BYTES);
    let opened = joiner.open_welcome(&keys, &inviter.offer(), &inviter.reveal(), &welcome).unwrap();
    assert_eq!((opened.older.len(), opened.names.len()), (96, limits::DEVICES));
    // More are neither handed over nor taken, nor are epochs that are not older or not in order.
    let more = Joined { names: [joined(0).names, joined(0).names].concat(), ..joined(1) };
    let newest = Joined { log_seq: u64::MAX - 1, ..joined(1) };
    let mut turned = joined(2);
    turned.older.reverse();
    let twice = Joined { older: [joined(1).older, joined(1).older].concat(), ..joined(1) };
    for wrong in [joined(97), more, newest, turned, twice] {
        assert_eq!(inviter.welcome(&request, &wrong, &mut rng).err(), Some(PairingError::Disturbed));
    }
}
