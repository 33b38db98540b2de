//! `device.json`: keys, identifiers, and signatures that a lax verifier would take.

use ed25519_dalek::SigningKey;
use hushclip_crypto::keys::DeviceKeys;
use serde_json::{Value, json};

use crate::out::{File, flipped, hex, rng};

/// The order of Ed25519's base point, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// Ed25519's neutral element, as a public key: of order 1.
pub(crate) const IDENTITY: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    bytes
};

/// Makes the file.
pub(crate) fn make() -> File {
    let mut rng = rng("device");
    let mut keys = Vec::new();
    let mut signatures = Vec::new();
    for name in ["laptop", "phone", "a third device"] {
        let device = DeviceKeys::make(&mut rng);
        keys.push(json!({
            "name": name,
            "sign_seed": hex(device.sign_seed().expose()),
            "box_sk": hex(device.box_sk().expose()),
            "sign_pk": device.sign_pk().to_hex(),
            "box_pk": device.box_pk().to_hex(),
            "device_id": device.device_id().to_hex(),
        }));
        let message = format!("hushclip/1 example\0{name}").into_bytes();
        let good = *device.sign(&message).as_bytes();
        let mut case = |what: &str, message: &[u8], signature: &[u8], valid: bool| {
            signatures.push(signature_case(
                &format!("{name}: {what}"),
                device.sign_pk().as_bytes(),
                message,
                signature,
                valid,
            ));
        };
        case("good", &message, &good, true);
        case("S + L in place of S", &message, &malleated(&good), false);
        case("R changed", &message, &flipped(&good, 0), false);
        case("S changed", &message, &flipped(&good, 32), false);
        case("message changed", &flipped(&message, 20), &good, false);
        case("message without its label", name.as_bytes(), &good, false);
        case("all zeros", &message, &[0; 64], false);
    }
    signatures.push(signature_case(
        "public key of order 1, which a lax verifier accepts for every message",
        &IDENTITY,
        b"anything",
        &forged_for_identity(),
        false,
    ));
    let mut small_r = [0; 64];
    small_r[0] = 1;
    signatures.push(signature_case("public key and R of order 1, S = 0", &IDENTITY, b"anything", &small_r, false));
    signatures.push(signature_case(
        "public key is no point",
        &{
            let mut b = [0; 32];
            b[0] = 2;
            b
        },
        b"anything",
        &small_r,
        false,
    ));
    File::new(&["device_id = SHA-256(\"hushclip/1 device\" || 0 || sign_pk || box_pk)[..16]."])
        .with("keys", keys)
        .with("signatures", signatures)
        .with("low_order_box_keys", low_order_box_keys())
}

fn signature_case(name: &str, key: &[u8], message: &[u8], signature: &[u8], valid: bool) -> Value {
    json!({
        "name": name,
        "sign_pk": hex(key),
        "message": hex(message),
        "signature": hex(signature),
        "valid": valid,
    })
}

/// The same signature with S + L: the same equation, another spelling.
pub(crate) fn malleated(signature: &[u8; 64]) -> [u8; 64] {
    let mut out = *signature;
    let mut carry = 0;
    for (byte, add) in out[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry as u8;
        carry >>= 8;
    }
    out
}

/// R = s·B and S = s: with a public key that adds nothing, the equation holds for every message.
pub(crate) fn forged_for_identity() -> [u8; 64] {
    let key = SigningKey::from_bytes(&[42; 32]);
    let mut out = [0; 64];
    out[..32].copy_from_slice(key.verifying_key().as_bytes());
    out[32..].copy_from_slice(&key.to_scalar().to_bytes());
    out
}

/// Points of low order in their various spellings.
pub(crate) fn low_order_box_keys() -> Vec<Value> {
    let named = |name: &str, box_pk: String| json!({ "name": name, "box_pk": box_pk });
    let edges = |first: &str, between: &str, last: &str| format!("{first}{}{last}", between.repeat(30));
    vec![
        named("0", edges("00", "00", "00")),
        named("1", edges("01", "00", "00")),
        named("0 with the top bit set", edges("00", "00", "80")),
        named("order 8", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800".into()),
        named("order 8, the other", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157".into()),
        named(
            "order 8 with the top bit set",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880".into(),
        ),
        named("p - 1", edges("ec", "ff", "7f")),
        named("p", edges("ed", "ff", "7f")),
        named("p + 1", edges("ee", "ff", "7f")),
        named("p with the top bit set", edges("ed", "ff", "ff")),
    ]
}
