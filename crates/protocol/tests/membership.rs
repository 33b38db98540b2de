//! What the vectors leave open about a verified log: the edge of a bound, and asking for one member.

use ed25519_dalek::{Signer as _, SigningKey};
use hushclip_protocol::ids::{AccountId, BoxPk, DeviceId, Encapsulated, Hash, SealedSecret, SignPk, Signature};
use hushclip_protocol::log::{Action, Entry, Grant, LogError, Membership, SealedFor, SealedList, SignedEntry};
use hushclip_protocol::{VERSION, codec, label, limits};
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

/// A log whose devices come and go.
struct Chain {
    log: Membership,
    author: SigningKey,
    id: DeviceId,
}

impl Chain {
    fn make() -> Self {
        let (entry, id) = genesis(256);
        Self { log: Membership::genesis(&entry).unwrap(), author: SigningKey::from_bytes(&[1; 32]), id }
    }

    /// Takes in an entry of the first device after which these are the members.
    fn append(&mut self, members: &[DeviceId], action: impl FnOnce(Grant) -> Action) -> Result<(), LogError> {
        let mut members = members.to_vec();
        members.sort_unstable();
        let (enc, secret) = (Encapsulated::from_bytes([2; 32]), SealedSecret::from_bytes([3; 48]));
        let sealed = SealedList(members.into_iter().map(|device| SealedFor { device, enc, secret }).collect()).encode();
        let (log, seq) = (&self.log, self.log.seq() + 1);
        let grant = Grant { epoch: seq, commit: Hash::ZERO, sealed_hash: SealedList::hash(&sealed) };
        let (account, prev, author) = (log.account(), log.head(), self.id);
        let entry = codec::encode(&Entry { version: VERSION, account, seq, prev, author, action: action(grant) });
        let signature = Signature::from_bytes(self.author.sign(&SignedEntry::message(&entry)).to_bytes());
        self.log.apply(&SignedEntry { entry: entry.into(), signature, sealed: sealed.into() }).map(drop)
    }

    fn members(&self) -> Vec<DeviceId> {
        self.log.members().map(|(device, _)| *device).collect()
    }

    fn add(&mut self, n: u32) -> Result<DeviceId, LogError> {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&n.to_be_bytes());
        let signing = SigningKey::from_bytes(&seed);
        let (sign_pk, box_pk) = (SignPk::from_bytes(signing.verifying_key().to_bytes()), BoxPk::from_bytes([9; 32]));
        let (device, transcript) = (DeviceId::derive(&sign_pk, &box_pk), Hash::ZERO);
        let possession =
            label::message(label::POSSESSION, &[transcript.as_bytes(), sign_pk.as_bytes(), box_pk.as_bytes()]);
        let proof = Signature::from_bytes(signing.sign(&possession).to_bytes());
        let members = [self.members(), vec![device]].concat();
        self.append(&members, |grant| {
            let name = vec![4; 256].into();
            Action::AddDevice { sign_pk, box_pk, transcript, proof, name, grant }
        })?;
        Ok(device)
    }

    fn remove(&mut self, device: DeviceId) {
        let members: Vec<_> = self.members().into_iter().filter(|member| *member != device).collect();
        self.append(&members, |grant| Action::RemoveDevice { device, last_counter: u64::MAX, grant }).unwrap();
    }
}

#[test]
fn a_state_has_a_bound_however_many_devices_were_removed() {
    let mut chain = Chain::make();
    let count = limits::REMOVED as u32 + 1;
    let gone: Vec<_> = (0..count)
        .map(|n| {
            let device = chain.add(n).unwrap();
            chain.remove(device);
            device
        })
        .collect();
    for n in 0..limits::DEVICES as u32 - 1 {
        chain.add(count + n).unwrap();
    }
    let bytes = codec::encode(&chain.log);
    // Each position may take six bytes more than those of this log.
    assert!(bytes.len() + 6 * limits::REMOVED <= Membership::BYTES, "{}", bytes.len());
    assert_eq!(codec::decode(&bytes, Membership::BYTES), Ok(chain.log.clone()));
    // The last ones are known, and the first one is forgotten.
    assert!(gone[1..].iter().all(|device| chain.log.removed(device).is_some()));
    assert_eq!(chain.log.removed(&gone[0]), None);
    chain.remove(chain.members().into_iter().find(|device| *device != chain.id).unwrap());
    assert_eq!(chain.add(count - 1), Err(LogError::Known));
    assert_eq!(chain.add(0), Ok(gone[0]));
}

#[test]
fn an_entry_that_is_refused_changes_nothing() {
    let mut chain = Chain::make();
    let device = chain.add(1).unwrap();
    let before = chain.log.clone();
    let of_nobody = |grant| Action::RemoveDevice { device, last_counter: 1, grant };
    // Sealed for the removed device as well.
    assert_eq!(chain.append(&chain.members(), of_nobody), Err(LogError::BadSealedList));
    assert_eq!(chain.log, before);
}
