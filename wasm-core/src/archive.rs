//! Makes a file of the history and takes one in, under a passphrase that is used once and not kept.

use data_encoding::BASE64;
use hushclip_crypto::archive::{Archive, ArchiveError};
use hushclip_engine::Event;
use hushclip_engine::archive::{unreadable, unsealable};
use hushclip_model::{ArchiveCommand, Outcome, Problem};

use crate::running::Running;
use crate::{js, rng, time};

pub(crate) fn carry_out(running: &Running, command: ArchiveCommand) -> Result<Outcome, Problem> {
    match command {
        ArchiveCommand::Export { passphrase } => {
            let archive = running.with_engine(|engine| engine.archive(time::now()));
            let file = archive.seal(&js::composed(&passphrase), &mut rng::system()).map_err(unsealable)?;
            Ok(Outcome::Exported { file: BASE64.encode(&file), clips: archive.clips.len() as u32 })
        }
        ArchiveCommand::Import { passphrase, file } => {
            let file = BASE64.decode(file.as_bytes()).map_err(|_| unreadable(ArchiveError::NotAnArchive))?;
            let archive = Archive::open(&file, &js::composed(&passphrase)).map_err(unreadable)?;
            let news = running.with_engine(|engine| engine.importable(archive.clips));
            let added = news.len() as u32;
            running.accept(Event::Import(news));
            Ok(Outcome::Imported { added })
        }
    }
}
