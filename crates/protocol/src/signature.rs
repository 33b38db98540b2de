//! Ed25519 verification (RFC 8032), the one rule shared by relay and devices. Strict: low-order
//! keys and malleable signatures are refused, because differing rules would themselves be forks.

use ed25519_dalek::VerifyingKey;

use crate::ids::{SignPk, Signature};

/// Whether `signature` over `message` is by `key`.
pub fn verify(key: &SignPk, message: &[u8], signature: &Signature) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    VerifyingKey::from_bytes(key.as_bytes()).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}
