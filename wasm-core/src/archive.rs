//! Makes a file of the history and takes one in, under a passphrase that is used once and not kept.

use data_encoding::BASE64;
use hushclip_crypto::archive::{Archive, ArchiveError};
use hushclip_engine::Event;
use hushclip_engine::{bad_archive, unsealable};
use hushclip_model::{ArchiveCommand, CommandId, Outcome, Problem};

use crate::running::Running;
use crate::{js, rng, time};

/// What came of it; nothing yet where the engine is to answer.
pub(crate) fn carry_out(running: &Running, id: CommandId, command: ArchiveCommand) -> Result<Option<Outcome>, Problem> {
    match command {
        ArchiveCommand::Export { passphrase } => {
            let archive = running.with_engine(|engine| engine.archive(time::now()));
            let file = archive.seal(&js::composed(&passphrase), &mut rng::system()).map_err(unsealable)?;
            Ok(Some(Outcome::Exported { file: BASE64.encode(&file), clips: archive.clips.len() as u32 }))
        }
        ArchiveCommand::Import { passphrase, file } => {
            let file = BASE64.decode(file.as_bytes()).map_err(|_| bad_archive(ArchiveError::NotAnArchive))?;
            let archive = Archive::open(&file, &js::composed(&passphrase)).map_err(bad_archive)?;
            running.accept(Event::Import { id, clips: archive.clips });
            Ok(None)
        }
    }
}
