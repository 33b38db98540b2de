//! `accounts`: lists accounts and how much they hold; exports or deletes one. Works with or without a running relay.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Subcommand;
use hushclip_mailbox::Store as _;
use hushclip_protocol::codec;
use hushclip_protocol::ids::{DeviceId, MailboxId};
use hushclip_protocol::log::Membership;
use hushclip_relay_http::date;
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::folder::{self, Folder, FolderError};
use crate::schema::{self, SCHEMA};
use crate::space::Space;
use crate::store::{MailboxStore, unsigned};

type Done = Result<(), Box<dyn Error>>;

/// Longest stored state of a log.
const STATE: usize = 16 * 1024 * 1024;
/// How long a running relay may take to delete an account.
const SOON: Duration = Duration::from_secs(15);
/// The tables whose rows are copied along with an account; nameplates and alarms do not last.
const COPIED: [&str; 8] = ["items", "log", "membership", "accounts", "acked", "floors", "invites", "subscriptions"];

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// List all accounts, one per line, the largest first.
    List,
    /// Show what is known about one account.
    Show {
        /// The account, as shown by `list`, or the start of it.
        account: String,
    },
    /// Delete one account and everything that belongs to it. Devices that still use it may register it again, if the
    /// relay lets them; they keep what they have stored.
    Delete {
        /// The account, as shown by `list`.
        account: String,
        /// Actually delete it; without this, only show what would be deleted.
        #[arg(long)]
        yes: bool,
    },
    /// Write one account to a file, like a backup of a relay that has no other.
    Export {
        /// The account, as shown by `list`, or the start of it.
        account: String,
        /// The file to create.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

/// One account.
struct Line {
    id: MailboxId,
    started: u64,
    used: u64,
    log_bytes: u64,
    items: u64,
    bytes: u64,
    devices: Vec<DeviceId>,
    entries: u64,
}

/// Carries out the task.
pub(crate) fn run(data: &Path, task: Task) -> Done {
    let db = folder::open_beside(data)?;
    let found = schema::version(&db).map_err(|error| FolderError::Schema(data.to_owned(), error))?;
    if found != SCHEMA {
        return Err(
            format!("the database has schema {found}: start this version of the relay once, then try again").into()
        );
    }
    match task {
        Task::List => list(&db),
        Task::Show { account } => show(&db, find(&db, &account)?),
        Task::Delete { account, yes } => {
            let id = MailboxId::from_hex(&account)
                .ok_or("give the whole name of the account to delete, as shown by `list`")?;
            show(&db, find(&db, &id.to_hex())?)?;
            if !yes {
                return Err("nothing was deleted; add --yes to delete it".into());
            }
            delete(data, db, id)
        }
        Task::Export { account, to } => export(data, &db, find(&db, &account)?, &to),
    }
}

fn list(db: &Connection) -> Done {
    let mut lines = lines(db, "")?;
    lines.sort_by_key(|line| std::cmp::Reverse(line.bytes + line.log_bytes));
    println!(
        "{:32} {:>7} {:>6} {:>11} {:>11}  {:20}  started",
        "account", "devices", "items", "bytes", "log bytes", "last used"
    );
    for line in lines {
        let Line { id, started, used, log_bytes, items, bytes, devices, .. } = line;
        let (devices, used) = (devices.len(), date(used));
        println!("{id} {devices:>7} {items:>6} {bytes:>11} {log_bytes:>11}  {used:20}  {}", date(started));
    }
    Ok(())
}

fn show(db: &Connection, id: MailboxId) -> Done {
    let line = lines(db, &id.to_hex())?.pop().ok_or("there is no such account")?;
    let row = |name: &str, value: &dyn std::fmt::Display| println!("{name:12} {value}");
    row("account", &line.id);
    row("started", &date(line.started));
    row("last used", &date(line.used));
    row("items", &format!("{}, {} bytes", line.items, line.bytes));
    row("log", &format!("{} entries, {} bytes", line.entries, line.log_bytes));
    for device in line.devices {
        let woken = "SELECT 1 FROM subscriptions WHERE mailbox = ? AND device = ?";
        let woken = db.query_row(woken, (id.as_bytes(), device.as_bytes()), |_| Ok(())).optional()?;
        row("device", &format!("{device}{}", if woken.is_some() { ", woken by push" } else { "" }));
    }
    Ok(())
}

/// Accounts whose name starts with `prefix`.
fn lines(db: &Connection, prefix: &str) -> Result<Vec<Line>, rusqlite::Error> {
    let query =
        "SELECT a.mailbox, a.started, a.used, a.log_bytes, count(i.cursor), coalesce(sum(length(i.envelope)), 0),
            (SELECT state FROM membership m WHERE m.mailbox = a.mailbox),
            (SELECT count(*) FROM log l WHERE l.mailbox = a.mailbox)
        FROM accounts a LEFT JOIN items i ON i.mailbox = a.mailbox
        WHERE hex(a.mailbox) LIKE ? || '%' GROUP BY a.mailbox";
    let line = |row: &Row<'_>| {
        let state: Option<Vec<u8>> = row.get(6)?;
        let log: Option<Membership> = state.and_then(|state| codec::decode(&state, STATE).ok());
        Ok(Line {
            id: MailboxId::from_bytes(row.get(0)?),
            started: unsigned(row, 1)?,
            used: unsigned(row, 2)?,
            log_bytes: unsigned(row, 3)?,
            items: unsigned(row, 4)?,
            bytes: unsigned(row, 5)?,
            devices: log.iter().flat_map(Membership::members).map(|(device, _)| *device).collect(),
            entries: unsigned(row, 7)?,
        })
    };
    let mut statement = db.prepare(query)?;
    statement.query_map([prefix], line)?.collect()
}

fn find(db: &Connection, prefix: &str) -> Result<MailboxId, Box<dyn Error>> {
    if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("that is not an account; `accounts list` shows them".into());
    }
    let mut statement = db.prepare("SELECT mailbox FROM accounts WHERE hex(mailbox) LIKE ? || '%' LIMIT 2")?;
    let rows = statement.query_map([prefix], |row| Ok(MailboxId::from_bytes(row.get(0)?)))?;
    match rows.collect::<Result<Vec<_>, _>>()?[..] {
        [] => Err("there is no such account; `accounts list` shows them".into()),
        [id] => Ok(id),
        _ => Err("several accounts start with that; give more of the name".into()),
    }
}

fn delete(data: &Path, db: Connection, id: MailboxId) -> Done {
    match Folder::take(data) {
        Ok(folder) => {
            drop(db);
            let db = Rc::new(folder.open(&Space::default())?);
            db.execute_batch("BEGIN IMMEDIATE")?;
            MailboxStore::new(Rc::clone(&db), id, Rc::default()).forget()?;
            db.execute_batch("COMMIT")?;
        }
        // The relay has sockets and memory that belong to it, so it has to do this itself.
        Err(FolderError::Taken(_)) => {
            db.execute("INSERT OR IGNORE INTO doomed VALUES (?)", [id.as_bytes()])?;
            let asked = Instant::now();
            while db
                .query_row("SELECT 1 FROM doomed WHERE mailbox = ?", [id.as_bytes()], |_| Ok(()))
                .optional()?
                .is_some()
            {
                if asked.elapsed() > SOON {
                    return Err("the relay has not deleted it yet; it will as soon as it can".into());
                }
                sleep(Duration::from_millis(100));
            }
        }
        Err(error) => return Err(error.into()),
    }
    println!("deleted");
    Ok(())
}

fn export(data: &Path, db: &Connection, id: MailboxId, to: &Path) -> Done {
    if to.exists() {
        return Err(format!("{} already exists", to.display()).into());
    }
    let written = folder::private_file(to).map_err(Into::into).and_then(|_| copy_one(data, id, to));
    if written.is_err() {
        // Half a copy is useless.
        let _ = std::fs::remove_file(to);
    }
    written?;
    show(db, id)
}

fn copy_one(data: &Path, id: MailboxId, to: &Path) -> Done {
    let mut copy = Connection::open(to)?;
    schema::migrate(&mut copy)?;
    let from = data.join(folder::DATABASE);
    copy.execute("ATTACH ? AS relay", [from.to_str().ok_or("the folder's name is not valid UTF-8")?])?;
    let transaction = copy.transaction()?;
    for table in COPIED {
        transaction.execute(
            &format!("INSERT INTO main.{table} SELECT * FROM relay.{table} WHERE mailbox = ?"),
            [id.as_bytes()],
        )?;
    }
    transaction.commit()?;
    copy.execute_batch("DETACH relay")?;
    Ok(())
}
