//! The account key of one epoch and the purpose keys derived from it (HKDF-SHA256, RFC 5869).

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use hushclip_protocol::ids::{AccountId, DeviceId, Hash};
use hushclip_protocol::{label, limits};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::OpenError;
use crate::name::check_name;
use crate::secret::secret_newtype;

secret_newtype!(
    /// Freshly random for each epoch, never derived from the one before.
    EpochSecret
);
secret_newtype!(
    /// Seals items.
    ItemKey
);
secret_newtype!(
    /// Seals names and shared state.
    StateKey
);
secret_newtype!(
    /// Identifies content without revealing it: keyed digests for deduplication.
    DedupKey
);

const ITEM: &str = "hushclip/1 item";
const STATE: &str = "hushclip/1 state";
const DEDUP: &str = "hushclip/1 dedup";
const COMMIT: &str = "hushclip/1 commit";
const NAME: &str = "hushclip/1 name";
const NAME_NONCE: usize = 24;
/// A length byte and the name, padded to its greatest length.
const NAME_PLAIN: usize = 1 + limits::NAME_BYTES;

impl EpochSecret {
    /// Key for items. For keys used inside the log entry that starts the epoch, `account` is that entry's account field
    /// (zeros in the first one); elsewhere it is the account itself.
    pub fn derive_item_key(&self, account: &AccountId, epoch: u64) -> ItemKey {
        ItemKey(self.derive(account, epoch, ITEM))
    }

    /// Key for names and shared state.
    pub fn derive_state_key(&self, account: &AccountId, epoch: u64) -> StateKey {
        StateKey(self.derive(account, epoch, STATE))
    }

    /// Key for content digests.
    pub fn derive_dedup_key(&self, account: &AccountId, epoch: u64) -> DedupKey {
        DedupKey(self.derive(account, epoch, DEDUP))
    }

    /// Public commitment, by which every device checks that it was given the same secret.
    pub fn derive_commit(&self, account: &AccountId, epoch: u64) -> Hash {
        Hash::from_bytes(self.derive(account, epoch, COMMIT))
    }

    fn derive(&self, account: &AccountId, epoch: u64, label: &str) -> [u8; 32] {
        let salt = [account.as_bytes().as_slice(), &epoch.to_be_bytes()].concat();
        let mut out = [0; 32];
        expand(&Hkdf::<Sha256>::new(Some(&salt), &self.0), label.as_bytes(), &mut out);
        out
    }
}

impl ItemKey {
    /// `key ‖ nonce = HKDF-Expand(item key, "hushclip/1 item" ‖ 0 ‖ SHA-256(header))`, 32 and 24 bytes.
    pub(crate) fn derive_for(&self, header: &[u8]) -> Zeroizing<[u8; 56]> {
        let info = label::message(ITEM, &[label::sha256(header).as_bytes()]);
        let mut out = Zeroizing::new([0; 56]);
        if let Ok(hkdf) = Hkdf::<Sha256>::from_prk(&self.0) {
            expand(&hkdf, &info, out.as_mut_slice());
        }
        out
    }
}

impl DedupKey {
    /// HMAC-SHA256 (RFC 2104) of the content.
    pub fn digest(&self, content: &[u8]) -> Hash {
        Hash::from_bytes(hmac(&self.0, &[content]))
    }
}

impl StateKey {
    /// Seals a device name, padded so that its length does not show.
    pub fn seal_name(&self, device: &DeviceId, name: &str, rng: &mut dyn CryptoRng) -> Vec<u8> {
        let name = truncate(name, limits::NAME_BYTES);
        let mut plain = Zeroizing::new([0u8; NAME_PLAIN]);
        plain[0] = name.len() as u8;
        plain[1..=name.len()].copy_from_slice(name.as_bytes());
        let mut nonce = [0; NAME_NONCE];
        rng.fill_bytes(&mut nonce);
        let aad = label::message(NAME, &[device.as_bytes()]);
        [nonce.as_slice(), &hushclip_aead::seal(&self.0, &nonce, &aad, plain.as_slice())].concat()
    }

    /// Opens a device name. One that [`check_name`] refuses does not count as a name.
    pub fn open_name(&self, device: &DeviceId, sealed: &[u8]) -> Result<String, OpenError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NAME_NONCE>().ok_or(OpenError)?;
        let aad = label::message(NAME, &[device.as_bytes()]);
        let plain = hushclip_aead::open(&self.0, nonce, &aad, sealed).ok_or(OpenError)?;
        if plain.len() != NAME_PLAIN {
            return Err(OpenError);
        }
        let (len, rest) = plain.split_first().ok_or(OpenError)?;
        let (name, padding) = rest.split_at_checked(usize::from(*len)).ok_or(OpenError)?;
        if padding.iter().any(|b| *b != 0) {
            return Err(OpenError);
        }
        let name = core::str::from_utf8(name).map_err(|_| OpenError)?;
        check_name(name).map_err(|_| OpenError)?;
        Ok(name.to_owned())
    }
}

/// HMAC-SHA256 over the parts in order.
pub(crate) fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HKDF-Expand to at most 255 × 32 bytes, which every caller here stays far below.
pub(crate) fn expand(hkdf: &Hkdf<Sha256>, info: &[u8], out: &mut [u8]) {
    if hkdf.expand(info, out).is_err() {
        unreachable!("asked HKDF for more than 8160 bytes");
    }
}

fn truncate(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
