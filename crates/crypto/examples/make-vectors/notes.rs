//! `notes.json`: tombstones, states, heartbeats and payloads, sealed; the digest of a deleted text; bodies that are none.

use hushclip_crypto::body::{Gone, Heartbeat, PayloadBody, Pin, State, Tombstone};
use hushclip_crypto::envelope::{Address, seal_note};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::Kind;
use hushclip_protocol::ids::{AccountId, DeviceId, Hash, ItemId};
use hushclip_protocol::label;
use minicbor::Encode;
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

use crate::cbor;
use crate::epoch::random;
use crate::out::{File, hex, rng};

const EPOCH: u64 = 3;
const AT_MS: u64 = 1_760_000_000_000;

struct World {
    keys: DeviceKeys,
    account: AccountId,
    secret: EpochSecret,
    rng: ChaCha20Rng,
    notes: Vec<Value>,
}

impl World {
    fn id(&mut self) -> [u8; 16] {
        random(&mut self.rng)
    }

    /// The digest of a text, with its line ends as they are hashed.
    fn digest(&self, text: &str) -> Hash {
        self.secret.derive_dedup_key(&self.account, EPOCH).digest(label::sha256(text.as_bytes()).as_bytes())
    }

    fn seal(&mut self, name: &str, kind: Kind, body: &impl Encode<()>, told: Value) {
        let counter = self.notes.len() as u64 + 1;
        let address = Address {
            kind,
            account: self.account,
            epoch: EPOCH,
            log_seq: EPOCH,
            log_head: Hash::from_bytes(random(&mut self.rng)),
            counter,
            item: ItemId::from_bytes(self.id()),
            ttl_s: 604_800,
        };
        let key = self.secret.derive_item_key(&self.account, EPOCH);
        let envelope = seal_note(&self.keys, &key, &address, body, &mut self.rng);
        let mut told = told;
        told["at_ms"] = AT_MS.to_string().into();
        told["encoded"] = hex(codec::encode(body)).into();
        self.notes.push(json!({ "name": name, "kind": kind.number(), "body": told, "envelope": hex(envelope) }));
    }

    fn tombstone(&mut self, name: &str, gone: &[(u64, Option<&str>)]) {
        let mut told = Vec::new();
        let mut listed = Vec::new();
        for (counter, text) in gone {
            let (device, item) = (DeviceId::from_bytes(self.id()), ItemId::from_bytes(self.id()));
            let digest = text.map(|text| self.digest(&text.replace("\r\n", "\n")));
            told.push(json!({
                "device": device.to_hex(),
                "counter": counter.to_string(),
                "item": item.to_hex(),
                "text": text,
                "digest": digest.map(|digest| digest.to_hex()),
            }));
            listed.push(Gone { device, counter: *counter, item, text: digest });
        }
        self.seal(name, Kind::Tombstone, &Tombstone { at_ms: AT_MS, gone: listed }, json!({ "gone": told }));
    }

    fn state(&mut self, name: &str, pins: &[bool]) {
        let pins: Vec<_> =
            pins.iter().map(|pinned| Pin { item: ItemId::from_bytes(self.id()), pinned: *pinned }).collect();
        let told: Vec<_> = pins.iter().map(|pin| json!({ "item": pin.item.to_hex(), "pinned": pin.pinned })).collect();
        self.seal(name, Kind::State, &State { at_ms: AT_MS, pins, capabilities: None }, json!({ "pins": told }));
    }
}

impl World {
    fn payload(&mut self, name: &str, channel: &str, bytes: &[u8]) {
        let body = PayloadBody { at_ms: AT_MS, channel: channel.into(), bytes: bytes.to_vec().into() };
        self.seal(name, Kind::Payload, &body, json!({ "channel": channel, "bytes": hex(bytes) }));
    }
}

/// Makes the file.
pub(crate) fn make() -> File {
    let mut rng = rng("notes");
    let mut world = World {
        keys: DeviceKeys::make(&mut rng),
        account: AccountId::from_bytes(random(&mut rng)),
        secret: EpochSecret::make(&mut rng),
        rng,
        notes: Vec::new(),
    };
    world.tombstone("a clip that was never sent", &[(7, None)]);
    world.tombstone("a text that was deleted", &[(24, Some("grüße, 世界"))]);
    world.tombstone("line ends of Windows", &[(25, Some("one\r\ntwo"))]);
    world.tombstone("several", &[(1, None), (u64::MAX, Some("the last one")), (256, None)]);
    world.tombstone("none", &[]);
    world.state("pinned, and no longer", &[true, false]);
    world.state("no pins", &[]);
    world.seal("a sign of life", Kind::Heartbeat, &Heartbeat { at_ms: AT_MS }, json!({}));
    world.payload("a payload", "com.example.notes", b"{}");
    world.payload("a payload with nothing in it, on a channel of 64 bytes", &"A-Z/a_z.".repeat(8), b"");
    let dedup = world.secret.derive_dedup_key(&world.account, EPOCH);
    File::new(&[
        "All are by one device, under one epoch secret. They are sealed and signed as in envelope.json.",
        "A digest is HMAC-SHA256 under `dedup_key` of SHA-256 of the text, with 0x0a for all line ends.",
    ])
    .with("sign_pk", world.keys.sign_pk().to_hex())
    .with("sender", world.keys.device_id().to_hex())
    .with("account", world.account.to_hex())
    .with("epoch", EPOCH.to_string())
    .with("secret", hex(world.secret.expose()))
    .with("dedup_key", hex(dedup.expose()))
    .with("notes", world.notes)
    .with("refused_bodies", refused())
}

fn refused() -> Vec<Value> {
    let (at, id) = (cbor::uint(AT_MS), cbor::bytes(&[1; 16]));
    let note = |inner: &[Vec<u8>]| cbor::list(&[at.clone(), cbor::list(&[cbor::list(inner)])]);
    let named = [id.clone(), cbor::uint(1), id.clone()];
    let cases: [(&str, Kind, Vec<u8>); 11] = [
        ("a digest of 31 bytes", Kind::Tombstone, note(&[&named[..], &[cbor::bytes(&[2; 31])]].concat())),
        ("no item", Kind::Tombstone, note(&named[..2])),
        ("a device of 15 bytes", Kind::Tombstone, note(&[cbor::bytes(&[1; 15]), cbor::uint(1), id.clone()])),
        ("a counter as text", Kind::Tombstone, note(&[id.clone(), cbor::text("1"), id.clone()])),
        ("names that are no list", Kind::Tombstone, cbor::list(&[at.clone(), cbor::uint(0)])),
        ("pinned as a number", Kind::State, note(&[id.clone(), cbor::uint(1)])),
        ("pinned is missing", Kind::State, note(core::slice::from_ref(&id))),
        ("no time", Kind::Heartbeat, cbor::list(&[])),
        ("a payload without bytes", Kind::Payload, cbor::list(&[at.clone(), cbor::text("a")])),
        ("a channel as bytes", Kind::Payload, cbor::list(&[at.clone(), cbor::bytes(b"a"), cbor::bytes(b"")])),
        ("a payload as text", Kind::Payload, cbor::list(&[at.clone(), cbor::text("a"), cbor::text("")])),
    ];
    let told = |(name, kind, encoded): (&str, Kind, Vec<u8>)| json!({ "name": name, "kind": kind.number(), "encoded": hex(encoded) });
    cases.into_iter().map(told).collect()
}
