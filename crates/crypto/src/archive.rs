//! A history in a file: sealed under a key of its own, which is sealed under a passphrase. Layout and costs are those
//! of [`crate::vault`]; docs/PROTOCOL.md describes the file byte by byte.

use hushclip_protocol::codec;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::vault::{LockError, LockedKey, UnlockError, VaultKey};

/// What the file begins with.
const MAGIC: &[u8] = b"hushclip/1 history\n";
/// Name that the content is sealed under.
const RECORD: &str = "history";
/// Largest file, bytes: what a device keeps, its marks, and room to grow.
pub const ARCHIVE_BYTES: usize = 128 * 1024 * 1024;

/// `[at, [[item, at, device name, text, html, pinned] …]]`, oldest first.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Archive {
    /// When it was made, milliseconds since 1970.
    #[n(0)]
    pub at_ms: u64,
    /// The clips.
    #[n(1)]
    pub clips: Vec<ArchivedClip>,
}

/// A clip in an archive.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ArchivedClip {
    /// Its name, 16 bytes.
    #[n(0)]
    pub item: hushclip_protocol::ids::ItemId,
    /// When it was copied, milliseconds since 1970.
    #[n(1)]
    pub at_ms: u64,
    /// Name of the device it was copied on.
    #[n(2)]
    pub device: String,
    /// The text.
    #[n(3)]
    pub text: String,
    /// The same as HTML, if there is an HTML form.
    #[n(4)]
    pub html: Option<String>,
    /// Whether it was pinned.
    #[n(5)]
    pub pinned: bool,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Not such a file, or one from a later version.
    #[error("not a Hushclip history, or one from a later version")]
    NotAnArchive,
    /// It was cut short or changed.
    #[error("the file is damaged")]
    Damaged,
    /// The passphrase is wrong.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// There is not enough memory: it takes 64 MiB.
    #[error("there is not enough memory")]
    NoMemory,
}

/// What follows the magic: `[locked key, sealed archive]`.
#[derive(Encode, Decode)]
#[cbor(array)]
struct File {
    #[n(0)]
    key: ByteVec,
    #[n(1)]
    sealed: ByteVec,
}

impl Archive {
    /// Seals it under a passphrase. Takes 64 MiB and about half a second, and a little more for each MiB.
    pub fn seal(&self, passphrase: &str, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, LockError> {
        let key = VaultKey::make(rng);
        let locked = key.lock(passphrase, rng)?;
        let plain = Zeroizing::new(codec::encode(self));
        let sealed = key.seal(RECORD, &plain, rng);
        let file = File { key: locked.encode().into(), sealed: sealed.into() };
        Ok([MAGIC, &codec::encode(&file)].concat())
    }

    /// Opens a file.
    pub fn open(file: &[u8], passphrase: &str) -> Result<Self, ArchiveError> {
        let body = file.strip_prefix(MAGIC).ok_or(ArchiveError::NotAnArchive)?;
        let File { key, sealed } = codec::decode(body, ARCHIVE_BYTES).map_err(|_| ArchiveError::Damaged)?;
        let locked = LockedKey::decode(&key).map_err(|_| ArchiveError::Damaged)?;
        let key = locked.unlock(passphrase).map_err(|error| match error {
            UnlockError::WrongPassphrase => ArchiveError::WrongPassphrase,
            UnlockError::Damaged => ArchiveError::Damaged,
            UnlockError::NoMemory => ArchiveError::NoMemory,
        })?;
        let plain = key.open(RECORD, &sealed).map_err(|_| ArchiveError::Damaged)?;
        codec::decode_growing(&plain, ARCHIVE_BYTES).map_err(|_| ArchiveError::Damaged)
    }
}

impl core::fmt::Debug for ArchivedClip {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ArchivedClip({:?})", self.item)
    }
}

impl core::fmt::Debug for Archive {
    /// Gives only the count: clip text does not belong in logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Archive({} clips)", self.clips.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hushclip_protocol::ids::ItemId;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    fn archive() -> Archive {
        let clip = ArchivedClip {
            item: ItemId::from_bytes([7; ItemId::LEN]),
            at_ms: 1,
            device: "Laptop".into(),
            text: "kept".into(),
            html: None,
            pinned: true,
        };
        Archive { at_ms: 2, clips: vec![clip] }
    }

    #[test]
    fn only_the_whole_file_with_its_passphrase_opens() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let file = archive().seal("four words and more", &mut rng).unwrap();
        assert_eq!(Archive::open(&file, "four words and more").unwrap(), archive());
        assert_eq!(Archive::open(&file, "four words and less").unwrap_err(), ArchiveError::WrongPassphrase);
        assert_eq!(Archive::open(b"PK\x03\x04", "four words and more").unwrap_err(), ArchiveError::NotAnArchive);
        assert_eq!(Archive::open(&file[..file.len() - 1], "four words and more").unwrap_err(), ArchiveError::Damaged);
        let mut changed = file.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(Archive::open(&changed, "four words and more").unwrap_err(), ArchiveError::Damaged);
        assert!(!file.windows(4).any(|part| part == b"kept"));
        assert_eq!(archive().seal("short", &mut rng).unwrap_err(), LockError::TooShort);
    }
}
