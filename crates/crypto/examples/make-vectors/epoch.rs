//! `epoch.json`: what follows from an epoch secret; names.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hushclip_crypto::epoch::{EpochSecret, StateKey};
use hushclip_protocol::ids::{AccountId, DeviceId};
use hushclip_protocol::label;
use rand_chacha::rand_core::Rng;
use serde_json::json;

use crate::envelope::item_cipher;
use crate::out::{File, flipped, hex, rng};

/// Makes the file.
pub(crate) fn make() -> File {
    let mut rng = rng("epoch");
    let account = AccountId::from_bytes(random(&mut rng));
    let mut secrets = Vec::new();
    for (name, account, epoch) in [
        ("inside the first entry", AccountId::ZERO, 0),
        ("the first epoch", account, 0),
        ("the second epoch", account, 1),
        ("the last epoch", account, u64::MAX),
    ] {
        let secret = EpochSecret::make(&mut rng);
        let dedup = secret.derive_dedup_key(&account, epoch);
        let content = format!("content of {name}");
        secrets.push(json!({
            "name": name,
            "account": account.to_hex(),
            "epoch": epoch.to_string(),
            "secret": hex(secret.expose()),
            "item_key": hex(secret.derive_item_key(&account, epoch).expose()),
            "state_key": hex(secret.derive_state_key(&account, epoch).expose()),
            "dedup_key": hex(dedup.expose()),
            "commit": secret.derive_commit(&account, epoch).to_hex(),
            "content": hex(&content),
            "content_digest": dedup.digest(content.as_bytes()).to_hex(),
        }));
    }
    let mut items = Vec::new();
    for header in [&b"a header"[..], b"", &[0xff; 256]] {
        let item_key = EpochSecret::make(&mut rng).derive_item_key(&account, 7);
        let (key, nonce) = item_cipher(&item_key, header);
        items.push(json!({
            "name": format!("header of {} bytes", header.len()),
            "item_key": hex(item_key.expose()),
            "header": hex(header),
            "key": hex(key),
            "nonce": hex(nonce),
        }));
    }
    let state = StateKey::make(&mut rng);
    let device = DeviceId::from_bytes(random(&mut rng));
    let longest = "ä".repeat(32);
    let mut names = Vec::new();
    for name in ["Laptop", "x", "日本語のパソコン", &longest] {
        names.push(json!({
            "name": format!("{} bytes", name.len()),
            "state_key": hex(state.expose()),
            "device": device.to_hex(),
            "text": name,
            "sealed": hex(state.seal_name(&device, name, &mut rng)),
        }));
    }
    let good = state.seal_name(&device, "Laptop", &mut rng);
    let other = DeviceId::from_bytes(random(&mut rng));
    let refused = vec![
        ("nonce changed", flipped(&good, 0)),
        ("ciphertext changed", flipped(&good, 24)),
        ("tag changed", flipped(&good, good.len() - 1)),
        ("truncated", good[..good.len() - 1].to_vec()),
        ("nonce only", good[..24].to_vec()),
        ("shorter than a nonce", good[..23].to_vec()),
        ("empty", Vec::new()),
        ("sealed for another device", state.seal_name(&other, "Laptop", &mut rng)),
        ("sealed under another key", StateKey::make(&mut rng).seal_name(&device, "Laptop", &mut rng)),
        ("length byte past the end", raw_name(&state, &device, &plain(65, b"Laptop", 65))),
        ("padding is not zero", raw_name(&state, &device, &flipped(&plain(6, b"Laptop", 65), 64))),
        ("one byte longer", raw_name(&state, &device, &plain(6, b"Laptop", 66))),
        ("one byte shorter", raw_name(&state, &device, &plain(6, b"Laptop", 64))),
        ("not UTF-8", raw_name(&state, &device, &plain(2, &[0xc3, 0x28], 65))),
        ("no bytes in it", raw_name(&state, &device, &[])),
        ("nothing", raw_name(&state, &device, &plain(0, b"", 65))),
        ("white space beyond ASCII", raw_name(&state, &device, &plain(5, "\u{a0}\u{3000}".as_bytes(), 65))),
        ("blank", raw_name(&state, &device, &plain(2, b"  ", 65))),
        ("a control character", raw_name(&state, &device, &plain(7, b"Lap\ntop", 65))),
        ("a control character beyond ASCII", raw_name(&state, &device, &plain(8, "Lap\u{9b}top".as_bytes(), 65))),
        ("turns the text around it", raw_name(&state, &device, &plain(9, "Lap\u{202e}top".as_bytes(), 65))),
        ("a character that is not seen", raw_name(&state, &device, &plain(9, "Lap\u{200b}top".as_bytes(), 65))),
        ("a line separator", raw_name(&state, &device, &plain(9, "Lap\u{2028}top".as_bytes(), 65))),
    ];
    let refused: Vec<_> = refused
        .into_iter()
        .map(|(name, sealed)| {
            json!({ "name": name, "state_key": hex(state.expose()), "device": device.to_hex(), "sealed": hex(sealed) })
        })
        .collect();
    File::new(&[
        "The account is zeros for what is derived inside the first log entry.",
        "A sealed name that is refused is no name: the device is shown by its identifier, and the log entry stands. An \
         empty one is refused like a blank one.",
    ])
    .with("secrets", secrets)
    .with("items", items)
    .with("names", names)
    .with("refused_names", refused)
}

fn plain(len: u8, name: &[u8], total: usize) -> Vec<u8> {
    let mut out = vec![len];
    out.extend_from_slice(name);
    out.resize(total, 0);
    out
}

fn raw_name(key: &StateKey, device: &DeviceId, plain: &[u8]) -> Vec<u8> {
    let nonce = [3; 24];
    let aad = label::message("hushclip/1 name", &[device.as_bytes()]);
    let cipher = XChaCha20Poly1305::new(&(*key.expose()).into());
    let sealed = cipher.encrypt(&nonce.into(), Payload { msg: plain, aad: &aad }).expect("sealing");
    [&nonce[..], &sealed].concat()
}

/// Random bytes.
pub(crate) fn random<const N: usize>(rng: &mut impl Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}
