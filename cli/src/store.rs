//! The engine's records on disk, in SQLite, each sealed under this device's vault key. A transaction
//! that has returned is on the disk: the engine sends nothing that it could forget. Names of records are
//! not sealed: they tell how many there are of what, and which devices there are.

use std::collections::BTreeMap;
use std::path::Path;

use getrandom::SysRng;
use hushclip_crypto::vault::VaultKey;
use hushclip_engine::{CONTENT, Write};
use rand_core::UnwrapErr;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};

use crate::home::private_file;
use crate::keeper::{Keeper, KeyId};

/// How things are laid out. 1 had records that were not sealed.
const FORMAT: i64 = 2;
const SCHEMA: &str = "
    CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE printed (one INTEGER PRIMARY KEY CHECK (one = 1), cursor INTEGER NOT NULL) STRICT;
    CREATE TABLE vault (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL, keeper TEXT NOT NULL) STRICT;
    PRAGMA user_version = 2;
";

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The disk, or what is on it.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A record that this device has not sealed so.
    #[error("a record does not open under the key of this device")]
    Sealed,
    #[error("it was made by another version of Hushclip, which stores things in another way")]
    Format,
}

type Result<T> = std::result::Result<T, StoreError>;

/// A database that is not unlocked.
pub(crate) struct Database {
    db: Connection,
}

/// An open database.
pub(crate) struct Store {
    db: Connection,
    key: VaultKey,
}

impl Database {
    /// Opens the database, and makes it if it is missing. Changes nothing in one that it does not
    /// understand.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // SQLite gives its side files the mode of the main one.
        private_file(path).map_err(|_| rusqlite::Error::InvalidPath(path.to_owned()))?;
        let mut db = Connection::open(path)?;
        let (format, tables) = look(&db)?;
        if format != FORMAT && (format != 0 || tables > 0) {
            return Err(StoreError::Format);
        }
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        // A key that is deleted is overwritten, not only forgotten.
        db.pragma_update(None, "secure_delete", true)?;
        if format == 0 {
            let transaction = db.transaction()?;
            transaction.execute_batch(SCHEMA)?;
            transaction.commit()?;
        }
        Ok(Self { db })
    }

    /// Which key seals the records, and where it is; `None` as long as there are none.
    pub(crate) fn vault(&self) -> Result<Option<(KeyId, Keeper)>> {
        read_vault(&self.db)
    }

    /// Goes on with the key. `fresh` says where it is, for a database that had none.
    pub(crate) fn unlock(self, key: VaultKey, fresh: Option<(KeyId, Keeper)>) -> Result<Store> {
        if let Some((id, keeper)) = fresh {
            let sql = "INSERT INTO vault (one, id, keeper) VALUES (1, ?1, ?2)";
            self.db.execute(sql, params![id.0, keeper.name()])?;
        }
        Ok(Store { db: self.db, key })
    }
}

/// Where the key is that opens a database, without changing anything, whoever owns it.
pub(crate) fn peek(path: &Path) -> Result<Option<(KeyId, Keeper)>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match look(&db)? {
        (FORMAT, _) => read_vault(&db),
        (0, 0) => Ok(None),
        _ => Err(StoreError::Format),
    }
}

fn look(db: &Connection) -> Result<(i64, i64)> {
    let format = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((format, db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?))
}

fn read_vault(db: &Connection) -> Result<Option<(KeyId, Keeper)>> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?));
    let vault = db.query_row("SELECT id, keeper FROM vault", [], row).optional()?;
    let known = |(id, keeper): ([u8; 16], String)| Some((KeyId(id), Keeper::from_name(&keeper)?));
    vault.map(|vault| known(vault).ok_or(StoreError::Format)).transpose()
}

impl Store {
    /// Everything that an engine starts with.
    pub(crate) fn records(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut query = self.db.prepare("SELECT key, value FROM record WHERE key < ?1 OR key >= ?2")?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let rows = query.query_map([CONTENT.start, CONTENT.end], row)?;
        let open = |row: rusqlite::Result<(String, Vec<u8>)>| {
            let (name, sealed) = row?;
            let value = self.key.open(&name, &sealed).map_err(|_| StoreError::Sealed)?;
            Ok((name, value.to_vec()))
        };
        rows.map(open).collect()
    }

    /// Those of these records that are there. What does not open is as good as lost, and so is what cannot be read, as
    /// long as the database answers at all.
    pub(crate) fn read(&self, names: Vec<String>) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut query = self.db.prepare("SELECT value FROM record WHERE key = ?1")?;
        let mut records = BTreeMap::new();
        for name in names {
            let sealed: Option<Vec<u8>> = match query.query_row([&name], |row| row.get(0)).optional() {
                Ok(sealed) => sealed,
                Err(_) => self.printed().map(|_| None)?,
            };
            if let Some(value) = sealed.and_then(|sealed| self.key.open(&name, &sealed).ok()) {
                records.insert(name, value.to_vec());
            }
        }
        Ok(records)
    }

    /// Makes all changes or none, durably.
    pub(crate) fn persist(&mut self, writes: &[Write]) -> Result<()> {
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

    /// Seals everything under another key, all or nothing.
    pub(crate) fn reseal(&mut self, key: VaultKey, id: KeyId, keeper: Keeper) -> Result<()> {
        let transaction = self.db.transaction()?;
        for (name, sealed) in sealed_records(&transaction)? {
            match self.key.open(&name, &sealed) {
                Ok(value) => put(&transaction, &key, &name, &value)?,
                // It is lost already.
                Err(_) if CONTENT.contains(&&*name) => {}
                Err(_) => return Err(StoreError::Sealed),
            }
        }
        let sql = "UPDATE vault SET id = ?1, keeper = ?2";
        transaction.execute(sql, params![id.0, keeper.name()])?;
        transaction.commit()?;
        self.key = key;
        // What is sealed under the old key shall not stay beside it.
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Up to which place in the list clips of other devices were printed.
    pub(crate) fn printed(&self) -> Result<u64> {
        let cursor: Option<i64> = self.db.query_row("SELECT cursor FROM printed", [], |row| row.get(0)).optional()?;
        Ok(cursor.unwrap_or_default().cast_unsigned())
    }

    /// Notes that clips were printed up to here.
    pub(crate) fn set_printed(&self, cursor: u64) -> Result<()> {
        let sql = "INSERT INTO printed (one, cursor) VALUES (1, ?1)
                   ON CONFLICT (one) DO UPDATE SET cursor = MAX(cursor, excluded.cursor)";
        self.db.execute(sql, [cursor.cast_signed()])?;
        Ok(())
    }
}

fn sealed_records(db: &Connection) -> Result<Vec<(String, Vec<u8>)>> {
    let mut query = db.prepare("SELECT key, value FROM record")?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
}

fn put(transaction: &Transaction<'_>, key: &VaultKey, name: &str, value: &[u8]) -> Result<()> {
    let sql = "INSERT INTO record (key, value) VALUES (?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    transaction.execute(sql, params![name, key.seal(name, value, &mut UnwrapErr(SysRng))])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAULT: (KeyId, Keeper) = (KeyId([1; 16]), Keeper::File);

    fn key() -> VaultKey {
        VaultKey::from_bytes([1; 32])
    }

    fn put(key: &str, value: &[u8]) -> Write {
        Write::Put { key: key.into(), value: value.into() }
    }

    fn fresh(path: &Path) -> Store {
        let database = Database::open(path).unwrap();
        assert_eq!(database.vault().unwrap(), None);
        database.unlock(key(), Some(VAULT)).unwrap()
    }

    fn again(path: &Path, key: VaultKey) -> Store {
        Database::open(path).unwrap().unlock(key, None).unwrap()
    }

    #[test]
    fn keeps_what_was_persisted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let mut store = fresh(&path);
        store.persist(&[put("a", b"1"), put("b", b"2")]).unwrap();
        store.persist(&[put("a", b"3"), Write::Delete { key: "b".into() }]).unwrap();
        store.set_printed(7).unwrap();
        store.set_printed(5).unwrap();
        drop(store);
        assert_eq!(peek(&path).unwrap(), Some(VAULT));
        let store = again(&path, key());
        assert_eq!(store.records().unwrap(), [("a".to_owned(), b"3".to_vec())]);
        assert_eq!(store.printed().unwrap(), 7);
    }

    #[test]
    fn another_key_or_a_moved_record_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let mut store = fresh(&path);
        store.persist(&[put("a", b"a canary sings"), put("b", b"2")]).unwrap();
        drop(store);
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(6).any(|bytes| bytes == b"canary"));
        }
        let other = VaultKey::from_bytes([2; 32]);
        assert!(matches!(again(&path, other.clone()).records(), Err(StoreError::Sealed)));
        assert!(matches!(again(&path, other).reseal(key(), VAULT.0, VAULT.1), Err(StoreError::Sealed)));
        assert_eq!(again(&path, key()).records().unwrap().len(), 2);
        let swap = "UPDATE record SET value = (SELECT value FROM record WHERE key = 'b') WHERE key = 'a'";
        again(&path, key()).db.execute(swap, []).unwrap();
        assert!(matches!(again(&path, key()).records(), Err(StoreError::Sealed)));
    }

    #[test]
    fn everything_moves_to_another_key_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let (mut store, other) = (fresh(&path), VaultKey::from_bytes([2; 32]));
        store.persist(&[put("a", b"1"), put("b", b"2")]).unwrap();
        store.reseal(other.clone(), KeyId([2; 16]), Keeper::Keyring).unwrap();
        store.persist(&[put("c", b"3")]).unwrap();
        drop(store);
        assert_eq!(peek(&path).unwrap(), Some((KeyId([2; 16]), Keeper::Keyring)));
        assert_eq!(again(&path, other).records().unwrap().len(), 3);
        assert!(again(&path, key()).records().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mut store = fresh(&folder.path().join("state.db"));
        store.persist(&[put("a", b"1")]).unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        }
    }

    #[test]
    fn what_it_does_not_understand_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        std::fs::write(&path, b"something else altogether, of some length").unwrap();
        assert!(matches!(Database::open(&path), Err(StoreError::Sqlite(_))));
        assert!(std::fs::read(&path).unwrap().starts_with(b"something else"));
        for (name, format) in [("old.db", 1), ("new.db", 3)] {
            let path = folder.path().join(name);
            let db = Connection::open(&path).unwrap();
            db.execute_batch("CREATE TABLE record (key TEXT, value BLOB)").unwrap();
            db.pragma_update(None, "user_version", format).unwrap();
            drop(db);
            let before = std::fs::read(&path).unwrap();
            assert!(matches!(Database::open(&path), Err(StoreError::Format)));
            assert!(matches!(peek(&path), Err(StoreError::Format)));
            assert!(std::fs::read(&path).unwrap() == before);
        }
    }
}
