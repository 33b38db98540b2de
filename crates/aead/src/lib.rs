//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) over whole messages. Its crates are generic, so their loops are compiled
//! wherever they are used: here, for speed, while what is around them in the browser is compiled for size.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// Length of a key in bytes.
pub const KEY: usize = 32;
/// Length of a nonce in bytes.
pub const NONCE: usize = 24;

/// Seals `plain`, bound to `aad`; 16 bytes longer. Empty beyond 256 GiB, which is all that can fail.
#[inline(never)]
pub fn seal(key: &[u8; KEY], nonce: &[u8; NONCE], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let payload = Payload { msg: plain, aad };
    XChaCha20Poly1305::new(&(*key).into()).encrypt(&XNonce::from(*nonce), payload).unwrap_or_default()
}

/// Opens what [`seal`] made with the same key, nonce and `aad`; `None` for anything else.
#[inline(never)]
pub fn open(key: &[u8; KEY], nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let payload = Payload { msg: sealed, aad };
    XChaCha20Poly1305::new(&(*key).into()).decrypt(&XNonce::from(*nonce), payload).ok()
}
