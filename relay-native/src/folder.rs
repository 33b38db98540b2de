//! The relay's folder: one database, and a lock so that no two relays use it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, OpenFlags};

use crate::schema::{self, SchemaError};
use crate::space::Space;

/// The database's name.
pub(crate) const DATABASE: &str = "relay.db";
const LOCK: &str = "relay.lock";
/// Its modification time is the time of the last backup.
const BACKED_UP: &str = "last-backup";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// The system's own error.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// Another relay has it.
    #[error("another relay is using the folder {0}")]
    Taken(PathBuf),
    /// There is no database.
    #[error("there is no relay database in {0}")]
    Missing(PathBuf),
    /// Somebody else could put another database there.
    #[error("others can write to the folder {0}, and this user cannot change that: run `chmod go-w` on it")]
    Open(PathBuf),
    /// It is not one of ours, or cannot be read.
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
    /// Takes the folder, creating it if necessary.
    pub(crate) fn take(path: &Path) -> Result<Self, FolderError> {
        let io = |error| FolderError::Io(path.to_owned(), error);
        make(path).map_err(io)?;
        if !close_to_others(path).map_err(io)? {
            return Err(FolderError::Open(path.to_owned()));
        }
        let lock = private_file(&path.join(LOCK)).map_err(io)?;
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

    /// Opens the database and brings its tables up to date. It never grows far beyond what `space` allows.
    pub(crate) fn open(&self, space: &Space) -> Result<Connection, FolderError> {
        let path = self.database();
        let wrong = |error| FolderError::Schema(path.clone(), error);
        // The files that SQLite creates next to it get the same mode.
        private_file(&path).map_err(|error| FolderError::Io(path.clone(), error))?;
        let mut db = Connection::open(&path).map_err(|error| wrong(error.into()))?;
        prepare(&db, space).map_err(|error| wrong(error.into()))?;
        schema::migrate(&mut db).map_err(wrong)?;
        Ok(db)
    }
}

/// What is acknowledged survives a power cut, and what is deleted is overwritten. (`fast` would leave the pages that
/// become free, which is most of a picture; `on` writes those once more when it is deleted, and for texts the cost is
/// the same.)
fn prepare(db: &Connection, space: &Space) -> Result<(), rusqlite::Error> {
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update_and_check(None, "secure_delete", "on", |_| Ok(()))?;
    db.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))?;
    db.pragma_update(None, "cache_size", -16 * 1024)?;
    let page: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    if let Some(pages) = space.pages(page.cast_unsigned()) {
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

/// Records that a backup was made now. A failure is not worth an error.
pub(crate) fn note_backup(folder: &Path) {
    let _ = private_file(&folder.join(BACKED_UP)).and_then(|file| file.set_modified(SystemTime::now()));
}

/// When the last backup was made.
pub(crate) fn last_backup(database: &Path) -> Option<SystemTime> {
    fs::metadata(database.with_file_name(BACKED_UP)).ok()?.modified().ok()
}

fn make(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Takes away other users' access to this folder; returns whether they are at least unable to write to it.
fn close_to_others(path: &Path) -> io::Result<bool> {
    let mode = fs::metadata(path)?.permissions().mode();
    let others = mode & 0o077;
    let own = others == 0 || fs::set_permissions(path, Permissions::from_mode(mode & 0o7700)).is_ok();
    Ok(own || mode & 0o022 == 0)
}

/// A file that only its owner can read, created if necessary, whatever the umask.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
    }
    Ok(file)
}
