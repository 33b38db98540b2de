//! A log as two devices see it.

use hushclip_crypto::keys::BoxSk;
use hushclip_crypto::log::{make_genesis, make_rekey, make_remove_device};
use hushclip_crypto::pairing::{Inviter, JoinRequest, Joiner};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;

const NOW: u64 = 1_700_000_000_000;
const DAY: u64 = 24 * 60 * 60 * 1000;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A log that begins with a device, and that device.
fn begun(rng: &mut ChaCha20Rng) -> (Log, Identity) {
    let identity = Identity::make("Laptop", NOW, rng);
    let (genesis, secret) = make_genesis(&identity.keys, "Laptop", rng).expect("a log begins");
    let log = Log::begin(genesis, secret, identity.id, "Laptop".into()).expect("it is one");
    (log, identity)
}

fn request(log: &Log, joiner: &Identity, rng: &mut ChaCha20Rng) -> JoinRequest {
    let inviter = Inviter::make(log.account().mailbox(), rng);
    let bytes = Joiner::make(&inviter.link("https://relay.example"), &joiner.name, rng)
        .request(&joiner.keys, &inviter.offer(), rng)
        .expect("a request");
    inviter.open_request(&bytes).expect("it is its own")
}

/// A second device comes in: its log as it was handed over, and shown.
fn joined(log: &mut Log, own: &mut Identity, rng: &mut ChaCha20Rng) -> (Log, Identity) {
    let mut joiner = Identity::make("Phone", NOW, rng);
    let request = request(log, &joiner, rng);
    let members = log.members().expect("it is known");
    let (entry, _) = hushclip_crypto::log::make_add_device(&own.keys, members, &request, rng).expect("an entry");
    take(log, entry, own).expect("the next one");
    let handed = log.hand_over(true, Vec::new()).expect("an account");
    let mut theirs = Log::handed(handed, NOW);
    assert!(!theirs.reaches_anchor() && theirs.members().is_none());
    for entry in log.entries().to_vec() {
        take(&mut theirs, entry, &mut joiner).expect("the next one");
    }
    (theirs, joiner)
}

fn take(log: &mut Log, entry: SignedEntry, identity: &mut Identity) -> Result<Option<Taken>, Refused> {
    log.take(log.len(), entry, identity, NOW, &mut Outputs::default())
}

fn rekey(log: &Log, identity: &mut Identity, rng: &mut ChaCha20Rng) -> SignedEntry {
    let boxed = identity.next_box(rng);
    make_rekey(&identity.keys, log.members().expect("it is known"), &boxed, rng).expect("an entry").0
}

#[test]
fn who_comes_in_knows_the_list_the_secrets_and_the_names() {
    let mut rng = rng(1);
    let (mut log, mut own) = begun(&mut rng);
    let (theirs, joiner) = joined(&mut log, &mut own, &mut rng);
    assert!(theirs.reaches_anchor() && !theirs.is_past_anchor() && theirs.is_member(&own.id));
    assert_eq!(theirs.head(), log.head());
    assert!(theirs.secret(0).is_ok(), "the history was shared");
    assert!(theirs.secret(1).is_ok());
    for (device, name) in [(own.id, "Laptop"), (joiner.id, "Phone")] {
        assert_eq!(theirs.name_of(&device).map(String::as_str), Some(name));
        assert_eq!(log.name_of(&device).map(String::as_str), Some(name));
    }
    let text = Hash::from_bytes([7; 32]);
    assert_eq!(theirs.keyed(1, &text), log.keyed(1, &text));
}

#[test]
fn an_entry_is_known_next_too_early_or_another_one() {
    let mut rng = rng(2);
    let (mut log, mut own) = begun(&mut rng);
    let (mut theirs, mut joiner) = joined(&mut log, &mut own, &mut rng);
    let (one, other) = (rekey(&log, &mut own, &mut rng), rekey(&theirs, &mut joiner, &mut rng));
    take(&mut log, one.clone(), &mut own).expect("the next one");
    let out = &mut Outputs::default();
    assert!(matches!(log.take(2, one.clone(), &mut own, NOW, out), Ok(None)), "known");
    assert!(matches!(log.take(2, other.clone(), &mut own, NOW, out), Err(Refused::Fork(_))));
    assert!(matches!(log.take(9, other.clone(), &mut own, NOW, out), Err(Refused::Gap)));
    let mut broken = one;
    broken.signature = other.signature;
    assert!(matches!(take(&mut theirs, broken, &mut joiner), Err(Refused::Bad)));
    assert_eq!(theirs.len(), 2, "what was refused leaves nothing behind");
}

#[test]
fn new_keys_take_the_place_of_the_old_ones_when_their_entry_stands() {
    let mut rng = rng(3);
    let (mut log, mut own) = begun(&mut rng);
    let before = own.keys.box_pk();
    let entry = rekey(&log, &mut own, &mut rng);
    assert!(own.keys.box_pk() == before);
    take(&mut log, entry, &mut own).expect("the next one");
    assert!(own.keys.box_pk() != before && own.boxed_ms == NOW);
    let foreign = BoxSk::make(&mut rng);
    let (entry, _) = make_rekey(&own.keys, log.members().expect("known"), &foreign, &mut rng).expect("an entry");
    assert!(matches!(take(&mut log, entry, &mut own), Err(Refused::NotOurs)), "somebody has its keys");
}

#[test]
fn old_secrets_are_forgotten_when_nothing_under_them_is_left() {
    let mut rng = rng(4);
    let (mut log, mut own) = begun(&mut rng);
    let entry = rekey(&log, &mut own, &mut rng);
    take(&mut log, entry, &mut own).expect("the next one");
    log.forget_old_epochs(NOW + 8 * DAY - 1, &mut Outputs::default());
    assert!(log.secret(0).is_ok());
    log.forget_old_epochs(NOW + 8 * DAY, &mut Outputs::default());
    assert_eq!(log.secret(0).err(), Some(NoSecret::Forgotten));
    assert!(log.secret(1).is_ok());
}

#[test]
fn who_is_removed_is_named_with_who_did_it() {
    let mut rng = rng(5);
    let (mut log, mut own) = begun(&mut rng);
    let (mut theirs, mut joiner) = joined(&mut log, &mut own, &mut rng);
    let members = log.members().expect("known");
    let (entry, _) = make_remove_device(&own.keys, members, joiner.id, 0, &mut rng).expect("an entry");
    let taken = take(&mut theirs, entry, &mut joiner).expect("the next one").expect("news");
    assert!(matches!(taken.change, Some(Change::Removed(device)) if device == joiner.id));
    assert_eq!(theirs.remover_of(&joiner.id), Some(own.id));
    assert_eq!(theirs.secret(2).err(), Some(NoSecret::Forgotten), "the newest is not for it");
}

#[test]
fn a_fork_is_kept_until_the_person_goes_on_and_its_item_stops_nobody_again() {
    let mut rng = rng(6);
    let (mut log, _) = begun(&mut rng);
    let item = ItemId::from_bytes([1; ItemId::LEN]);
    log.fork(0, Hash::ZERO, None, Some(item), NOW, &mut Outputs::default());
    assert!(log.is_forked() && log.is_passed_over(&item));
    log.set_forked(false, &mut Outputs::default());
    assert!(!log.is_forked() && log.is_passed_over(&item));
}
