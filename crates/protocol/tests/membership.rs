//! What the vectors leave open about a verified log: the edge of a bound, and asking for one member.

use ed25519_dalek::{Signer as _, SigningKey};
use hushclip_protocol::ids::{AccountId, BoxPk, DeviceId, Encapsulated, Hash, SealedSecret, SignPk, Signature};
use hushclip_protocol::log::{Action, Entry, Grant, LogError, Membership, SealedFor, SealedList, SignedEntry};
use hushclip_protocol::{VERSION, codec};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A first entry whose sealed name has so many bytes, and its author.
fn genesis(name_bytes: usize) -> (SignedEntry, DeviceId) {
    let signing = SigningKey::from_bytes(&[1; 32]);
    let (sign_pk, box_pk) = (SignPk::from_bytes(signing.verifying_key().to_bytes()), BoxPk::from_bytes([9; 32]));
    let device = DeviceId::derive(&sign_pk, &box_pk);
    let (enc, secret) = (Encapsulated::from_bytes([2; 32]), SealedSecret::from_bytes([3; 48]));
    let sealed = SealedList(vec![SealedFor { device, enc, secret }]).encode();
    let grant = Grant { epoch: 0, commit: Hash::ZERO, sealed_hash: SealedList::hash(&sealed) };
    let entry = codec::encode(&Entry {
        version: VERSION,
        account: AccountId::ZERO,
        seq: 0,
        prev: Hash::ZERO,
        author: device,
        action: Action::Genesis { sign_pk, box_pk, name: vec![4; name_bytes].into(), grant },
    });
    let signature = Signature::from_bytes(signing.sign(&SignedEntry::message(&entry)).to_bytes());
    (SignedEntry { entry: entry.into(), signature, sealed: sealed.into() }, device)
}

#[test]
fn a_sealed_name_has_at_most_256_bytes() {
    assert!(Membership::genesis(&genesis(256).0).is_ok());
    assert_eq!(Membership::genesis(&genesis(257).0), Err(LogError::NameTooLong));
}

#[test]
fn a_member_is_found_by_its_identifier() {
    let (entry, device) = genesis(89);
    let log = Membership::genesis(&entry).unwrap();
    assert_eq!(log.member(&device), log.members().next().map(|(_, member)| member));
    assert_eq!(log.member(&device).map(|member| (member.name.len(), member.name_epoch)), Some((89, 0)));
    assert_eq!(log.member(&DeviceId::from_bytes([0; 16])), None);
}
