//! Seals what is stored on a device under a key of its own, and that key under a passphrase: Argon2id (RFC 9106) for
//! the passphrase, XChaCha20-Poly1305 for the rest.

use argon2::{Algorithm, Argon2, Params, Version};
use hushclip_protocol::{codec, label};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::OpenError;
use crate::secret::secret_newtype;

secret_newtype!(
    /// Seals the records of one device.
    VaultKey
);

const RECORD: &str = "hushclip/1 vault-record";
const KEY: &str = "hushclip/1 vault-key";
const NONCE: usize = 24;
const SALT: usize = 16;
/// Largest encoding of a [`LockedKey`].
const BYTES: usize = 256;
const FORMAT: u8 = 1;

/// What Argon2id costs: 64 MiB, three passes, one lane.
const COST: Cost = Cost { m_kib: 64 * 1024, t: 3, p: 1 };
/// What it may cost at most: a stored bundle must not be able to hang the device.
const MOST: Cost = Cost { m_kib: 1024 * 1024, t: 16, p: 4 };

/// Fewest characters in a passphrase.
pub const PASSPHRASE_CHARS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Cost {
    /// KiB of memory.
    #[n(0)]
    m_kib: u32,
    /// Passes.
    #[n(1)]
    t: u32,
    /// Lanes.
    #[n(2)]
    p: u32,
}

/// A vault key under a passphrase: `[1, [KiB, passes, lanes], salt(16), nonce(24), sealed key]`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LockedKey {
    #[n(0)]
    format: u8,
    #[n(1)]
    cost: Cost,
    #[cbor(n(2), with = "minicbor::bytes")]
    salt: [u8; SALT],
    #[cbor(n(3), with = "minicbor::bytes")]
    nonce: [u8; NONCE],
    #[n(4)]
    sealed: ByteVec,
}

/// Why a vault key cannot be unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// Wrong passphrase; or the bundle was changed, which looks the same.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// Not a bundle, or one of a later format, or one with costs lower or higher than this code accepts.
    #[error("the locked key is damaged")]
    Damaged,
    /// There is not enough memory: it takes 64 MiB.
    #[error("there is not enough memory")]
    NoMemory,
}

/// Why a key cannot be put under a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// The passphrase has fewer than [`PASSPHRASE_CHARS`] characters.
    #[error("a passphrase needs at least {PASSPHRASE_CHARS} characters")]
    TooShort,
    /// There is not enough memory: it takes 64 MiB.
    #[error("there is not enough memory")]
    NoMemory,
}

impl VaultKey {
    /// Seals a record: nonce, then ciphertext. Bound to its name, so that no record can pass for another.
    pub fn seal(&self, name: &str, value: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let aad = label::message(RECORD, &[name.as_bytes()]);
        [nonce.as_slice(), &hushclip_aead::seal(&self.0, &nonce, &aad, value)].concat()
    }

    /// Opens a record.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(OpenError)?;
        let aad = label::message(RECORD, &[name.as_bytes()]);
        hushclip_aead::open(&self.0, nonce, &aad, sealed).map(Zeroizing::new).ok_or(OpenError)
    }

    /// Puts the key under a passphrase. White space at its ends does not count; otherwise its bytes are used as they
    /// are, so callers first bring what people type into one Unicode form (NFC).
    pub fn lock(&self, passphrase: &str, rng: &mut dyn CryptoRng) -> Result<LockedKey, LockError> {
        if passphrase.trim().chars().count() < PASSPHRASE_CHARS {
            return Err(LockError::TooShort);
        }
        self.lock_with(COST, passphrase, rng).ok_or(LockError::NoMemory)
    }

    fn lock_with(&self, cost: Cost, passphrase: &str, rng: &mut dyn CryptoRng) -> Option<LockedKey> {
        let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let key = derive(cost, &salt, passphrase)?;
        let sealed = hushclip_aead::seal(&key, &nonce, &aad(cost, &salt), &self.0);
        Some(LockedKey { format: FORMAT, cost, salt, nonce, sealed: sealed.into() })
    }
}

impl LockedKey {
    /// Unlocks the key. Takes 64 MiB and about half a second.
    pub fn unlock(&self, passphrase: &str) -> Result<VaultKey, UnlockError> {
        self.unlock_within(COST, passphrase)
    }

    /// Decodes a stored bundle.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnlockError> {
        codec::decode(bytes, BYTES).map_err(|_| UnlockError::Damaged)
    }

    /// Encodes the bundle, to store it.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    fn unlock_within(&self, floor: Cost, passphrase: &str) -> Result<VaultKey, UnlockError> {
        let Self { format, cost, salt, nonce, sealed } = self;
        let cheap = cost.m_kib < floor.m_kib || cost.t < floor.t || cost.p < floor.p;
        let dear = cost.m_kib > MOST.m_kib || cost.t > MOST.t || cost.p > MOST.p;
        if *format != FORMAT || cheap || dear {
            return Err(UnlockError::Damaged);
        }
        let key = derive(*cost, salt, passphrase).ok_or(UnlockError::NoMemory)?;
        let opened = hushclip_aead::open(&key, nonce, &aad(*cost, salt), sealed).ok_or(UnlockError::WrongPassphrase)?;
        let opened = Zeroizing::new(opened);
        Ok(VaultKey(opened.as_slice().try_into().map_err(|_| UnlockError::Damaged)?))
    }
}

/// The key derived from a passphrase; `None` if there is not enough memory.
fn derive(cost: Cost, salt: &[u8; SALT], passphrase: &str) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(cost.m_kib, cost.t, cost.p, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(passphrase.trim().as_bytes(), salt, key.as_mut_slice()).ok()?;
    Some(key)
}

fn aad(cost: Cost, salt: &[u8; SALT]) -> Vec<u8> {
    let (m, t, p) = (u64::from(cost.m_kib), u64::from(cost.t), u64::from(cost.p));
    label::message(KEY, &[&m.to_be_bytes(), &t.to_be_bytes(), &p.to_be_bytes(), salt])
}

#[cfg(test)]
mod tests {
    use argon2::{AssociatedData, ParamsBuilder};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// For tests only: the real cost would take minutes for all of them.
    const CHEAP: Cost = Cost { m_kib: 8, t: 1, p: 1 };

    // RFC 9106 §5.3.
    #[test]
    fn argon2id_gives_what_the_rfc_says() {
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(base16ct::lower::encode_string(&tag), expected);
    }

    #[test]
    fn records_come_back_under_their_own_name_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = VaultKey::make(&mut rng);
        let sealed = key.seal("clip/1", b"hello", &mut rng);
        assert_eq!(key.open("clip/1", &sealed).unwrap().as_slice(), b"hello");
        assert_ne!(key.seal("clip/1", b"hello", &mut rng), sealed);
        assert!(key.open("clip/2", &sealed).is_err());
        assert!(VaultKey::make(&mut rng).open("clip/1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(key.open("clip/1", &bad).is_err(), "byte {at}");
            assert!(key.open("clip/1", &sealed[..at]).is_err(), "cut to {at}");
        }
    }

    /// The associated data as a stranger would write it down.
    #[test]
    fn what_is_stored_is_bound_to_its_name_and_cost() {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let key = VaultKey::make(&mut rng);
        let sealed = key.seal("clip/1", b"hello", &mut rng);
        let (nonce, text) = sealed.split_first_chunk::<NONCE>().unwrap();
        let aad = b"hushclip/1 vault-record\0clip/1";
        assert_eq!(hushclip_aead::open(&key.0, nonce, aad, text).unwrap(), b"hello");

        let locked = key.lock_with(CHEAP, "correct horse", &mut rng).unwrap();
        let mut bound = b"hushclip/1 vault-key\0\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01".to_vec();
        bound.extend_from_slice(&locked.salt);
        let under = derive(CHEAP, &locked.salt, "correct horse").unwrap();
        assert_eq!(hushclip_aead::open(&under, &locked.nonce, &bound, &locked.sealed).unwrap(), key.0);
        assert_eq!(MOST.m_kib, 1_048_576);
    }

    #[test]
    fn the_passphrase_and_nothing_else_unlocks() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let key = VaultKey::make(&mut rng);
        let locked = key.lock_with(CHEAP, "correct horse", &mut rng).unwrap();
        let unlock = |locked: &LockedKey, passphrase: &str| locked.unlock_within(CHEAP, passphrase);
        assert!(unlock(&locked, " correct horse\n").unwrap() == key);
        assert_eq!(unlock(&locked, "Correct horse").unwrap_err(), UnlockError::WrongPassphrase);
        let bytes = locked.encode();
        assert_eq!(LockedKey::decode(&bytes), Ok(locked.clone()));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            let refused = LockedKey::decode(&bad).and_then(|locked| unlock(&locked, "correct horse"));
            assert!(refused.is_err(), "byte {at}");
        }
        assert_ne!(key.lock_with(CHEAP, "correct horse", &mut rng).unwrap(), locked, "salted");
        assert_eq!(format!("{key:?}"), "VaultKey(…)");
    }

    #[test]
    fn costs_below_the_floor_and_above_reason_are_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let key = VaultKey::make(&mut rng);
        let cheap = key.lock_with(CHEAP, "correct horse", &mut rng).unwrap();
        assert_eq!(cheap.unlock("correct horse").unwrap_err(), UnlockError::Damaged);
        let wrong = [
            Cost { m_kib: COST.m_kib - 1, ..COST },
            Cost { t: COST.t - 1, ..COST },
            Cost { p: 0, ..COST },
            Cost { m_kib: u32::MAX, ..COST },
            Cost { t: u32::MAX, ..COST },
            Cost { p: MOST.p + 1, ..COST },
        ];
        for cost in wrong {
            let locked = LockedKey { cost, ..cheap.clone() };
            assert_eq!(locked.unlock("correct horse").unwrap_err(), UnlockError::Damaged, "{cost:?}");
        }
        assert_eq!(key.lock("seven77", &mut rng), Err(LockError::TooShort));
        assert_eq!(key.lock(" seven77 ", &mut rng), Err(LockError::TooShort));
    }

    #[test]
    fn the_real_cost_works_here() {
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let key = VaultKey::make(&mut rng);
        let locked = key.lock("päßwörtér", &mut rng).unwrap();
        assert!(locked.unlock("päßwörtér").unwrap() == key);
    }
}
