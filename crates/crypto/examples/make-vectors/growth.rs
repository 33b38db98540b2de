//! `growth.json`: what a later version may send, and what this one makes of it.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_genesis, make_rotate};
use hushclip_crypto::pad::pad;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{assemble, signed_bytes};
use hushclip_protocol::ids::{AccountId, Signature};
use hushclip_protocol::log::{Action, Membership};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

use crate::cbor::{bytes, list, text, uint};
use crate::envelope::item_cipher;
use crate::epoch::random;
use crate::log::sign;
use crate::out::{File, hex, rng};

const AT_MS: u64 = 1_760_000_000_000;

const NO: &[u8] = &[0xf4];
const YES: &[u8] = &[0xf5];
const NULL: &[u8] = &[0xf6];

struct World {
    keys: DeviceKeys,
    account: AccountId,
    secret: EpochSecret,
    rng: ChaCha20Rng,
    envelopes: Vec<Value>,
}

impl World {
    /// An envelope of this suite and kind, whose header has more at its end. `read` is the body as this version reads it;
    /// `None`: it stays closed.
    fn seal(&mut self, name: &str, (suite, kind): (u64, u64), more: &[Vec<u8>], body: &[u8], read: Option<&[u8]>) {
        let counter = self.envelopes.len() as u64 + 1;
        let mut header = vec![uint(1), uint(suite), uint(kind), bytes(self.account.as_bytes()), uint(3), uint(3)];
        header.push(bytes(&random::<32>(&mut self.rng)));
        header.push(bytes(self.keys.device_id().as_bytes()));
        header.push(uint(counter));
        header.push(bytes(&random::<16>(&mut self.rng)));
        header.push(uint(604_800));
        header.push(bytes(&random::<24>(&mut self.rng)));
        header.extend_from_slice(more);
        let header = list(&header);
        let (key, nonce) = item_cipher(&self.secret.derive_item_key(&self.account, 3), &header);
        let padded = pad(body.to_vec());
        let cipher = XChaCha20Poly1305::new(&key.into());
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg: &padded, aad: &header }).expect("sealing");
        let envelope = assemble(&header, &sealed, self.keys.sign(&signed_bytes(&header, &sealed)));
        self.envelopes.push(json!({
            "name": name,
            "suite": suite,
            "kind": kind,
            "counter": counter.to_string(),
            "encoded": hex(body),
            "read": read.map(hex),
            "envelope": hex(envelope),
        }));
    }
}

/// Makes the file.
pub(crate) fn make() -> File {
    let mut rng = rng("growth");
    let mut world = World {
        keys: DeviceKeys::make(&mut rng),
        account: AccountId::from_bytes(random(&mut rng)),
        secret: EpochSecret::make(&mut rng),
        rng,
        envelopes: Vec::new(),
    };
    envelopes(&mut world);
    File::new(&[
        "What a later version may send: none of it is an error, and what this version does not know of it is passed over.",
        "Each envelope verifies and its counter counts. `read` is null where it stays closed to this version; of kind 4 \
         and of those above 5 only the time is read.",
        "A frame with an `unknown` tag is passed over by a device, and answered with error 0 by a relay, which keeps the \
         socket.",
        "`memo` is the second entry of a log, after `first`, by the same device.",
    ])
    .with("sign_pk", world.keys.sign_pk().to_hex())
    .with("sender", world.keys.device_id().to_hex())
    .with("account", world.account.to_hex())
    .with("epoch", "3")
    .with("secret", hex(world.secret.expose()))
    .with("envelopes", std::mem::take(&mut world.envelopes))
    .with("frames", frames())
    .with("refused_frames", refused_frames())
    .with("memo", memo(&mut world))
}

fn envelopes(world: &mut World) {
    let at = uint(AT_MS);
    let part = |media: &str, content: &str| vec![text(media), bytes(content.as_bytes())];
    let clip = |parts: &[Vec<u8>]| vec![at.clone(), uint(0), text(""), list(parts)];
    let plain = list(&clip(&[list(&part("text/plain", "a clip"))]));
    let tomorrow = [text("tomorrow"), list(&[uint(1), NULL.to_vec()])];
    world.seal("a header with two more fields", (1, 0), &tomorrow, &plain, Some(&plain));
    let more =
        list(&[&clip(&[list(&[&part("text/plain", "a clip")[..], &tomorrow].concat())])[..], &tomorrow].concat());
    world.seal("a clip and a part with more fields", (1, 0), &[], &more, Some(&plain));
    let other = [list(&part("application/x-tomorrow", "?")), list(&part("text/plain", "a clip"))];
    let mut other = clip(&other);
    other[1] = uint(0x8000_0008);
    world.seal("unknown flags and media types", (1, 0), &[], &list(&other), Some(&list(&other)));
    let (id, hash) = (bytes(&[1; 16]), bytes(&[2; 32]));
    let gone =
        |more: &[Vec<u8>]| list(&[at.clone(), list(&[list(&[&[id.clone(), uint(7), id.clone()][..], more].concat())])]);
    let fifth = gone(&[hash.clone(), uint(0)]);
    world.seal("a tombstone with a fifth field", (1, 1), &[], &fifth, Some(&gone(&[hash])));
    let null = gone(&[NULL.to_vec(), uint(0)]);
    world.seal("a fifth field after no digest", (1, 1), &[], &null, Some(&gone(&[])));
    let pin = |more: &[Vec<u8>]| list(&[list(&[&[id.clone(), YES.to_vec()][..], more].concat())]);
    let state = |pins: Vec<u8>, more: &[Vec<u8>]| list(&[&[at.clone(), pins][..], more].concat());
    let (pins, able) = (pin(&[]), uint(1 << 40 | 5));
    let said = state(pins.clone(), core::slice::from_ref(&able));
    world.seal("capabilities of tomorrow", (1, 2), &[], &said, Some(&said));
    let register = state(pin(&[uint(0)]), &[able.clone(), tomorrow[1].clone()]);
    world.seal("a register of tomorrow", (1, 2), &[], &register, Some(&said));
    let register = state(pins.clone(), &[NULL.to_vec(), tomorrow[1].clone()]);
    world.seal("a register after no capabilities", (1, 2), &[], &register, Some(&state(pins, &[])));
    let alive = list(core::slice::from_ref(&at));
    let more = list(&[&[at.clone()][..], &tomorrow].concat());
    world.seal("a sign of life with more fields", (1, 3), &[], &more, Some(&alive));
    world.seal("kind 6", (1, 6), &[], &more, Some(&alive));
    world.seal("kind 255, a header with more fields", (1, 255), &tomorrow, &more, Some(&alive));
    world.seal("suite 2", (2, 0), &[], &plain, None);
    world.seal("suite 255, kind 9", (255, 9), &[], &plain, None);
}

fn frames() -> Vec<Value> {
    let (id, hash) = (bytes(&[1; 16]), bytes(&[2; 32]));
    let tomorrow = [text("tomorrow"), list(&[uint(1), NULL.to_vec(), NO.to_vec()])];
    let and = |known: &[Vec<u8>], more: &[Vec<u8>]| list(&[known, more].concat());
    let known = |name: &str, to: &str, frame: &[u8], read: &[u8]| json!({ "name": name, "to": to, "frame": hex(frame), "read": hex(read) });
    let unknown = |tag: u64, to: &str, fields: &[Vec<u8>]| json!({ "name": format!("tag {tag}"), "to": to, "frame": hex(and(&[uint(tag)], fields)), "unknown": tag });
    let push = [uint(3), uint(24), bytes(&[9; 40])];
    let note = |step: u64| list(&[uint(10), list(&[id.clone(), uint(step), bytes(&[5; 32])])]);
    let place = |more: &[Vec<u8>]| and(&[uint(7), id.clone()], more);
    let delete = |place: Vec<u8>| list(&[uint(15), uint(24), bytes(&[9; 40]), list(&[place])]);
    let stored = |more: &[Vec<u8>]| and(&[uint(7), bytes(&[9; 40]), uint(1)], more);
    let bounds: Vec<_> = (1..=13).map(uint).collect();
    let greeting = |limits: Vec<u8>, more: &[Vec<u8>]| {
        let empty = list(&[]);
        let known =
            [uint(1), uint(9), uint(1), hash.clone(), uint(AT_MS), limits, empty.clone(), empty, bytes(&[]), uint(5)];
        list(&[uint(1), and(&known, more)])
    };
    let able = uint(1 << 40 | 5);
    vec![
        known("Push with more fields", "relay", &and(&push, &tomorrow), &list(&push)),
        known("Leave with more fields", "relay", &and(&[uint(14)], &tomorrow), &list(&[uint(14)])),
        known("a place with more fields", "relay", &delete(place(&tomorrow)), &delete(place(&[]))),
        known("a step of tomorrow", "relay", &note(9), &note(9)),
        unknown(16, "relay", &tomorrow),
        unknown(255, "relay", &[]),
        known(
            "capabilities of tomorrow",
            "device",
            &greeting(list(&bounds), core::slice::from_ref(&able)),
            &greeting(list(&bounds), core::slice::from_ref(&able)),
        ),
        known(
            "limits and a greeting with more fields",
            "device",
            &greeting(and(&bounds, &tomorrow), &[able.clone(), tomorrow[1].clone()]),
            &greeting(list(&bounds), core::slice::from_ref(&able)),
        ),
        known(
            "an item with more fields",
            "device",
            &list(&[uint(5), stored(&tomorrow)]),
            &list(&[uint(5), stored(&[])]),
        ),
        known(
            "Items with more fields",
            "device",
            &and(&[uint(4), list(&[stored(&tomorrow)]), NO.to_vec(), uint(7)], &tomorrow),
            &list(&[uint(4), list(&[stored(&[])]), NO.to_vec(), uint(7)]),
        ),
        known(
            "an error of tomorrow",
            "device",
            &and(&[uint(12), uint(99), uint(0), uint(200)], &tomorrow),
            &list(&[uint(12), uint(99), uint(0), uint(200)]),
        ),
        unknown(14, "device", &tomorrow),
        unknown(200, "device", &[]),
    ]
}

/// Growth is in order only as deterministic CBOR, and not where all is signed.
fn refused_frames() -> Vec<Value> {
    let ack = |more: &[Vec<u8>]| list(&[&[uint(5), uint(1)][..], more].concat());
    let hello = |more: &[Vec<u8>]| {
        let (none, head) = (list(&[]), [uint(1), bytes(&[1; 32]), bytes(&[2; 16]), uint(0), bytes(&[3; 32])]);
        let head =
            [list(core::slice::from_ref(&head[0])), head[1].clone(), head[2].clone(), head[3].clone(), head[4].clone()];
        list(&[uint(0), list(&[&head[..], &[none, bytes(&[4; 64])], more].concat())])
    };
    let challenge = |more: &[Vec<u8>]| {
        list(&[uint(0), list(&[&[list(&[uint(1)]), bytes(&[1; 32]), bytes(&[2; 16])][..], more].concat())])
    };
    let case = |name: &str, to: &str, frame: Vec<u8>| json!({ "name": name, "to": to, "frame": hex(frame) });
    vec![
        case("Hello with another field", "relay", hello(&[uint(0)])),
        case("Challenge with another field", "device", challenge(&[uint(0)])),
        case("another field, in more bytes than it needs", "relay", ack(&[vec![0x18, 5]])),
        case("another field of indefinite length", "relay", ack(&[vec![0x9f, 0xff]])),
        case("another field with a floating-point number", "relay", ack(&[vec![0xf9, 0, 0]])),
        case("another field with a map out of order", "relay", ack(&[vec![0xa2, 1, 0, 0, 0]])),
        case("another field with a map that has a key twice", "relay", ack(&[vec![0xa2, 0, 0, 0, 0]])),
        case("another field with a text that is not UTF-8", "relay", ack(&[vec![0x61, 0xff]])),
        case("another field that is cut short", "relay", ack(&[vec![0x42, 1]])),
        case("a trailing byte", "relay", [ack(&[]), vec![0]].concat()),
        case("an unknown tag and a trailing byte", "relay", [list(&[uint(200)]), vec![0]].concat()),
        case("a tag above 255", "relay", list(&[uint(256)])),
        case("a tag that is a text", "relay", list(&[text("hello")])),
        case("no tag", "relay", list(&[])),
        case("a field too few", "relay", list(&[uint(5)])),
    ]
}

fn memo(world: &mut World) -> Value {
    let keys = world.keys.clone();
    let (first, _) = make_genesis(&keys, "Laptop", &mut world.rng).expect("an entry");
    let log = Membership::genesis(&first).expect("verifies");
    let (rotated, secret) = make_rotate(&keys, &log, &mut world.rng).expect("an entry");
    let mut entry = rotated.decode_entry().expect("an entry");
    let grant = entry.action.grant().clone();
    entry.action = Action::Memo { grant, topic: 65_535, bytes: b"of tomorrow".to_vec().into() };
    let signed = sign(&keys, &entry, &rotated.sealed);
    assert_ne!(signed.signature, Signature::from_bytes([0; 64]));
    let mut after = log;
    after.apply(&signed).expect("verifies");
    json!({
        "sign_seed": hex(keys.sign_seed().expose()),
        "box_sk": hex(keys.box_sk().expose()),
        "first": hex(codec::encode(&first)),
        "signed": hex(codec::encode(&signed)),
        "hash": after.head().to_hex(),
        "secret": hex(secret.expose()),
    })
}
