//! Log entries that relay and devices refuse, each wrong in one thing.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_add_device, make_genesis, make_remove_device, make_rotate};
use hushclip_protocol::codec;
use hushclip_protocol::ids::{AccountId, BoxPk, DeviceId, Hash, SignPk, Signature};
use hushclip_protocol::label;
use hushclip_protocol::log::{Action, Entry, Grant, Membership, SealedList, SignedEntry, possession_message};
use serde_json::{Value, json};

use crate::device::{IDENTITY, forged_for_identity, malleated};
use crate::log::{World, sign, sign_bytes};
use crate::out::{array, flipped, hex};

struct Refused(Vec<Value>);

impl Refused {
    fn add(&mut self, name: &str, after: usize, error: &str, signed: &SignedEntry) {
        self.0.push(json!({ "name": name, "after": after, "error": error, "signed": hex(codec::encode(signed)) }));
    }
}

/// Makes the cases.
pub(crate) fn make(world: &mut World) -> Vec<Value> {
    let mut refused = Refused(Vec::new());
    genesis(world, &mut refused);
    places(world, &mut refused);
    signatures(world, &mut refused);
    additions(world, &mut refused);
    removals(world, &mut refused);
    lists(world, &mut refused);
    forms(world, &mut refused);
    refused.0
}

fn grant_mut(action: &mut Action) -> &mut Grant {
    match action {
        Action::Genesis { grant, .. }
        | Action::AddDevice { grant, .. }
        | Action::RemoveDevice { grant, .. }
        | Action::Rotate { grant }
        | Action::Rekey { grant, .. }
        | Action::Memo { grant, .. } => grant,
    }
}

/// The entry changed by `change`, signed anew.
fn changed(keys: &DeviceKeys, signed: &SignedEntry, change: impl FnOnce(&mut Entry)) -> SignedEntry {
    let mut entry = signed.decode_entry().expect("an entry");
    change(&mut entry);
    sign(keys, &entry, &signed.sealed)
}

/// The entry with another sealed list, whose hash it names; signed anew.
fn relisted(keys: &DeviceKeys, signed: &SignedEntry, list: &[u8]) -> SignedEntry {
    let mut entry = signed.decode_entry().expect("an entry");
    grant_mut(&mut entry.action).sealed_hash = SealedList::hash(list);
    sign(keys, &entry, list)
}

fn genesis(world: &mut World, refused: &mut Refused) {
    let (a, b) = (world.a.clone(), world.b.clone());
    let (good, _) = make_genesis(&a, "Laptop", &mut world.rng).expect("an entry");
    Membership::genesis(&good).expect("verifies");
    let account = world.newest().account();
    let mut add = |name: &str, error: &str, signed: &SignedEntry| refused.add(name, 0, error, signed);
    add("first: names an account", "NotNext", &changed(&a, &good, |e| e.account = account));
    add("first: names an entry before it", "NotNext", &changed(&a, &good, |e| e.prev = Hash::from_bytes([1; 32])));
    add("first: position 1", "NotNext", &changed(&a, &good, |e| e.seq = 1));
    add(
        "first: a rotation",
        "NotNext",
        &changed(&a, &good, |e| {
            let grant = e.action.grant().clone();
            e.action = Action::Rotate { grant };
        }),
    );
    add("first: epoch 1", "BadEpoch", &changed(&a, &good, |e| grant_mut(&mut e.action).epoch = 1));
    add("first: version 0", "Version", &changed(&a, &good, |e| e.version = 0));
    add("first: version 2", "Version", &changed(&a, &good, |e| e.version = 2));
    add("first: author is not its own device", "NotAMember", &changed(&a, &good, |e| e.author = b.device_id()));
    add("first: signed by another device", "BadSignature", &changed(&b, &good, |_| ()));
    add(
        "first: box key exchanged, author kept",
        "NotAMember",
        &changed(&a, &good, |e| {
            if let Action::Genesis { box_pk, .. } = &mut e.action {
                *box_pk = b.box_pk();
            }
        }),
    );
    add("first: sealed for another device", "BadSealedList", &{
        let mut list = SealedList::decode(&good.sealed).expect("a list");
        list.0[0].device = b.device_id();
        relisted(&a, &good, &list.encode())
    });
    add("first: sealed for nobody", "BadSealedList", &relisted(&a, &good, &SealedList(Vec::new()).encode()));
    add(
        "first: another list than named",
        "BadSealedList",
        &SignedEntry { sealed: flipped(&good.sealed, good.sealed.len() - 1).into(), ..good.clone() },
    );
    add(
        "first: name of 257 bytes",
        "NameTooLong",
        &changed(&a, &good, |e| {
            if let Action::Genesis { name, .. } = &mut e.action {
                *name = vec![0; 257].into();
            }
        }),
    );
    let weak = BoxPk::from_bytes([0; 32]);
    add(
        "first: box key of low order",
        "WeakKey",
        &changed(&a, &good, |e| {
            e.author = DeviceId::derive(&a.sign_pk(), &weak);
            if let Action::Genesis { box_pk, .. } = &mut e.action {
                *box_pk = weak;
            }
        }),
    );
    let identity = SignPk::from_bytes(IDENTITY);
    let mut forged = changed(&a, &good, |e| {
        e.author = DeviceId::derive(&identity, &a.box_pk());
        if let Action::Genesis { sign_pk, .. } = &mut e.action {
            *sign_pk = identity;
        }
    });
    forged.signature = Signature::from_bytes(forged_for_identity());
    add("first: signing key of order 1", "BadSignature", &forged);
}

fn places(world: &mut World, refused: &mut Refused) {
    let (a, b, c) = (world.a.clone(), world.b.clone(), world.c.clone());
    let (good, _) = make_rotate(&a, &world.states[3], &mut world.rng).expect("an entry");
    let mut add = |name: &str, error: &str, signed: &SignedEntry| refused.add(name, 4, error, signed);
    add("version 2", "Version", &changed(&a, &good, |e| e.version = 2));
    add("another account", "NotNext", &changed(&a, &good, |e| e.account = AccountId::from_bytes([5; 32])));
    add("account of zeros", "NotNext", &changed(&a, &good, |e| e.account = AccountId::ZERO));
    add("position of the entry before", "NotNext", &changed(&a, &good, |e| e.seq -= 1));
    add("position skipped", "NotNext", &changed(&a, &good, |e| e.seq += 1));
    add("greatest position", "NotNext", &changed(&a, &good, |e| e.seq = u64::MAX));
    let older = world.chain[2].hash();
    add("after an older entry", "NotNext", &changed(&a, &good, |e| e.prev = older));
    add("after no entry", "NotNext", &changed(&a, &good, |e| e.prev = Hash::ZERO));
    add("the newest entry again", "NotNext", &world.chain[3]);
    add("the first entry again", "NotNext", &world.chain[0]);
    add("an entry that comes later", "NotNext", &world.chain[5]);
    let (other, _) = make_genesis(&b, "Phone", &mut world.rng).expect("an entry");
    add("a first entry of another account", "NotNext", &other);
    add("a first entry in the middle", "NotNext", &{
        let entry = good.decode_entry().expect("an entry");
        let (sign_pk, box_pk, grant) = (a.sign_pk(), a.box_pk(), entry.action.grant().clone());
        let action = Action::Genesis { sign_pk, box_pk, name: Vec::new().into(), grant };
        sign(&a, &Entry { action, ..entry }, &good.sealed)
    });
    add("epoch of the entry before", "BadEpoch", &changed(&a, &good, |e| grant_mut(&mut e.action).epoch -= 1));
    add("epoch skipped", "BadEpoch", &changed(&a, &good, |e| grant_mut(&mut e.action).epoch += 1));
    add("greatest epoch", "BadEpoch", &changed(&a, &good, |e| grant_mut(&mut e.action).epoch = u64::MAX));
    let stranger = world.stranger.clone();
    let by_stranger = changed(&stranger, &good, |e| e.author = stranger.device_id());
    add("by a stranger", "NotAMember", &by_stranger);
    add("by a stranger in a member's name", "BadSignature", &changed(&stranger, &good, |_| ()));
    add("by one member in another's name", "BadSignature", &changed(&c, &good, |_| ()));
    let newest = world.newest().clone();
    let (late, _) = make_rotate(&b, &newest, &mut world.rng).expect("an entry");
    refused.add("by a removed device", 6, "NotAMember", &late);
}

fn signatures(world: &mut World, refused: &mut Refused) {
    let a = world.a.clone();
    let (good, _) = make_rotate(&a, &world.states[3], &mut world.rng).expect("an entry");
    let mut add = |name: &str, signature: [u8; 64]| {
        let signature = Signature::from_bytes(signature);
        refused.add(name, 4, "BadSignature", &SignedEntry { signature, ..good.clone() });
    };
    let bytes = *good.signature.as_bytes();
    add("signature: R changed", array(&flipped(&bytes, 0)));
    add("signature: S changed", array(&flipped(&bytes, 33)));
    add("signature: all zeros", [0; 64]);
    add("signature: S + L in place of S", malleated(&bytes));
    add("signature: of another entry", *world.chain[1].signature.as_bytes());
    add("signature: without a label", *a.sign(&good.entry).as_bytes());
    let as_envelope = label::message(label::ENVELOPE, &[&good.entry]);
    add("signature: under the envelope's label", *a.sign(&as_envelope).as_bytes());
    let as_proof = label::message(label::POSSESSION, &[&good.entry]);
    add("signature: under the proof's label", *a.sign(&as_proof).as_bytes());
    let both = [SignedEntry::message(&good.entry), good.sealed.to_vec()].concat();
    add("signature: over entry and list", *a.sign(&both).as_bytes());
}

fn additions(world: &mut World, refused: &mut Refused) {
    let (a, b) = (world.a.clone(), world.b.clone());
    let stranger = world.stranger.clone();
    let state = world.states[3].clone();
    let request = world.request(&stranger, "Tablet");
    let (good, _) = make_add_device(&a, &state, &request, &mut world.rng).expect("an entry");
    state.clone().apply(&good).expect("verifies");
    refused.add(
        "add: by the joiner itself",
        4,
        "NotAMember",
        &changed(&stranger, &good, |e| {
            e.author = stranger.device_id();
        }),
    );
    let again = world.request(&b, "Phone");
    let (known, _) = make_add_device(&a, &state, &again, &mut world.rng).expect("an entry");
    refused.add("add: a member", 4, "Known", &known);
    let newest = world.newest().clone();
    let (returning, _) = make_add_device(&a, &newest, &again, &mut world.rng).expect("an entry");
    refused.add("add: a removed device", 6, "Known", &returning);

    let with = |change: &dyn Fn(&mut SignPk, &mut BoxPk, &mut Hash, &mut Signature)| {
        changed(&a, &good, |entry| {
            if let Action::AddDevice { sign_pk, box_pk, transcript, proof, .. } = &mut entry.action {
                change(sign_pk, box_pk, transcript, proof);
            }
        })
    };
    let mut add = |name: &str, error: &str, signed: &SignedEntry| refused.add(name, 4, error, signed);
    let zeros = Signature::from_bytes([0; 64]);
    add("add: proof missing", "BadProof", &with(&|_, _, _, proof| *proof = zeros));
    let message = possession_message(&request.transcript, &request.sign_pk, &request.box_pk);
    let foreign = b.sign(&message);
    add("add: proof by another device", "BadProof", &with(&|_, _, _, proof| *proof = foreign));
    let author = a.sign(&message);
    add("add: proof by the author", "BadProof", &with(&|_, _, _, proof| *proof = author));
    add(
        "add: proof for another exchange",
        "BadProof",
        &with(&|_, _, transcript, _| *transcript = Hash::from_bytes([1; 32])),
    );
    let box_pk = b.box_pk();
    add("add: proof for another box key", "BadProof", &with(&|_, pk, _, _| *pk = box_pk));
    let (sign_pk, unlabelled) = (b.sign_pk(), stranger.sign(&message[label::POSSESSION.len() + 1..]));
    add("add: proof for another signing key", "BadProof", &with(&|pk, _, _, _| *pk = sign_pk));
    add("add: proof without a label", "BadProof", &with(&|_, _, _, proof| *proof = unlabelled));
    let spelt = Signature::from_bytes(malleated(request.proof.as_bytes()));
    add("add: proof with S + L in place of S", "BadProof", &with(&|_, _, _, proof| *proof = spelt));
    let identity = (SignPk::from_bytes(IDENTITY), Signature::from_bytes(forged_for_identity()));
    add("add: signing key of order 1", "BadProof", &with(&|pk, _, _, proof| (*pk, *proof) = identity));
    for (name, bytes) in [
        ("zero", [0; 32]),
        ("p", {
            let mut p = [0xff; 32];
            p[0] = 0xed;
            p[31] = 0x7f;
            p
        }),
    ] {
        let weak = BoxPk::from_bytes(bytes);
        let proof = stranger.sign(&possession_message(&request.transcript, &request.sign_pk, &weak));
        let signed = with(&|_, pk, _, old| (*pk, *old) = (weak, proof));
        add(&format!("add: box key of low order, {name}"), "WeakKey", &signed);
    }
    add(
        "add: name of 257 bytes",
        "NameTooLong",
        &changed(&a, &good, |entry| {
            if let Action::AddDevice { name, .. } = &mut entry.action {
                *name = vec![0; 257].into();
            }
        }),
    );
    let mut list = SealedList::decode(&good.sealed).expect("a list");
    list.0.retain(|item| item.device != stranger.device_id());
    add("add: nothing sealed for the joiner", "BadSealedList", &relisted(&a, &good, &list.encode()));
}

fn removals(world: &mut World, refused: &mut Refused) {
    let (a, b, c) = (world.a.clone(), world.b.clone(), world.c.clone());
    let mut remove = |after: usize, keys: &DeviceKeys, device: DeviceId| {
        make_remove_device(keys, &world.states[after - 1], device, 1, &mut world.rng).expect("an entry").0
    };
    refused.add("remove: a stranger", 4, "Unknown", &remove(4, &a, world.stranger.device_id()));
    refused.add("remove: a removed device", 6, "Unknown", &remove(6, &a, b.device_id()));
    refused.add("remove: the last device", 1, "LastDevice", &remove(1, &a, a.device_id()));
    refused.add("remove: the author itself", 4, "OwnRemoval", &remove(4, &c, c.device_id()));
    let kept = remove(4, &a, b.device_id());
    let (all, _) = make_rotate(&a, &world.states[3], &mut world.rng).expect("an entry");
    refused.add("remove: sealed for the removed device too", 4, "BadSealedList", &relisted(&a, &kept, &all.sealed));
}

fn lists(world: &mut World, refused: &mut Refused) {
    let a = world.a.clone();
    let (good, _) = make_rotate(&a, &world.states[3], &mut world.rng).expect("an entry");
    let list = SealedList::decode(&good.sealed).expect("a list");
    assert_eq!(list.0.len(), 3);
    let stranger = world.stranger.device_id();
    let mut add = |name: &str, error: &str, list: &[u8]| refused.add(name, 4, error, &relisted(&a, &good, list));
    for at in 0..3 {
        let mut short = list.clone();
        short.0.remove(at);
        add(&format!("list: member {at} left out"), "BadSealedList", &short.encode());
    }
    let mut long = list.clone();
    long.0.push(long.0[0].clone());
    long.0[3].device = stranger;
    long.0.sort_by_key(|item| item.device);
    add("list: a stranger too", "BadSealedList", &long.encode());
    let mut instead = list.clone();
    instead.0[1].device = stranger;
    add("list: a stranger in place of a member", "BadSealedList", &instead.encode());
    let mut twice = list.clone();
    twice.0.insert(1, twice.0[0].clone());
    add("list: a member twice", "BadSealedList", &twice.encode());
    let mut unsorted = list.clone();
    unsorted.0.swap(0, 1);
    add("list: unsorted", "BadSealedList", &unsorted.encode());
    add("list: none", "BadSealedList", &SealedList(Vec::new()).encode());
    add("list: empty bytes", "Codec", &[]);
    add("list: a trailing byte", "Codec", &[&good.sealed[..], &[0]].concat());
    add("list: truncated", "Codec", &good.sealed[..good.sealed.len() - 1]);
    let items = &good.sealed[1..];
    add("list: of indefinite length", "Codec", &[&[0x9f][..], items, &[0xff]].concat());
    add("list: length in two bytes", "Codec", &[&[0x98, 3][..], items].concat());
    add("list: longer than 8 KiB", "Codec", &[0; 8193]);
    refused.add(
        "list: another than named",
        4,
        "BadSealedList",
        &SignedEntry { sealed: flipped(&good.sealed, good.sealed.len() - 1).into(), ..good.clone() },
    );
    refused.add(
        "list: of the entry before",
        4,
        "BadSealedList",
        &SignedEntry { sealed: world.chain[3].sealed.clone(), ..good },
    );
}

fn forms(world: &mut World, refused: &mut Refused) {
    let a = world.a.clone();
    let (good, _) = make_rotate(&a, &world.states[3], &mut world.rng).expect("an entry");
    let bytes = good.entry.to_vec();
    let mut add = |name: &str, entry: Vec<u8>| refused.add(name, 4, "Codec", &sign_bytes(&a, entry, &good.sealed));
    add("form: empty", Vec::new());
    add("form: truncated", bytes[..bytes.len() - 1].to_vec());
    add("form: a trailing byte", [&bytes[..], &[0]].concat());
    add("form: version in two bytes", [&[0x86, 0x18, 1][..], &bytes[2..]].concat());
    add("form: array length in two bytes", [&[0x98, 6][..], &bytes[1..]].concat());
    add("form: of indefinite length", [&[0x9f][..], &bytes[1..], &[0xff]].concat());
    add("form: a seventh field", [&[0x87][..], &bytes[1..], &[0]].concat());
    add("form: a map", [&[0xa6][..], &bytes[1..]].concat());
    add("form: version as text", [&[0x86, 0x61, b'1'][..], &bytes[2..]].concat());
    add("form: longer than 8 KiB", vec![0; 8193]);
    // The action is the last field: `[3, grant]`.
    let at = bytes.len() - (2 + codec::encode(good.decode_entry().expect("an entry").action.grant()).len());
    assert_eq!(bytes[at..at + 2], [0x82, 3]);
    add("form: action 4", [&bytes[..at], &[0x82, 4], &bytes[at + 2..]].concat());
    add("form: rotation with another field", [&bytes[..at], &[0x83, 3], &bytes[at + 2..], &[0]].concat());
    add("form: rotation without a grant", [&bytes[..at], &[0x81, 3]].concat());
}
