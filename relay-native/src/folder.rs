//! The relay's folder: one database, and a lock so that no two relays use it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::schema::{self, SchemaError};

const DATABASE: &str = "relay.db";
const LOCK: &str = "relay.lock";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// The system's own word.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// Somebody else has it.
    #[error("another relay is using the folder {0}")]
    Taken(PathBuf),
    /// There is none.
    #[error("there is no relay's database in {0}")]
    Missing(PathBuf),
    /// It is not one of ours, or not well.
    #[error("{0}: {1}")]
    Schema(PathBuf, SchemaError),
}

/// A folder that this process alone writes to.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder, which is made if it is not there.
    pub(crate) fn take(path: &Path) -> Result<Self, FolderError> {
        let io = |error| FolderError::Io(path.to_owned(), error);
        make(path).map_err(io)?;
        let lock = File::create(path.join(LOCK)).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(FolderError::Taken(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(io(error)),
        }
    }

    /// Where the database is or will be.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Opens the database, with its tables brought up to date. It never grows beyond `pages`.
    pub(crate) fn open(&self, pages: Option<u64>) -> Result<Connection, FolderError> {
        let path = self.database();
        let wrong = |error| FolderError::Schema(path.clone(), error);
        let mut db = Connection::open(&path).map_err(|error| wrong(error.into()))?;
        prepare(&db, pages).map_err(|error| wrong(error.into()))?;
        schema::migrate(&mut db).map_err(wrong)?;
        Ok(db)
    }
}

/// What is acknowledged outlasts a power cut, and what is deleted is overwritten. (`fast` would leave the
/// pages that become free, which is most of a picture; `on` writes those once more when it goes, and texts
/// cost the same.)
fn prepare(db: &Connection, pages: Option<u64>) -> Result<(), rusqlite::Error> {
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update_and_check(None, "secure_delete", "on", |_| Ok(()))?;
    db.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))?;
    db.pragma_update(None, "cache_size", -16 * 1024)?;
    if let Some(pages) = pages {
        let pages = i64::try_from(pages).unwrap_or(i64::MAX);
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

/// The database in a folder that a relay may be using at the same time.
pub(crate) fn open_beside(folder: &Path) -> Result<Connection, FolderError> {
    let path = folder.join(DATABASE);
    if !path.exists() {
        return Err(FolderError::Missing(folder.to_owned()));
    }
    open_file(&path)
}

/// A database in a file of any name.
pub(crate) fn open_file(path: &Path) -> Result<Connection, FolderError> {
    let wrong = |error| FolderError::Schema(path.to_owned(), error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|error| wrong(error.into()))?;
    db.busy_timeout(std::time::Duration::from_secs(10)).map_err(|error| wrong(error.into()))?;
    match schema::version(&db).map_err(wrong)? {
        0 => Err(wrong(SchemaError::Foreign)),
        _ => Ok(db),
    }
}

/// Bytes of the database's files.
pub(crate) fn size(database: &Path) -> u64 {
    let log = database.with_extension("db-wal");
    [database, &log].into_iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| meta.len()).sum()
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
