//! Tokens that whoever runs the relay hands out, compared in a way that lets nobody learn one by trying.

use sha2::{Digest as _, Sha256};

/// Compares secrets. Digests all have the same length, and how far two of them agree says nothing about the secret.
pub fn is_same(given: &str, secret: &str) -> bool {
    let (given, secret) = (Sha256::digest(given), Sha256::digest(secret));
    given.iter().zip(secret.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
