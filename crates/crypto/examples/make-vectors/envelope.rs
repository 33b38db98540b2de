//! `envelope.json`: envelopes that open, and envelopes that are refused and at which step.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hkdf::Hkdf;
use hushclip_crypto::body::{ClipBody, FLAG_BURN, FLAG_SENSITIVE, FLAG_SUPERSEDED, HTML, Part, TEXT};
use hushclip_crypto::envelope::{Address, seal};
use hushclip_crypto::epoch::{EpochSecret, ItemKey};
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::pad::pad;
use hushclip_protocol::codec;
use hushclip_protocol::envelope::{Envelope, Header, Kind, assemble, signed_bytes};
use hushclip_protocol::ids::{AccountId, DeviceId, Hash, ItemId, Signature};
use hushclip_protocol::{label, limits};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::device::malleated;
use crate::epoch::random;
use crate::out::{File, flipped, hex, rng};
use crate::{cbor, out};

/// Key and nonce of one item, derived here once more, independently of the crate.
pub(crate) fn item_cipher(key: &ItemKey, header: &[u8]) -> ([u8; 32], [u8; 24]) {
    let info = [&b"hushclip/1 item\0"[..], label::sha256(header).as_bytes()].concat();
    let mut okm = [0; 56];
    Hkdf::<Sha256>::from_prk(key.expose()).expect("32 bytes").expand(&info, &mut okm).expect("56 bytes");
    (out::array(&okm[..32]), out::array(&okm[32..]))
}

struct World {
    keys: DeviceKeys,
    account: AccountId,
    secret: EpochSecret,
    rng: ChaCha20Rng,
    refused: Vec<Value>,
}

impl World {
    fn item_key(&self, epoch: u64) -> ItemKey {
        self.secret.derive_item_key(&self.account, epoch)
    }

    fn address(&mut self) -> Address {
        Address {
            kind: Kind::Clip,
            account: self.account,
            epoch: 2,
            log_seq: 2,
            log_head: Hash::from_bytes(random(&mut self.rng)),
            counter: 1,
            item: ItemId::from_bytes(random(&mut self.rng)),
            ttl_s: 3600,
        }
    }

    fn seal(&mut self, address: &Address, body: &ClipBody) -> Vec<u8> {
        let key = self.item_key(address.epoch);
        seal(&self.keys, &key, address, body, &mut self.rng).expect("fits")
    }

    /// Seals whatever bytes under whatever header, and signs them properly.
    fn seal_raw(&self, header: &[u8], padded: &[u8], epoch: u64) -> Vec<u8> {
        let (key, nonce) = item_cipher(&self.item_key(epoch), header);
        let cipher = XChaCha20Poly1305::new(&key.into());
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg: padded, aad: header }).expect("sealing");
        self.sign(header, &sealed)
    }

    fn sign(&self, header: &[u8], sealed: &[u8]) -> Vec<u8> {
        assemble(header, sealed, self.keys.sign(&signed_bytes(header, sealed)))
    }

    fn refuse(&mut self, name: &str, step: &str, error: &str, envelope: impl AsRef<[u8]>) {
        self.refused.push(json!({ "name": name, "step": step, "error": error, "envelope": hex(envelope) }));
    }
}

/// Makes the file.
pub(crate) fn make() -> File {
    let mut rng = rng("envelope");
    let mut world = World {
        keys: DeviceKeys::make(&mut rng),
        account: AccountId::from_bytes(random(&mut rng)),
        secret: EpochSecret::make(&mut rng),
        rng,
        refused: Vec::new(),
    };
    let accepted = accepted(&mut world);
    let address = world.address();
    let good = world.seal(&address, &text("a clip"));
    refuse_outer_form(&mut world, &good);
    refuse_header_form(&mut world, &good);
    refuse_signature(&mut world, &good);
    refuse_swapped_fields(&mut world, &good);
    refuse_sealed(&mut world, &good);
    File::new(&[
        "All are by one device, under one epoch secret; each epoch's item key is derived from it.",
        "`step` is where a refused one stops: parse (before any key), verify (signature), open.",
        "These are about the envelope, which is the same for all kinds: so each of them seals a clip's body, whatever \
         kind its header names. What kinds 1 to 3 hold is in notes.json; a receiver reads each as what its kind says.",
    ])
    .with("sign_seed", hex(world.keys.sign_seed().expose()))
    .with("box_sk", hex(world.keys.box_sk().expose()))
    .with("sign_pk", world.keys.sign_pk().to_hex())
    .with("sender", world.keys.device_id().to_hex())
    .with("account", world.account.to_hex())
    .with("secret", hex(world.secret.expose()))
    .with("accepted", accepted)
    .with("refused", world.refused)
}

fn text(text: &str) -> ClipBody {
    ClipBody { at_ms: 1_760_000_000_000, flags: 0, file_name: String::new(), parts: vec![Part::new(TEXT, text)] }
}

fn accepted(world: &mut World) -> Vec<Value> {
    let rich = ClipBody {
        at_ms: 1_760_000_000_123,
        flags: FLAG_SENSITIVE | FLAG_BURN | FLAG_SUPERSEDED,
        file_name: "ünïcode.txt".into(),
        parts: vec![Part::new(TEXT, "grüße, 世界"), Part::new(HTML, "<b>grüße</b>, 世界")],
    };
    let nothing = ClipBody { at_ms: 0, flags: 0, file_name: String::new(), parts: Vec::new() };
    let image = ClipBody {
        at_ms: u64::MAX,
        flags: u32::MAX,
        file_name: "x.png".into(),
        parts: vec![Part::new("image/png", vec![0; 300])],
    };
    let cases = [
        ("text", Kind::Clip, 2, 1, 3600, text("a clip")),
        ("text and HTML, file name, all flags", Kind::Clip, 0, 2, limits::TTL_S, rich),
        ("nothing in it", Kind::Tombstone, 3, 3, 1, nothing.clone()),
        ("greatest epoch and counter", Kind::Live, u64::MAX, u64::MAX, 60, text("")),
        ("image, greatest time and flags", Kind::State, 65_536, 256, 60, image),
        ("longer than the floor of the padding", Kind::Heartbeat, 24, 24, 24, text(&"0123456789".repeat(100))),
        ("another kind", Kind::Live, 1, 4_294_967_296, 65_536, nothing),
    ];
    let mut accepted = Vec::new();
    for (name, kind, epoch, counter, ttl_s, body) in cases {
        let address = Address { kind, epoch, log_seq: epoch, counter, ttl_s, ..world.address() };
        let bytes = world.seal(&address, &body);
        let envelope = Envelope::parse(&bytes).expect("an envelope");
        let (key, nonce) = item_cipher(&world.item_key(epoch), envelope.header_bytes);
        let parts: Vec<_> =
            body.parts.iter().map(|p| json!({ "media": p.media, "bytes": hex(&p.bytes[..]) })).collect();
        accepted.push(json!({
            "name": name,
            "kind": kind.number(),
            "epoch": epoch.to_string(),
            "log_seq": address.log_seq.to_string(),
            "log_head": address.log_head.to_hex(),
            "counter": counter.to_string(),
            "item": address.item.to_hex(),
            "ttl_s": ttl_s,
            "salt": hex(envelope.header.salt.0),
            "body": {
                "at_ms": body.at_ms.to_string(), "flags": body.flags, "file_name": body.file_name, "parts": parts,
                "encoded": hex(codec::encode(&body)),
            },
            "item_key": hex(world.item_key(epoch).expose()),
            "key": hex(key),
            "nonce": hex(nonce),
            "header": hex(envelope.header_bytes),
            "sealed": hex(envelope.sealed),
            "envelope": hex(&bytes),
        }));
    }
    accepted
}

/// The three byte strings of an envelope.
fn parts(bytes: &[u8]) -> (Vec<u8>, Vec<u8>, [u8; 64]) {
    let envelope = Envelope::parse(bytes).expect("an envelope");
    (envelope.header_bytes.to_vec(), envelope.sealed.to_vec(), out::array(&bytes[bytes.len() - 64..]))
}

/// The encoded fields of a header, in order.
fn fields(header: &Header) -> Vec<Vec<u8>> {
    vec![
        cbor::uint(header.version.into()),
        cbor::uint(header.suite.into()),
        cbor::uint(header.kind.number().into()),
        codec::encode(&header.account),
        cbor::uint(header.epoch),
        cbor::uint(header.log_seq),
        codec::encode(&header.log_head),
        codec::encode(&header.sender),
        cbor::uint(header.counter),
        codec::encode(&header.item),
        cbor::uint(header.ttl_s.into()),
        cbor::bytes(&header.salt.0),
    ]
}

fn refuse_outer_form(world: &mut World, good: &[u8]) {
    let (header, sealed, signature) = parts(good);
    let items = [cbor::bytes(&header), cbor::bytes(&sealed), cbor::bytes(&signature)];
    assert_eq!(cbor::list(&items), good);
    world.refuse("empty", "parse", "Malformed", []);
    world.refuse("one byte", "parse", "Malformed", [0x83]);
    world.refuse("cut in the header", "parse", "Malformed", &good[..50]);
    world.refuse("last byte missing", "parse", "Malformed", &good[..good.len() - 1]);
    world.refuse("a trailing byte", "parse", "NotCanonical", [good, &[0]].concat());
    world.refuse("twice", "parse", "NotCanonical", [good, good].concat());
    world.refuse("array of indefinite length", "parse", "NotCanonical", cbor::endless_list(&items));
    world.refuse("array length in two bytes", "parse", "NotCanonical", [&[0x98, 3][..], &items.concat()].concat());
    let extra = [&items[..], &[cbor::uint(0)]].concat();
    world.refuse("a fourth field", "parse", "NotCanonical", cbor::list(&extra));
    world.refuse("no signature", "parse", "Malformed", cbor::list(&items[..2]));
    let long_head = |bytes: &[u8]| [&[0x5a][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let padded = [long_head(&header), items[1].clone(), items[2].clone()];
    world.refuse("header length in four bytes", "parse", "NotCanonical", cbor::list(&padded));
    let chunked = [&[0x5f][..], &cbor::bytes(&header[..20]), &cbor::bytes(&header[20..]), &[0xff]].concat();
    world.refuse("header in chunks", "parse", "Malformed", cbor::list(&[chunked, items[1].clone(), items[2].clone()]));
    let shorter = cbor::bytes(&signature[..63]);
    world.refuse(
        "signature of 63 bytes",
        "parse",
        "Malformed",
        cbor::list(&[items[0].clone(), items[1].clone(), shorter]),
    );
    let longer = cbor::bytes(&[&signature[..], &[0]].concat());
    world.refuse(
        "signature of 65 bytes",
        "parse",
        "Malformed",
        cbor::list(&[items[0].clone(), items[1].clone(), longer]),
    );
    let as_text = cbor::text(&hex(&sealed));
    world.refuse(
        "sealed body as text",
        "parse",
        "Malformed",
        cbor::list(&[items[0].clone(), as_text, items[2].clone()]),
    );
    world.refuse("a map", "parse", "Malformed", [&[0xa3][..], &items.concat()].concat());
    world.refuse("tagged", "parse", "Malformed", [&[0xd8, 0x18][..], good].concat());
    world.refuse("claims 2^64 - 1 bytes", "parse", "Malformed", [&[0x83, 0x5b][..], &[0xff; 8], &[0; 32]].concat());
    let nested = [vec![0x81; 300], vec![0]].concat();
    world.refuse("300 arrays in each other", "parse", "Malformed", nested);
}

/// Headers that are wrong in form or range; signed and sealed properly, so nothing else is wrong.
fn refuse_header_form(world: &mut World, good: &[u8]) {
    let header = Envelope::parse(good).expect("an envelope").header;
    let items = fields(&header);
    assert_eq!(cbor::list(&items), parts(good).0);
    let body = pad(codec::encode(&text("a clip")));
    let mut add = |name: &str, error: &str, header: Vec<u8>| {
        let bytes = world.seal_raw(&header, &body, 2);
        world.refuse(name, "parse", error, bytes);
    };
    let with = |at: usize, item: Vec<u8>| {
        let mut items = items.clone();
        items[at] = item;
        cbor::list(&items)
    };
    add("header: version 1 in three bytes", "NotCanonical", with(0, vec![0x19, 0, 1]));
    add("header: version 1 in two bytes", "NotCanonical", with(0, vec![0x18, 1]));
    add("header: counter in nine bytes", "NotCanonical", with(8, [&[0x1b][..], &1u64.to_be_bytes()].concat()));
    add("header: version as a float", "Malformed", with(0, vec![0xf9, 0x3c, 0]));
    add("header: version is null", "Malformed", with(0, vec![0xf6]));
    add("header: counter is negative", "Malformed", with(8, vec![0x20]));
    add("header: counter is a bignum", "Malformed", with(8, [&[0xc2, 0x49, 1][..], &[0; 8]].concat()));
    add("header: account is text", "Malformed", with(3, cbor::text(&"a".repeat(32))));
    add("header: account of 31 bytes", "Malformed", with(3, cbor::bytes(&[1; 31])));
    add("header: sender of 17 bytes", "Malformed", with(7, cbor::bytes(&[1; 17])));
    add("header: salt of 23 bytes", "Malformed", with(11, cbor::bytes(&[1; 23])));
    add("header: version 65536", "Malformed", with(0, cbor::uint(65_536)));
    add("header: suite 256", "Malformed", with(1, cbor::uint(256)));
    add("header: ttl 2^32", "Malformed", with(10, cbor::uint(1 << 32)));
    add("header: a trailing byte", "NotCanonical", [cbor::list(&items), vec![0]].concat());
    add("header: of indefinite length", "NotCanonical", cbor::endless_list(&items));
    add("header: last field missing", "Malformed", cbor::list(&items[..11]));
    add("header: empty", "Malformed", Vec::new());
    add("header: longer than 256 bytes", "TooLong", [cbor::list(&items), vec![0; 256]].concat());
    add("version 0", "Unsupported", with(0, cbor::uint(0)));
    add("version 2", "Unsupported", with(0, cbor::uint(2)));
    add("counter 0", "OutOfRange", with(8, cbor::uint(0)));
    add("ttl 0", "OutOfRange", with(10, cbor::uint(0)));
    add("ttl one second too long", "OutOfRange", with(10, cbor::uint(u64::from(limits::TTL_S) + 1)));
    add("ttl 2^32 - 1", "OutOfRange", with(10, cbor::uint(u32::MAX.into())));
    // Signed and sealed well, and by no suite that is known.
    for suite in [0, 2] {
        let bytes = world.seal_raw(&with(1, cbor::uint(suite)), &body, 2);
        world.refuse(&format!("suite {suite}"), "open", "", bytes);
    }
}

fn refuse_signature(world: &mut World, good: &[u8]) {
    let (header, sealed, signature) = parts(good);
    let mut add = |name: &str, signature: &[u8]| {
        let bytes = assemble(&header, &sealed, Signature::from_bytes(out::array(signature)));
        world.refused.push(json!({ "name": name, "step": "verify", "error": "", "envelope": hex(bytes) }));
    };
    add("signature: R changed", &flipped(&signature, 0));
    add("signature: S changed", &flipped(&signature, 40));
    add("signature: all zeros", &[0; 64]);
    add("signature: S + L in place of S", &malleated(&signature));
    let by_other = DeviceKeys::make(&mut world.rng).sign(&signed_bytes(&header, &sealed));
    add("signature: by another device", by_other.as_bytes());
    let hashes = [*label::sha256(&header).as_bytes(), *label::sha256(&sealed).as_bytes()].concat();
    add("signature: without a label", world.keys.sign(&hashes).as_bytes());
    let as_log = world.keys.sign(&label::message(label::LOG_ENTRY, &[&hashes]));
    add("signature: under the log's label", as_log.as_bytes());
    let header_only = world.keys.sign(&label::message(label::ENVELOPE, &[label::sha256(&header).as_bytes()]));
    add("signature: over the header only", header_only.as_bytes());
    let plain = world.keys.sign(&label::message(label::ENVELOPE, &[&header, &sealed]));
    add("signature: over the bytes in place of their hashes", plain.as_bytes());
    let bytes = assemble(&header, &flipped(&sealed, 3), Signature::from_bytes(signature));
    world.refuse("sealed body changed under the signature", "verify", "", bytes);
    let address = world.address();
    let other = parts(&world.seal(&address, &text("another")));
    world.refuse(
        "sealed body of another envelope",
        "verify",
        "",
        assemble(&header, &other.1, Signature::from_bytes(signature)),
    );
    world.refuse(
        "header of another envelope",
        "verify",
        "",
        assemble(&other.0, &sealed, Signature::from_bytes(signature)),
    );
}

/// One header field at a time is another: with the old signature, and signed anew by a sender who
/// moves a sealed body to another place.
fn refuse_swapped_fields(world: &mut World, good: &[u8]) {
    let (bytes, sealed, signature) = parts(good);
    let header: Header = codec::decode(&bytes, limits::HEADER_BYTES).expect("a header");
    let mut salt = header.salt;
    salt.0[0] ^= 1;
    let account = AccountId::from_bytes(random(&mut world.rng));
    let log_head = Hash::from_bytes(random(&mut world.rng));
    let sender = DeviceId::from_bytes(random(&mut world.rng));
    let item = ItemId::from_bytes(random(&mut world.rng));
    let swaps = [
        ("kind", Header { kind: Kind::State, ..header.clone() }),
        ("account", Header { account, ..header.clone() }),
        ("epoch", Header { epoch: 3, ..header.clone() }),
        ("log_seq", Header { log_seq: 3, ..header.clone() }),
        ("log_head", Header { log_head, ..header.clone() }),
        ("sender", Header { sender, ..header.clone() }),
        ("counter", Header { counter: 2, ..header.clone() }),
        ("item", Header { item, ..header.clone() }),
        ("ttl_s", Header { ttl_s: 3601, ..header.clone() }),
        ("salt", Header { salt, ..header }),
    ];
    for (field, swapped) in swaps {
        let swapped = codec::encode(&swapped);
        let kept = assemble(&swapped, &sealed, Signature::from_bytes(signature));
        world.refuse(&format!("{field} swapped, signature kept"), "verify", "", kept);
        let signed = world.sign(&swapped, &sealed);
        world.refuse(&format!("{field} swapped, signed anew"), "open", "", signed);
    }
}

fn refuse_sealed(world: &mut World, good: &[u8]) {
    let (header, sealed, _) = parts(good);
    let body = codec::encode(&text("a clip"));
    let cut = |by: usize| sealed[..sealed.len() - by].to_vec();
    for (name, sealed) in [
        ("sealed: empty", Vec::new()),
        ("sealed: shorter than a tag", cut(sealed.len() - 15)),
        ("sealed: tag only", sealed[sealed.len() - 16..].to_vec()),
        ("sealed: last byte missing", cut(1)),
        ("sealed: tag missing", cut(16)),
        ("sealed: a trailing byte", [&sealed[..], &[0]].concat()),
        ("sealed: first bit changed", flipped(&sealed, 0)),
        ("sealed: tag changed", flipped(&sealed, sealed.len() - 1)),
    ] {
        let bytes = world.sign(&header, &sealed);
        world.refuse(name, "open", "", bytes);
    }
    let elsewhere = [
        ("key of another epoch", world.item_key(3)),
        ("key of another secret", EpochSecret::make(&mut world.rng).derive_item_key(&world.account, 2)),
        ("key of another account", world.secret.derive_item_key(&AccountId::ZERO, 2)),
    ];
    for (name, key) in elsewhere {
        let address = world.address();
        let bytes = seal(&world.keys, &key, &address, &text("a clip"), &mut world.rng).expect("fits");
        world.refuse(name, "open", "", bytes);
    }
    let mut add = |name: &str, padded: &[u8]| {
        let bytes = world.seal_raw(&header, padded, 2);
        world.refuse(name, "open", "", bytes);
    };
    let padded_with = |marker: u8, len: usize| {
        let mut bytes = body.clone();
        bytes.push(marker);
        bytes.resize(len, 0);
        bytes
    };
    add("padding: none", &body);
    add("padding: marker only", &padded_with(0x80, body.len() + 1));
    add("padding: wrong marker", &padded_with(0x81, 256));
    add("padding: one zero too few", &padded_with(0x80, 255));
    add("padding: one zero too many", &padded_with(0x80, 257));
    add("padding: to the next step", &padded_with(0x80, 272));
    add("padding: zeros only", &[0; 256]);
    add("padding: not zero", &flipped(&padded_with(0x80, 256), 255));
    add("body: a trailing byte", &pad([&body[..], &[0]].concat()));
    add(
        "body: time in nine bytes that needs one",
        &pad(cbor::list(&[[&[0x1b][..], &[0; 8]].concat(), cbor::uint(0), cbor::text(""), cbor::list(&[])])),
    );
    add(
        "body: flags beyond 32 bits",
        &pad(cbor::list(&[cbor::uint(0), cbor::uint(1 << 32), cbor::text(""), cbor::list(&[])])),
    );
    let not_utf8 = [&[0x62][..], &[0xc3, 0x28]].concat();
    add("body: file name is not UTF-8", &pad(cbor::list(&[cbor::uint(0), cbor::uint(0), not_utf8, cbor::list(&[])])));
    let part_as_text = cbor::list(&[cbor::text(TEXT), cbor::text("a clip")]);
    add(
        "body: content as text",
        &pad(cbor::list(&[cbor::uint(0), cbor::uint(0), cbor::text(""), cbor::list(&[part_as_text])])),
    );
    add("body: empty", &pad(Vec::new()));
}
