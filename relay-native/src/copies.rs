//! Backup, restore, check: what an admin does beside a running relay.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hushclip_mailbox::verify_log;
use hushclip_protocol::ids::MailboxId;
use rusqlite::Connection;

use crate::folder::{self, Folder, FolderError};
use crate::schema;
use crate::store::MailboxStore;

type Done = Result<(), Box<dyn Error>>;

/// Writes one consistent copy of everything into a new file.
pub(crate) fn backup(data: &Path, to: &Path) -> Done {
    if to.exists() {
        return Err(format!("{} is there already", to.display()).into());
    }
    let db = folder::open_beside(data)?;
    write_copy(&db, to)?;
    told(&folder::open_file(to)?, "saved")
}

/// Fills a folder without accounts from a backup.
pub(crate) fn restore(data: &Path, from: &Path) -> Done {
    let folder = Folder::take(data)?;
    let database = folder.database();
    if database.exists() {
        return Err(format!("{} has accounts already; restore into a new folder", data.display()).into());
    }
    if !from.is_file() {
        return Err(format!("there is no file {}", from.display()).into());
    }
    let backup = folder::open_file(from)?;
    examine(&backup)?;
    write_copy(&backup, &database)?;
    drop(backup);
    told(&folder.open(None)?, "restored")
}

/// Reads everything.
pub(crate) fn check(data: &Path) -> Done {
    let db = folder::open_beside(data)?;
    examine(&db)?;
    let db = Rc::new(db);
    let ids = accounts(&db)?;
    for id in &ids {
        verify_log(&MailboxStore::new(Rc::clone(&db), *id)).map_err(|_| "an account's log does not verify")?;
    }
    told(&db, "well")
}

/// SQLite's own check.
fn examine(db: &Connection) -> Done {
    let found: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(format!("the database is damaged: {found}").into()) }
}

/// Under another name first, so that nobody takes half a copy for a whole one.
fn write_copy(db: &Connection, to: &Path) -> Done {
    let part = to.with_added_extension("part");
    let shown = |error: std::io::Error| format!("{}: {error}", to.display());
    if part.exists() {
        fs::remove_file(&part).map_err(shown)?;
    }
    db.execute("VACUUM INTO ?", [part.to_str().ok_or("the file's name is no text")?])?;
    File::open(&part).and_then(|file| file.sync_all()).map_err(shown)?;
    fs::rename(&part, to).map_err(shown)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(PathBuf::from("."), Into::into);
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(shown)?;
    Ok(())
}

fn accounts(db: &Connection) -> Result<Vec<MailboxId>, rusqlite::Error> {
    let mut statement = db.prepare("SELECT DISTINCT mailbox FROM log")?;
    let rows = statement.query_map([], |row| Ok(MailboxId::from_bytes(row.get(0)?)))?;
    rows.collect()
}

fn told(db: &Connection, what: &str) -> Done {
    let accounts: i64 = db.query_row("SELECT count(DISTINCT mailbox) FROM log", [], |row| row.get(0))?;
    let items: i64 = db.query_row("SELECT count(*) FROM items", [], |row| row.get(0))?;
    let schema = schema::version(db).map_err(|error| FolderError::Schema(PathBuf::new(), error))?;
    println!("{what}: {accounts} accounts, {items} items, schema {schema}");
    Ok(())
}
