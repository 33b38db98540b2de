//! `log.json`: a membership log with every kind of entry, the secrets it hands out, and the grants
//! that verify and still do not open.

use hushclip_crypto::OpenError;
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_add_device, make_genesis, make_rekey, make_remove_device, make_rotate, open_grant};
use hushclip_crypto::pairing::JoinRequest;
use hushclip_protocol::codec;
use hushclip_protocol::ids::{BoxPk, DeviceId, Encapsulated, Hash, SealedSecret};
use hushclip_protocol::log::{
    Action, Change, Entry, Membership, SealedFor, SealedList, SignedEntry, possession_message,
};
use hushclip_protocol::{label, limits};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

use crate::epoch::random;
use crate::out::{self, File, hex, rng};
use crate::{hpke, log_refused};

/// Devices, the good log, and the membership after each of its entries.
pub(crate) struct World {
    pub(crate) a: DeviceKeys,
    pub(crate) b: DeviceKeys,
    pub(crate) c: DeviceKeys,
    /// Never a member.
    pub(crate) stranger: DeviceKeys,
    pub(crate) chain: Vec<SignedEntry>,
    pub(crate) states: Vec<Membership>,
    pub(crate) rng: ChaCha20Rng,
}

impl World {
    fn new() -> Self {
        let mut rng = rng("log");
        let [a, b, c, stranger] = core::array::from_fn(|_| DeviceKeys::make(&mut rng));
        let (genesis, _) = make_genesis(&a, "Laptop", &mut rng).expect("an entry");
        let state = Membership::genesis(&genesis).expect("verifies");
        let (first, second, third) = (a.clone(), b.clone(), c.clone());
        let mut world = Self { a, b, c, stranger, chain: vec![genesis], states: vec![state], rng };
        let request = world.request(&second, "Phone");
        world.grow(|log, rng| make_add_device(&first, log, &request, rng));
        let request = world.request(&third, "日本語");
        world.grow(|log, rng| make_add_device(&second, log, &request, rng));
        world.grow(|log, rng| make_rotate(&third, log, rng));
        world.grow(|log, rng| make_remove_device(&first, log, second.device_id(), 7, rng));
        world.grow(|log, rng| make_rotate(&third, log, rng));
        world
    }

    fn grow(
        &mut self,
        make: impl FnOnce(&Membership, &mut ChaCha20Rng) -> Result<(SignedEntry, EpochSecret), OpenError>,
    ) {
        let mut state = self.newest().clone();
        let (entry, _) = make(&state, &mut self.rng).expect("an entry");
        state.apply(&entry).expect("verifies");
        self.chain.push(entry);
        self.states.push(state);
    }

    pub(crate) fn newest(&self) -> &Membership {
        self.states.last().expect("not empty")
    }

    /// A join request as the pairing exchange ends in one.
    pub(crate) fn request(&mut self, keys: &DeviceKeys, name: &str) -> JoinRequest {
        let transcript = Hash::from_bytes(random(&mut self.rng));
        let message = possession_message(&transcript, &keys.sign_pk(), &keys.box_pk());
        JoinRequest {
            sign_pk: keys.sign_pk(),
            box_pk: keys.box_pk(),
            name: name.into(),
            transcript,
            proof: keys.sign(&message),
        }
    }
}

/// Signs an entry, with whatever sealed list.
pub(crate) fn sign(keys: &DeviceKeys, entry: &Entry, sealed: &[u8]) -> SignedEntry {
    sign_bytes(keys, codec::encode(entry), sealed)
}

/// Signs the bytes of an entry, whatever they are.
pub(crate) fn sign_bytes(keys: &DeviceKeys, entry: Vec<u8>, sealed: &[u8]) -> SignedEntry {
    let signature = keys.sign(&SignedEntry::message(&entry));
    SignedEntry { entry: entry.into(), signature, sealed: sealed.to_vec().into() }
}

/// Makes the file.
pub(crate) fn make() -> File {
    let mut world = World::new();
    let named = [("A", &world.a), ("B", &world.b), ("C", &world.c), ("stranger", &world.stranger)];
    let devices: Vec<_> = named
        .into_iter()
        .map(|(name, keys)| {
            json!({
                "name": name,
                "sign_seed": hex(keys.sign_seed().expose()),
                "box_sk": hex(keys.box_sk().expose()),
                "sign_pk": keys.sign_pk().to_hex(),
                "box_pk": keys.box_pk().to_hex(),
                "device_id": keys.device_id().to_hex(),
            })
        })
        .collect();
    let account = world.newest().account();
    let log: Vec<_> =
        world.chain.iter().zip(&world.states).map(|(entry, state)| entry_case(&world, entry, state)).collect();
    let grants = refused_grants(&mut world);
    let refused = log_refused::make(&mut world);
    let rekey = rekey(&world);
    File::new(&[
        "`log` is one log in order: A makes the account, A adds B, B adds C, C rotates, A removes B, C rotates.",
        "Each entry of `refused` comes after the first `after` entries of it, as the next one; 0 means as the first.",
        "`refused_grants` verify as entries, but the device named cannot take the secret out of them.",
        "`signed` is [entry, signature, list], each a byte string.",
        "`rekey` comes after all of `log`: A changes its box key, and its own secret is sealed to the new one. With the \
         key that A had before, it does not open.",
    ])
    .with("devices", devices)
    .with("account", account.to_hex())
    .with("log", log)
    .with("rekey", rekey)
    .with("refused", refused)
    .with("refused_grants", grants)
}

fn entry_case(world: &World, signed: &SignedEntry, state: &Membership) -> Value {
    let entry = signed.decode_entry().expect("an entry");
    let change = match &entry.action {
        Action::Genesis { .. } => "genesis".to_owned(),
        Action::AddDevice { sign_pk, box_pk, .. } => format!("added {}", DeviceId::derive(sign_pk, box_pk)),
        Action::RemoveDevice { device, last_counter, .. } => format!("removed {device} after counter {last_counter}"),
        Action::Rotate { .. } | Action::Rekey { .. } | Action::Memo { .. } => "rotated".to_owned(),
    };
    let secret = open_grant(&world.c, signed).or_else(|_| open_grant(&world.a, signed)).expect("opens");
    let name = match &entry.action {
        Action::Genesis { sign_pk, box_pk, name, .. } | Action::AddDevice { sign_pk, box_pk, name, .. } => secret
            .derive_state_key(&entry.account, entry.action.grant().epoch)
            .open_name(&DeviceId::derive(sign_pk, box_pk), name)
            .ok(),
        _ => None,
    };
    let members: Vec<_> = state.members().map(|(id, _)| id.to_hex()).collect();
    json!({
        "change": change,
        "seq": entry.seq.to_string(),
        "prev": entry.prev.to_hex(),
        "author": entry.author.to_hex(),
        "epoch": state.epoch().to_string(),
        "commit": state.commit().to_hex(),
        "secret": hex(secret.expose()),
        "name": name,
        "members": members,
        "hash": signed.hash().to_hex(),
        "entry": hex(&signed.entry[..]),
        "signature": signed.signature.to_hex(),
        "list": hex(&signed.sealed[..]),
        "signed": hex(codec::encode(signed)),
    })
}

/// A changes its box key.
fn rekey(world: &World) -> Value {
    let mut rng = rng("rekey");
    let boxed = BoxSk::make(&mut rng);
    let mut state = world.newest().clone();
    let (signed, secret) = make_rekey(&world.a, &state, &boxed, &mut rng).expect("an entry");
    assert_eq!(state.apply(&signed), Ok(Change::Rotated));
    let mut case = entry_case(world, &signed, &state);
    assert_eq!(case["secret"], hex(secret.expose()));
    case["new_box_sk"] = hex(boxed.expose()).into();
    case["box_pk"] = boxed.derive_pk().to_hex().into();
    case
}

/// Name, box key, info, AAD and plaintext.
type GrantCase<'a> = (&'a str, BoxPk, Vec<u8>, [u8; 32], &'a [u8; 32]);

/// Rotations by C of the newest state, whose secret for A is sealed wrongly.
fn refused_grants(world: &mut World) -> Vec<Value> {
    let state = world.newest().clone();
    let (signed, _) = make_rotate(&world.c, &state, &mut world.rng).expect("an entry");
    let secret = open_grant(&world.a, &signed).expect("opens");
    let place = (state.seq() + 1, state.epoch() + 1, state.head());
    let info = |seq: u64, epoch: u64, prev: Hash, to: DeviceId| {
        let account = state.account();
        let parts: [&[u8]; 5] =
            [account.as_bytes(), &seq.to_be_bytes(), &epoch.to_be_bytes(), prev.as_bytes(), to.as_bytes()];
        label::message("hushclip/1 epoch-secret", &parts)
    };
    let (a, c) = (world.a.device_id(), world.c.device_id());
    let (seq, epoch, prev) = place;
    let good = info(seq, epoch, prev, a);
    let commit = *secret.derive_commit(&state.account(), epoch).as_bytes();
    let other = EpochSecret::make(&mut world.rng);
    let box_pk = world.a.box_pk();
    let same = secret.expose();
    let cases: [GrantCase<'_>; 8] = [
        ("a secret that the commitment does not name", box_pk, good.clone(), commit, other.expose()),
        ("sealed for another recipient's place", box_pk, info(seq, epoch, prev, c), commit, same),
        ("sealed to another device's key", world.c.box_pk(), good.clone(), commit, same),
        ("sealed for another position", box_pk, info(seq + 1, epoch, prev, a), commit, same),
        ("sealed for another epoch", box_pk, info(seq, epoch + 1, prev, a), commit, same),
        ("sealed after another entry", box_pk, info(seq, epoch, Hash::ZERO, a), commit, same),
        ("sealed with another commitment", box_pk, good.clone(), [0; 32], same),
        ("sealed without info", box_pk, Vec::new(), commit, same),
    ];
    let mut out = Vec::new();
    for (name, to, info, aad, plain) in cases {
        let (enc, sealed) = hpke::seal(&to, None, &info, &aad, plain, &mut world.rng);
        let swapped = with_sealed_for(world, &signed, a, enc, out::array(&sealed));
        out.push(grant_case(world, name, "A", &swapped));
    }
    let list = SealedList::decode(&signed.sealed).expect("a list");
    let mine = list.0.iter().find(|s| s.device == a).expect("a member");
    let (enc, sealed) = (*mine.enc.as_bytes(), *mine.secret.as_bytes());
    let flipped: [u8; 48] = out::array(&out::flipped(&sealed, 0));
    let swapped = with_sealed_for(world, &signed, a, enc, flipped);
    out.push(grant_case(world, "ciphertext changed", "A", &swapped));
    let swapped = with_sealed_for(world, &signed, a, out::array(&out::flipped(&enc, 0)), sealed);
    out.push(grant_case(world, "encapsulated key changed", "A", &swapped));
    let swapped = with_sealed_for(world, &signed, a, [0; 32], sealed);
    out.push(grant_case(world, "encapsulated key of low order", "A", &swapped));
    out.push(grant_case(world, "a removed device is not in the list", "B", &signed));
    out.push(grant_case(world, "a stranger is not in the list", "stranger", &signed));
    out
}

/// The same rotation, signed by C again, with another sealed secret for one device.
fn with_sealed_for(
    world: &World,
    signed: &SignedEntry,
    device: DeviceId,
    enc: [u8; 32],
    sealed: [u8; 48],
) -> SignedEntry {
    let mut entry = signed.decode_entry().expect("an entry");
    let mut list = SealedList::decode(&signed.sealed).expect("a list");
    for item in list.0.iter_mut().filter(|item| item.device == device) {
        *item = SealedFor { device, enc: Encapsulated::from_bytes(enc), secret: SealedSecret::from_bytes(sealed) };
    }
    let list = list.encode();
    if let Action::Rotate { grant } = &mut entry.action {
        grant.sealed_hash = SealedList::hash(&list);
    }
    sign(&world.c, &entry, &list)
}

fn grant_case(world: &World, name: &str, device: &str, signed: &SignedEntry) -> Value {
    assert_eq!(world.newest().clone().apply(signed), Ok(Change::Rotated), "{name}");
    assert!(signed.entry.len() <= limits::LOG_ENTRY_BYTES);
    json!({ "name": name, "device": device, "signed": hex(codec::encode(signed)) })
}
