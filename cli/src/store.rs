//! The database of a home: which key seals the records, where that key is, and what has been printed. The records
//! themselves belong to the client.

use std::path::Path;
use std::time::Duration;

use hushclip_client::{Key, Sqlite, SqliteError};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::home::private_file;
use crate::keeper::{Keeper, KeyId};

/// The version of the layout. In 1, records were not sealed.
const FORMAT: i64 = 2;
/// How long the device may take to write to the same database.
const BUSY: Duration = Duration::from_mins(1);
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
    Records(#[from] SqliteError),
    #[error("it was made by another version of Hushclip, which stores things differently")]
    Format,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Records(error.into())
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// A database that is not unlocked.
pub(crate) struct Database {
    db: Connection,
}

/// What was printed.
pub(crate) struct Printed {
    db: Connection,
}

impl Database {
    /// Opens the database, and creates it if it is missing. Changes nothing in one it does not understand.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // SQLite gives its side files the mode of the main one.
        private_file(path).map_err(|_| rusqlite::Error::InvalidPath(path.to_owned()))?;
        let mut db = Connection::open(path)?;
        let (format, tables) = look(&db)?;
        if format != FORMAT && (format != 0 || tables > 0) {
            return Err(StoreError::Format);
        }
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

    /// Continues with the key. `fresh` says where it is, for a database that had none.
    pub(crate) fn unlock(self, key: Key, fresh: Option<(KeyId, Keeper)>) -> Result<Sqlite> {
        if let Some((id, keeper)) = fresh {
            let sql = "INSERT INTO vault (one, id, keeper) VALUES (1, ?1, ?2)";
            self.db.execute(sql, params![id.0, keeper.name()])?;
        }
        Ok(Sqlite::with_key(self.db, key)?)
    }
}

/// Seals everything under another key, all or nothing.
pub(crate) fn reseal(store: &mut Sqlite, key: Key, id: KeyId, keeper: Keeper) -> Result<()> {
    let named = |transaction: &rusqlite::Transaction<'_>| {
        transaction.execute("UPDATE vault SET id = ?1, keeper = ?2", params![id.0, keeper.name()]).map(drop)
    };
    Ok(store.reseal(key, named)?)
}

/// Where the key that opens a database is. Changes nothing, and works no matter who owns the home.
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

impl Printed {
    /// In a database that is open already.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "synchronous", "FULL")?;
        Ok(Self { db })
    }

    /// The place in the list up to which clips from other devices have been printed.
    pub(crate) fn get(&self) -> Result<u64> {
        let cursor: Option<i64> = self.db.query_row("SELECT cursor FROM printed", [], |row| row.get(0)).optional()?;
        Ok(cursor.unwrap_or_default().cast_unsigned())
    }

    /// Notes that clips have been printed up to here.
    pub(crate) fn set(&self, cursor: u64) -> Result<()> {
        let sql = "INSERT INTO printed (one, cursor) VALUES (1, ?1)
                   ON CONFLICT (one) DO UPDATE SET cursor = MAX(cursor, excluded.cursor)";
        self.db.execute(sql, [cursor.cast_signed()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAULT: (KeyId, Keeper) = (KeyId([1; 16]), Keeper::File);

    fn key() -> Key {
        Key::from_bytes([1; 32])
    }

    #[test]
    fn says_where_its_key_is_and_what_was_printed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let database = Database::open(&path).unwrap();
        assert_eq!(database.vault().unwrap(), None);
        let mut store = database.unlock(key(), Some(VAULT)).unwrap();
        let printed = Printed::open(&path).unwrap();
        printed.set(7).unwrap();
        printed.set(5).unwrap();
        assert_eq!(peek(&path).unwrap(), Some(VAULT));
        reseal(&mut store, Key::from_bytes([2; 32]), KeyId([2; 16]), Keeper::Keyring).unwrap();
        drop(store);
        assert_eq!(peek(&path).unwrap(), Some((KeyId([2; 16]), Keeper::Keyring)));
        assert_eq!(Printed::open(&path).unwrap().get().unwrap(), 7);
    }

    #[test]
    fn what_it_does_not_understand_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        std::fs::write(&path, b"something else altogether, of some length").unwrap();
        assert!(matches!(Database::open(&path), Err(StoreError::Records(SqliteError::Sqlite(_)))));
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
