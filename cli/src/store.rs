//! The engine's records on disk, in SQLite. A transaction that has returned is on the disk: the
//! engine sends nothing that it could forget. Values hold keys, so nothing here prints them.

use std::path::Path;

use hushclip_engine::Write;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use crate::home::private_file;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS printed (one INTEGER PRIMARY KEY CHECK (one = 1), cursor INTEGER NOT NULL) STRICT;
    PRAGMA user_version = 1;
";

/// An open database.
pub(crate) struct Store {
    db: Connection,
}

impl Store {
    /// Opens the database, and makes it if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // SQLite gives its side files the mode of the main one.
        private_file(path).map_err(|_| rusqlite::Error::InvalidPath(path.to_owned()))?;
        let db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        // A key that is deleted is overwritten, not only forgotten.
        db.pragma_update(None, "secure_delete", true)?;
        db.execute_batch(SCHEMA)?;
        Ok(Self { db })
    }

    /// Everything that was persisted.
    pub(crate) fn records(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut query = self.db.prepare("SELECT key, value FROM record")?;
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Makes all changes or none, durably.
    pub(crate) fn persist(&mut self, writes: &[Write]) -> Result<()> {
        let transaction = self.db.transaction()?;
        for write in writes {
            match write {
                Write::Put { key, value } => {
                    let sql = "INSERT INTO record (key, value) VALUES (?1, ?2)
                               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
                    transaction.execute(sql, params![key, value])?;
                }
                Write::Delete { key } => {
                    transaction.execute("DELETE FROM record WHERE key = ?1", [key])?;
                }
            }
        }
        transaction.commit()
    }

    /// Up to where clips of other devices were printed.
    pub(crate) fn printed(&self) -> Result<u64> {
        let cursor: Option<i64> = self.db.query_row("SELECT cursor FROM printed", [], |row| row.get(0)).optional()?;
        Ok(cursor.unwrap_or_default().cast_unsigned())
    }

    /// Notes that clips were printed up to here.
    pub(crate) fn set_printed(&self, cursor: u64) -> Result<()> {
        let sql = "INSERT INTO printed (one, cursor) VALUES (1, ?1)
                   ON CONFLICT (one) DO UPDATE SET cursor = MAX(cursor, excluded.cursor)";
        self.db.execute(sql, [cursor.cast_signed()]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: &[u8]) -> Write {
        Write::Put { key: key.into(), value: value.into() }
    }

    #[test]
    fn keeps_what_was_persisted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        store.persist(&[put("a", b"1"), put("b", b"2")]).unwrap();
        store.persist(&[put("a", b"3"), Write::Delete { key: "b".into() }]).unwrap();
        store.set_printed(7).unwrap();
        store.set_printed(5).unwrap();
        drop(store);
        let store = Store::open(&path).unwrap();
        assert_eq!(store.records().unwrap(), [("a".to_owned(), b"3".to_vec())]);
        assert_eq!(store.printed().unwrap(), 7);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("state.db")).unwrap();
        store.persist(&[put("a", b"1")]).unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        }
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        std::fs::write(&path, b"something else altogether, of some length").unwrap();
        assert!(Store::open(&path).is_err());
    }
}
