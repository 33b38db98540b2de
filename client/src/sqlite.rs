//! Records in a SQLite table, each sealed under a key. It owns that table and nothing else in the database. A
//! transaction that has returned is on the disk. The names of records are not sealed: they reveal how many of each kind
//! there are, and which devices.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use getrandom::SysRng;
use hushclip_crypto::vault::VaultKey;
use rand_core::UnwrapErr;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};
use zeroize::Zeroizing;

use crate::store::{CONTENT, Records, Store, StoreError, Write};

const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID";
/// The layout version of a database that holds only this table.
const FORMAT: i64 = 1;
/// How long another connection to the same database may take to write.
const BUSY: Duration = Duration::from_mins(1);
/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// SQLite, or the disk below it.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A record does not open under this key.
    #[error("a record cannot be opened with this device's key")]
    Sealed,
    /// The file holds something else, or was laid out by a later version.
    #[error("{0} was not made by this version of Hushclip; nothing in it was changed")]
    Format(PathBuf),
    /// Another process has it open.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// A file beside the database cannot be read or created.
    #[error("cannot open {path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// The key file cannot be read or created.
    #[error("the key file {path}: {error}")]
    KeyFile {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// There are records, but no key for them.
    #[error("the key file {0} is missing, and without it nothing stored here can be opened")]
    KeyMissing(PathBuf),
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        Self::new(error)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        SqliteError::from(error).into()
    }
}

/// A store in a file. Only one process may use it at a time: [`Sqlite::open`] sees to that; a caller that brings its
/// own [`Connection`] has to see to it itself.
pub struct Sqlite {
    db: Connection,
    key: VaultKey,
    /// Locked for as long as this lives.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens the database at `path`, and creates it if it is missing. Its key is in a file beside it, named like it
    /// with `.key` at the end, that only this user can read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        let path = &std::path::absolute(path.as_ref())
            .map_err(|error| SqliteError::File { path: path.as_ref().to_owned(), error })?;
        let lock = own(path)?;
        private_file(path).map_err(|error| SqliteError::File { path: path.to_owned(), error })?;
        // Without SQLite's own reading of names, such as `file:` and `:memory:`.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        let format: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let ours: i64 =
            db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'record'", [], |row| row.get(0))?;
        let is_ours = format == FORMAT && (tables, ours) == (1, 1);
        if !is_ours && (format != 0 || tables > 0) {
            return Err(SqliteError::Format(path.to_owned()));
        }
        let transaction = db.transaction()?;
        transaction.execute(TABLE, [])?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
        prepare(&db)?;
        let records: i64 = db.query_row("SELECT count(*) FROM record", [], |row| row.get(0))?;
        let key = key_at(&path_beside(path, "key"), records > 0)?;
        Ok(Self { db, key, _lock: Some(lock) })
    }

    /// Keeps the records in a database that the caller has opened and owns; it may hold other tables. Keeping the key
    /// is up to the caller.
    pub fn with_key(db: Connection, key: VaultKey) -> Result<Self, SqliteError> {
        prepare(&db)?;
        Ok(Self { db, key, _lock: None })
    }

    /// Seals everything under another key, all or nothing, together with what `also` changes.
    pub fn reseal(
        &mut self,
        key: VaultKey,
        also: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), SqliteError> {
        let transaction = self.db.transaction()?;
        for (name, sealed) in sealed_records(&transaction)? {
            match self.key.open(&name, &sealed) {
                Ok(value) => put(&transaction, &key, &name, &value)?,
                // It is lost already.
                Err(_) if CONTENT.contains(&&*name) => {}
                Err(_) => return Err(SqliteError::Sealed),
            }
        }
        also(&transaction)?;
        transaction.commit()?;
        self.key = key;
        // What is sealed under the old key must not stay beside it.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

impl Store for Sqlite {
    fn records(&mut self) -> Result<Records, StoreError> {
        let mut query = self.db.prepare("SELECT key, value FROM record WHERE key < ?1 OR key >= ?2")?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let rows = query.query_map([CONTENT.start, CONTENT.end], row)?;
        let open = |row: rusqlite::Result<(String, Vec<u8>)>| {
            let (name, sealed) = row?;
            let value = self.key.open(&name, &sealed).map_err(|_| SqliteError::Sealed)?;
            Ok((name, value.to_vec()))
        };
        rows.map(open).collect()
    }

    fn read(&mut self, names: &[String]) -> Result<Records, StoreError> {
        let mut query = self.db.prepare("SELECT value FROM record WHERE key = ?1")?;
        let mut records = Records::new();
        for name in names {
            let sealed: Option<Vec<u8>> = match query.query_row([name], |row| row.get(0)).optional() {
                Ok(sealed) => sealed,
                // A page that cannot be read is lost; a database that does not answer at all is another matter.
                Err(_) => self.db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(None))?,
            };
            if let Some(value) = sealed.and_then(|sealed| self.key.open(name, &sealed).ok()) {
                records.insert(name.clone(), value.to_vec());
            }
        }
        Ok(records)
    }

    fn persist(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let transaction = self.db.transaction()?;
        for write in writes {
            match write {
                Write::Put { key, value } => put(&transaction, &self.key, key, value)?,
                Write::Delete { key } => {
                    transaction.execute("DELETE FROM record WHERE key = ?1", [key])?;
                }
            }
        }
        Ok(transaction.commit()?)
    }
}

impl std::fmt::Debug for Sqlite {
    /// Reveals nothing that is stored.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite")
    }
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // A slow disk of another connection's is no failure of this one.
    db.busy_timeout(BUSY)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // A key that is deleted is overwritten, not only forgotten.
    db.pragma_update(None, "secure_delete", true)?;
    db.execute(TABLE, []).map(drop)
}

fn sealed_records(db: &Connection) -> rusqlite::Result<Vec<(String, Vec<u8>)>> {
    let mut query = db.prepare("SELECT key, value FROM record")?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn put(transaction: &Transaction<'_>, key: &VaultKey, name: &str, value: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO record (key, value) VALUES (?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    transaction.execute(sql, params![name, key.seal(name, value, &mut UnwrapErr(SysRng))]).map(drop)
}

fn path_beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// Opens a file for reading and writing that only its user can read, and creates it if it is missing. SQLite gives its
/// side files the mode of the main one.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes the file for this process, until it is dropped.
fn own(path: &Path) -> Result<File, SqliteError> {
    let lock = path_beside(path, "lock");
    let failed = |error| SqliteError::File { path: lock.clone(), error };
    let file = private_file(&lock).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SqliteError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The key in a file; a new one, if there is no file and nothing is sealed.
fn key_at(path: &Path, is_needed: bool) -> Result<VaultKey, SqliteError> {
    let failed = |error| SqliteError::KeyFile { path: path.to_owned(), error };
    let mut file = private_file(path).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    std::io::Read::by_ref(&mut file).take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if let Ok(key) = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()) {
        return Ok(VaultKey::from_bytes(key));
    }
    if !bytes.is_empty() {
        return Err(failed(std::io::Error::new(ErrorKind::InvalidData, "it does not hold a key")));
    }
    if is_needed {
        return Err(SqliteError::KeyMissing(path.to_owned()));
    }
    let key = VaultKey::make(&mut UnwrapErr(SysRng));
    file.write_all(key.expose()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
