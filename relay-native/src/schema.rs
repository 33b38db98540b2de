//! The tables of all mailboxes, and how a database of an earlier version is brought up to this one.

use rusqlite::{Connection, TransactionBehavior};

/// Each one takes the database from the version that is its index to the next. Never change one that has been
/// released: add another.
const MIGRATIONS: [&str; 6] = [
    // One b-tree each, in the order in which one account's rows are read, so that a clip means writing one row: only
    // brief items have an index as well. `envelope` comes last, so that the other columns can be read without it.
    "CREATE TABLE items (
        mailbox BLOB NOT NULL, cursor INTEGER NOT NULL, item BLOB NOT NULL, expires INTEGER NOT NULL,
        envelope BLOB NOT NULL, PRIMARY KEY (mailbox, cursor)) WITHOUT ROWID;
     CREATE TABLE log (
        mailbox BLOB NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (mailbox, seq)) WITHOUT ROWID;
     CREATE TABLE invites (
        mailbox BLOB NOT NULL, id BLOB NOT NULL, row BLOB NOT NULL, PRIMARY KEY (mailbox, id)) WITHOUT ROWID;
     CREATE TABLE acked (
        mailbox BLOB NOT NULL, device BLOB NOT NULL, cursor INTEGER NOT NULL,
        PRIMARY KEY (mailbox, device)) WITHOUT ROWID;
     CREATE TABLE floors (mailbox BLOB PRIMARY KEY, cursor INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE alarms (mailbox BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
     CREATE TABLE nameplates (number INTEGER PRIMARY KEY, mailbox BLOB NOT NULL, until INTEGER NOT NULL);",
    "CREATE TABLE subscriptions (
        mailbox BLOB NOT NULL, device BLOB NOT NULL, endpoint TEXT NOT NULL, woken INTEGER NOT NULL,
        PRIMARY KEY (mailbox, device)) WITHOUT ROWID;",
    "CREATE TABLE push_key (id INTEGER PRIMARY KEY CHECK (id = 1), secret BLOB NOT NULL);",
    "CREATE TABLE membership (mailbox BLOB PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;",
    // Items without a mark are of no use to a device that comes back: it reads everything once more. And what is
    // already there is taken for brief, because nobody knows how long it was meant to stay.
    "CREATE TABLE items_5 (
        mailbox BLOB NOT NULL, cursor INTEGER NOT NULL, item BLOB NOT NULL, expires INTEGER NOT NULL,
        through INTEGER NOT NULL, brief INTEGER NOT NULL, mark INTEGER NOT NULL, envelope BLOB NOT NULL,
        PRIMARY KEY (mailbox, cursor)) WITHOUT ROWID;
     INSERT INTO items_5 SELECT mailbox, cursor, item, expires,
        sum(length(envelope)) OVER (PARTITION BY mailbox ORDER BY cursor), 1, 0, envelope FROM items;
     DROP TABLE items;
     ALTER TABLE items_5 RENAME TO items;
     CREATE INDEX items_brief ON items (mailbox, expires) WHERE brief;",
    // Accounts that already exist count as used just now. `doomed` is for `accounts delete` next to a running relay.
    "CREATE TABLE accounts (
        mailbox BLOB PRIMARY KEY, started INTEGER NOT NULL, used INTEGER NOT NULL, log_bytes INTEGER NOT NULL) WITHOUT ROWID;
     INSERT INTO accounts SELECT mailbox, unixepoch() * 1000, unixepoch() * 1000, sum(length(entry)) FROM log GROUP BY mailbox;
     CREATE TABLE doomed (mailbox BLOB PRIMARY KEY) WITHOUT ROWID;",
];
/// The version of the tables that this program works with.
pub(crate) const SCHEMA: usize = MIGRATIONS.len();

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    /// Written by a newer program.
    #[error(
        "the database has schema {0}, but this program knows schemas only up to {SCHEMA}: use a newer hushclip-relay"
    )]
    Newer(usize),
    /// It belongs to another program.
    #[error("this is not a hushclip-relay database")]
    Foreign,
    /// SQLite's own error.
    #[error("the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// The schema version of a database; 0 is an empty one.
pub(crate) fn version(db: &Connection) -> Result<usize, SchemaError> {
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = usize::try_from(found).map_err(|_| SchemaError::Foreign)?;
    if found > SCHEMA {
        return Err(SchemaError::Newer(found));
    }
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if (found == 0) != (tables == 0) {
        return Err(SchemaError::Foreign);
    }
    Ok(found)
}

/// Brings the tables up to date, all or nothing; returns the version it found.
pub(crate) fn migrate(db: &mut Connection) -> Result<usize, SchemaError> {
    migrate_to(db, SCHEMA)
}

fn migrate_to(db: &mut Connection, wanted: usize) -> Result<usize, SchemaError> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for (at, step) in MIGRATIONS.iter().enumerate().take(wanted).skip(found) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", i64::try_from(at + 1).unwrap_or(i64::MAX))?;
    }
    transaction.commit()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(db: &Connection) -> Vec<String> {
        let mut rows = db.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_database_of_every_earlier_version_becomes_one_of_this() {
        let mut fresh = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut fresh).unwrap(), 0);
        for earlier in 1..SCHEMA {
            let mut db = Connection::open_in_memory().unwrap();
            migrate_to(&mut db, earlier).unwrap();
            for (cursor, through) in [(7, 2), (9, 4)] {
                let (more, values) = if earlier < 5 {
                    ("", String::new())
                } else {
                    (", through, brief, mark", format!(", {through}, 1, 0"))
                };
                let item = format!(
                    "INSERT INTO items (mailbox, cursor, item, expires, envelope{more}) VALUES (x'01', ?, x'02', 9, x'0304'{values})"
                );
                db.execute(&item, [cursor]).unwrap();
            }
            assert_eq!(migrate(&mut db).unwrap(), earlier);
            assert_eq!(version(&db).unwrap(), SCHEMA);
            assert_eq!(dump(&db), dump(&fresh));
            let newest = "SELECT cursor, through FROM items ORDER BY cursor DESC";
            let newest: (i64, i64) = db.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            assert_eq!(newest, (9, 4));
        }
        assert_eq!(migrate(&mut fresh).unwrap(), SCHEMA);
    }

    #[test]
    fn later_and_foreign_databases_are_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "user_version", i64::try_from(SCHEMA).unwrap() + 1).unwrap();
        let why = migrate(&mut db).unwrap_err().to_string();
        assert!(why.contains("newer hushclip-relay"), "{why}");
        let mut db = Connection::open_in_memory().unwrap();
        db.execute("CREATE TABLE other (a)", []).unwrap();
        assert!(matches!(migrate(&mut db), Err(SchemaError::Foreign)));
    }
}
