//! Domain-separation labels: everything signed, hashed or derived starts with its own, so that no signature, hash or
//! key can pass for another.

use sha2::{Digest, Sha256};

use crate::ids::Hash;

/// Device identifier hash.
pub const DEVICE: &str = "hushclip/1 device";
/// Membership log entry hash; the hash of the first entry is the account identifier.
pub const LOG_HASH: &str = "hushclip/1 log";
/// Membership log entry signature.
pub const LOG_ENTRY: &str = "hushclip/1 log-entry";
/// Hash of the list of sealed epoch secrets.
pub const SEALED_LIST: &str = "hushclip/1 sealed-list";
/// A joiner's proof that it holds its signing key.
pub const POSSESSION: &str = "hushclip/1 possession";
/// Clip envelope signature.
pub const ENVELOPE: &str = "hushclip/1 envelope";
/// Answer to the relay's challenge.
pub const SIGN_IN: &str = "hushclip/1 sign-in";
/// The mark by which a relay recognises an item that it has stored.
pub const MARK: &str = "hushclip/1 mark";
/// What the relay keeps in place of an invite's claim.
pub const CLAIM: &str = "hushclip/1 claim";

/// `SHA-256(label ‖ 0 ‖ part₀ ‖ part₁ …)`. Parts must have fixed lengths, except the last.
pub fn hash(label: &str, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(label.as_bytes());
    hasher.update([0]);
    for part in parts {
        hasher.update(part);
    }
    Hash::from_bytes(hasher.finalize().into())
}

/// Plain SHA-256, for the parts of a labelled message.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash::from_bytes(Sha256::digest(bytes).into())
}

/// `label ‖ 0 ‖ part₀ ‖ part₁ …`, the bytes that are signed. The same rule for lengths as in [`hash`].
pub fn message(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(label.len() + 1 + parts.iter().map(|p| p.len()).sum::<usize>());
    out.extend_from_slice(label.as_bytes());
    out.push(0);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}
