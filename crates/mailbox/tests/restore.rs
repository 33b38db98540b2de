//! What a mailbox believes of its disk when it wakes: what it noted of its log, if that fits the log.

use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_genesis, make_rekey};
use hushclip_mailbox::{Mailbox, MemoryStore, Store, StoreError, verify_log};
use hushclip_protocol::codec;
use hushclip_protocol::log::{Membership, SignedEntry};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// So many entries of one device's log, and what they say, after each.
fn log(count: usize) -> (Vec<SignedEntry>, Vec<Membership>) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys = DeviceKeys::make(&mut rng);
    let (genesis, _) = make_genesis(&keys, "Laptop", &mut rng).unwrap();
    let mut said = vec![Membership::genesis(&genesis).unwrap()];
    let mut entries = vec![genesis];
    while entries.len() < count {
        let mut next = said[said.len() - 1].clone();
        let (entry, _) = make_rekey(&keys, &next, &BoxSk::make(&mut rng), &mut rng).unwrap();
        next.apply(&entry).unwrap();
        said.push(next);
        entries.push(entry);
    }
    (entries, said)
}

fn store(entries: &[SignedEntry], noted: Option<Vec<u8>>) -> MemoryStore {
    let mut store = MemoryStore::default();
    for (seq, entry) in (0..).zip(entries) {
        store.append_log(seq, entry, &[]).unwrap();
    }
    store.put_membership(&noted.unwrap_or_default()).unwrap();
    store
}

fn restore(store: MemoryStore, said: &Membership) -> Result<Option<Vec<u8>>, StoreError> {
    let mailbox = Mailbox::restore(said.account().mailbox(), store, [], None)?;
    mailbox.store().membership()
}

#[test]
fn a_log_is_verified_when_nothing_is_noted_of_it_and_then_it_is_noted() {
    // More than one page.
    let (entries, said) = log(150);
    let newest = &said[149];
    assert_eq!(verify_log(&store(&entries, None)), Ok(Some(newest.clone())));
    assert_eq!(restore(store(&entries, None), newest), Ok(Some(codec::encode(newest))));
    assert_eq!(verify_log(&MemoryStore::default()), Ok(None));
    let mut changed = entries.clone();
    changed[100].sealed[30] ^= 1;
    assert_eq!(restore(store(&changed, None), newest), Err(StoreError::Failed));
}

#[test]
fn what_is_noted_is_believed_only_if_it_is_of_the_newest_entry() {
    let (entries, said) = log(5);
    let newest = codec::encode(&said[4]);
    // Of a later entry, of another log, or nonsense: the log decides.
    let (_, other) = log(6);
    for noted in [codec::encode(&other[5]), vec![1, 2, 3], Vec::new()] {
        assert_eq!(restore(store(&entries, Some(noted)), &said[4]), Ok(Some(newest.clone())));
    }
    // Of an earlier entry: it goes on from there.
    let mut changed = entries.clone();
    changed[1].sealed[30] ^= 1;
    assert_eq!(restore(store(&changed, Some(codec::encode(&said[2]))), &said[4]), Ok(Some(newest.clone())));
    // Believed: the damage further down is not looked for.
    let mut changed = entries.clone();
    changed[2].sealed[30] ^= 1;
    assert_eq!(restore(store(&changed, Some(newest.clone())), &said[4]), Ok(Some(newest)));
}
