//! Tokens that whoever runs the relay hands out, compared so that nobody learns one by trying.

use sha2::{Digest as _, Sha256};

/// Compares secrets. Digests have one length, and how far two of them agree tells nothing of the secret.
pub fn is_same(given: &str, secret: &str) -> bool {
    let (given, secret) = (Sha256::digest(given), Sha256::digest(secret));
    given.iter().zip(secret.iter()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
