//! Backup, restore, check: what an admin does next to a running relay.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hushclip_mailbox::verify_log;
use hushclip_protocol::ids::MailboxId;
use rusqlite::Connection;

use crate::folder::{self, Folder, FolderError};
use crate::schema;
use crate::space::Space;
use crate::store::MailboxStore;

type Done = Result<(), Box<dyn Error>>;

/// The extension of a copy that is not complete yet.
const PART: &str = "part";
/// In place of a file's name: standard output.
const STANDARD: &str = "-";

/// Writes one consistent copy of everything to a new file that only its owner can read. If `keep` is given, only that
/// many copies are kept.
pub(crate) fn backup(data: &Path, to: &Path, keep: Option<u16>) -> Done {
    if to.as_os_str() == STANDARD {
        return backup_to_output(data);
    }
    if to.exists() {
        return Err(format!("{} already exists", to.display()).into());
    }
    let db = folder::open_beside(data)?;
    write_copy(&db, to)?;
    folder::note_backup(data);
    if let Some(keep) = keep {
        rotate(to, keep)?;
    }
    println!("{}", told(&folder::open_file(to)?, "saved")?);
    Ok(())
}

fn backup_to_output(data: &Path) -> Done {
    let mut output = io::stdout().lock();
    if output.is_terminal() {
        return Err("a backup is not text: redirect standard output to a file or a program".into());
    }
    let db = folder::open_beside(data)?;
    let part = Part::make(&data.join(format!("backup-{}", std::process::id())), &db)?;
    let said = told(&folder::open_file(&part.path)?, "saved")?;
    io::copy(&mut File::open(&part.path)?, &mut output).and_then(|_| output.flush())?;
    folder::note_backup(data);
    eprintln!("{said}");
    Ok(())
}

/// Fills a folder without accounts from a backup.
pub(crate) fn restore(data: &Path, from: &Path) -> Done {
    let folder = Folder::take(data)?;
    let database = folder.database();
    if database.exists() {
        return Err(format!("{} already has accounts; restore into a new folder", data.display()).into());
    }
    if !from.is_file() {
        return Err(format!("there is no file {}", from.display()).into());
    }
    let backup = folder::open_file(from)?;
    examine(&backup)?;
    write_copy(&backup, &database)?;
    drop(backup);
    println!("{}", told(&folder.open(&Space::default())?, "restored")?);
    Ok(())
}

/// Reads everything and checks that it is intact.
pub(crate) fn check(data: &Path) -> Done {
    let db = folder::open_beside(data)?;
    examine(&db)?;
    let db = Rc::new(db);
    let ids = accounts(&db)?;
    for id in &ids {
        verify_log(&MailboxStore::new(Rc::clone(&db), *id, Rc::default()))
            .map_err(|_| "an account's log does not verify")?;
    }
    println!("{}", told(&db, "intact")?);
    Ok(())
}

/// SQLite's own check.
fn examine(db: &Connection) -> Done {
    let found: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(format!("the database is damaged: {found}").into()) }
}

/// A copy under a temporary name, so that nobody takes half a copy for a whole one. It is locked, so that nobody
/// takes it for a leftover, and deleted when this is dropped, unless it got its final name.
struct Part {
    path: PathBuf,
    _lock: File,
}

impl Part {
    fn make(to: &Path, db: &Connection) -> Result<Self, Box<dyn Error>> {
        let path = to.with_added_extension(PART);
        let shown = |error: io::Error| format!("{}: {error}", path.display());
        // SQLite fills an empty file, but one that it created itself would be readable by others.
        let lock = folder::private_file(&path).map_err(shown)?;
        lock.try_lock().map_err(|_| format!("{}: another backup is writing it", path.display()))?;
        lock.set_len(0).map_err(shown)?;
        let part = Self { path, _lock: lock };
        db.execute("VACUUM INTO ?", [part.path.to_str().ok_or("the file's name is not valid UTF-8")?])?;
        File::open(&part.path)
            .and_then(|file| file.sync_all())
            .map_err(|error| format!("{}: {error}", to.display()))?;
        Ok(part)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // If it got its final name, nothing is left here.
        let _ = fs::remove_file(&self.path);
    }
}

fn write_copy(db: &Connection, to: &Path) -> Done {
    let part = Part::make(to, db)?;
    let shown = |error: io::Error| format!("{}: {error}", to.display());
    fs::rename(&part.path, to).map_err(shown)?;
    File::open(parent(to)).and_then(|folder| folder.sync_all()).map_err(shown)?;
    Ok(())
}

/// Deletes all copies next to this one except the newest, and any that were never finished.
fn rotate(to: &Path, keep: u16) -> Done {
    let mut copies = Vec::new();
    for file in fs::read_dir(parent(to))? {
        let path = file?.path();
        let is_part = path.extension().is_some_and(|ending| ending == PART);
        let name = if is_part { path.with_extension("") } else { path.clone() };
        if name.extension() != to.extension() || !path.is_file() {
            continue;
        }
        if !is_part {
            copies.push(path);
        } else if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            fs::remove_file(&path)?;
        }
    }
    copies.sort_unstable();
    let beyond = copies.len().saturating_sub(keep.into());
    for old in copies.iter().take(beyond).filter(|old| old.as_path() != to) {
        fs::remove_file(old)?;
    }
    Ok(())
}

fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(PathBuf::from("."), Into::into)
}

fn accounts(db: &Connection) -> Result<Vec<MailboxId>, rusqlite::Error> {
    let mut statement = db.prepare("SELECT DISTINCT mailbox FROM log")?;
    let rows = statement.query_map([], |row| Ok(MailboxId::from_bytes(row.get(0)?)))?;
    rows.collect()
}

fn told(db: &Connection, what: &str) -> Result<String, Box<dyn Error>> {
    let accounts: i64 = db.query_row("SELECT count(DISTINCT mailbox) FROM log", [], |row| row.get(0))?;
    let items: i64 = db.query_row("SELECT count(*) FROM items", [], |row| row.get(0))?;
    let schema = schema::version(db).map_err(|error| FolderError::Schema(PathBuf::new(), error))?;
    let (accounts, items) = (counted(accounts, "account"), counted(items, "item"));
    Ok(format!("{what}: {accounts}, {items}, schema {schema}"))
}

fn counted(number: i64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
