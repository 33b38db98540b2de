//! Makes a file of the history and takes one in, under a passphrase that is used once and not kept.

use base64ct::{Base64, Encoding as _};
use hushclip_crypto::archive::{Archive, ArchiveError, ArchivedClip};
use hushclip_engine::{bad_archive, unsealable};
use hushclip_model::{Outcome, Problem};

use crate::{js, rng};

/// The file.
pub(crate) fn seal(archive: &Archive, lost: u32, passphrase: &str) -> Result<Outcome, Problem> {
    let file = archive.seal(&js::composed(passphrase), &mut rng::system()).map_err(unsealable)?;
    Ok(Outcome::Exported { file: Base64::encode_string(&file), clips: archive.clips.len() as u32, lost })
}

/// What is in a file.
pub(crate) fn open(file: &str, passphrase: &str) -> Result<Vec<ArchivedClip>, Problem> {
    let file = Base64::decode_vec(file).map_err(|_| bad_archive(ArchiveError::NotAnArchive))?;
    Ok(Archive::open(&file, &js::composed(passphrase)).map_err(bad_archive)?.clips)
}
