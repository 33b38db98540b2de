//! One mailbox's part of the database. Nothing is committed here: the core does that for many events
//! at once.

use std::cell::Cell;
use std::rc::Rc;

use hushclip_mailbox::{AccountRow, InviteRow, ItemRow, Store, StoreError, Subscription};
use hushclip_protocol::codec;
use hushclip_protocol::ids::{DeviceId, InviteId, ItemId, MailboxId};
use hushclip_protocol::limits;
use hushclip_protocol::log::SignedEntry;
use rusqlite::{Connection, ErrorCode, Params, Row, params};

use crate::log;

/// Largest encoded invite: its messages and a few identifiers.
const INVITE_BYTES: usize = 6 * limits::PAIRING_BYTES;

/// All tables with rows of a mailbox.
const TABLES: [&str; 10] =
    ["items", "log", "membership", "accounts", "acked", "floors", "invites", "subscriptions", "alarms", "nameplates"];

/// How much is stored, as counted by whatever stores it; uncommitted changes included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) accounts: u64,
    pub(crate) items: u64,
    /// Accounts started since this process started.
    pub(crate) started: u64,
    /// Accounts deleted since then.
    pub(crate) ended: u64,
}

/// The same census, shared by all mailboxes of a database.
pub(crate) type Counted = Rc<Cell<Census>>;

/// What [`item_row`] reads.
macro_rules! item_columns {
    () => {
        "cursor, item, length(envelope), through, brief, expires, mark"
    };
}

/// The rows of one mailbox.
#[derive(Debug)]
pub(crate) struct MailboxStore {
    db: Rc<Connection>,
    id: MailboxId,
    census: Counted,
}

impl MailboxStore {
    /// The rows of `id`.
    pub(crate) const fn new(db: Rc<Connection>, id: MailboxId, census: Counted) -> Self {
        Self { db, id, census }
    }

    fn count(&self, change: impl FnOnce(&mut Census)) {
        let mut census = self.census.get();
        change(&mut census);
        self.census.set(census);
    }

    fn read<T>(
        &self,
        query: &str,
        params: impl Params,
        row: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.db.prepare_cached(query).map_err(failed)?;
        let rows = statement.query_map(params, row).map_err(failed)?;
        rows.map(|row| row.map_err(failed)).collect()
    }

    fn write(&self, query: &str, params: impl Params) -> Result<(), StoreError> {
        self.change(query, params).map(drop)
    }

    /// Returns how many rows were changed.
    fn change(&self, query: &str, params: impl Params) -> Result<u64, StoreError> {
        let changed = self.db.prepare_cached(query).and_then(|mut statement| statement.execute(params));
        changed.map(|rows| rows as u64).map_err(failed)
    }

    fn key(&self) -> &[u8; MailboxId::LEN] {
        self.id.as_bytes()
    }
}

impl Store for MailboxStore {
    fn log_from(&self, first: u64, limit: usize) -> Result<Vec<SignedEntry>, StoreError> {
        let query = "SELECT entry FROM log WHERE mailbox = ? AND seq >= ? ORDER BY seq LIMIT ?";
        let rows = self.read(query, params![self.key(), integer(first), integer(limit as u64)], blob)?;
        rows.iter().map(|row| codec::decode(row, SignedEntry::BYTES).map_err(|_| StoreError::Failed)).collect()
    }

    fn append_log(&mut self, seq: u64, entry: &SignedEntry, membership: &[u8]) -> Result<(), StoreError> {
        self.write("SAVEPOINT entry", [])?;
        let done = self
            .write("INSERT INTO log VALUES (?, ?, ?)", params![self.key(), integer(seq), codec::encode(entry)])
            .and_then(|()| self.put_membership(membership));
        if done.is_err() {
            // If SQLite has ended the transaction, there is nothing left to undo.
            let _ = self.write("ROLLBACK TO entry", []);
        }
        self.write("RELEASE entry", []).and(done)
    }

    fn account(&self) -> Result<Option<AccountRow>, StoreError> {
        let query = "SELECT started, used, log_bytes FROM accounts WHERE mailbox = ?";
        let row = |row: &Row<'_>| {
            Ok(AccountRow { started_ms: unsigned(row, 0)?, used_ms: unsigned(row, 1)?, log_bytes: unsigned(row, 2)? })
        };
        Ok(self.read(query, [self.key()], row)?.pop())
    }

    fn put_account(&mut self, row: &AccountRow) -> Result<(), StoreError> {
        let AccountRow { started_ms, used_ms, log_bytes } = *row;
        let values = params![integer(started_ms), integer(used_ms), integer(log_bytes), self.key()];
        let known = "UPDATE accounts SET started = ?, used = ?, log_bytes = ? WHERE mailbox = ?";
        if self.change(known, values)? == 0 {
            self.write("INSERT INTO accounts (started, used, log_bytes, mailbox) VALUES (?, ?, ?, ?)", values)?;
            self.count(|census| (census.accounts, census.started) = (census.accounts + 1, census.started + 1));
        }
        Ok(())
    }

    fn forget(&mut self) -> Result<(), StoreError> {
        for table in TABLES {
            let gone = self.change(&format!("DELETE FROM {table} WHERE mailbox = ?"), [self.key()])?;
            self.count(|census| match table {
                "items" => census.items = census.items.saturating_sub(gone),
                "accounts" => {
                    (census.accounts, census.ended) = (census.accounts.saturating_sub(gone), census.ended + gone);
                }
                _ => {}
            });
        }
        Ok(())
    }

    fn membership(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read("SELECT state FROM membership WHERE mailbox = ?", [self.key()], blob)?.pop())
    }

    fn put_membership(&mut self, encoded: &[u8]) -> Result<(), StoreError> {
        self.write("INSERT OR REPLACE INTO membership VALUES (?, ?)", params![self.key(), encoded])
    }

    fn item_rows(&self, after: u64, limit: usize) -> Result<Vec<ItemRow>, StoreError> {
        let query =
            concat!("SELECT ", item_columns!(), " FROM items WHERE mailbox = ? AND cursor > ? ORDER BY cursor LIMIT ?");
        self.read(query, params![self.key(), integer(after), integer(limit as u64)], item_row)
    }

    fn newest_item(&self) -> Result<Option<ItemRow>, StoreError> {
        let query = concat!("SELECT ", item_columns!(), " FROM items WHERE mailbox = ? ORDER BY cursor DESC LIMIT 1");
        Ok(self.read(query, [self.key()], item_row)?.pop())
    }

    fn first_brief_expiry(&self) -> Result<Option<u64>, StoreError> {
        let query = "SELECT expires FROM items WHERE mailbox = ? AND brief ORDER BY expires LIMIT 1";
        Ok(self.read(query, [self.key()], |row| unsigned(row, 0))?.pop())
    }

    fn items_after(&self, after: u64, limit: usize) -> Result<Vec<(ItemRow, Vec<u8>)>, StoreError> {
        let query = concat!(
            "SELECT ",
            item_columns!(),
            ", envelope FROM items WHERE mailbox = ? AND cursor > ? ORDER BY cursor LIMIT ?"
        );
        let mut statement = self.db.prepare_cached(query).map_err(failed)?;
        let mut rows = statement.query(params![self.key(), integer(after), integer(limit as u64)]).map_err(failed)?;
        let (mut items, mut read) = (Vec::new(), 0);
        // No more than one frame has room for.
        while let Some(row) = if read > limits::FRAME_BYTES { None } else { rows.next().map_err(failed)? } {
            let envelope: Vec<u8> = row.get(7).map_err(failed)?;
            read += envelope.len();
            items.push((item_row(row).map_err(failed)?, envelope));
        }
        Ok(items)
    }

    fn insert_item(&mut self, row: &ItemRow, envelope: &[u8]) -> Result<(), StoreError> {
        #[cfg(test)]
        faults::strike(envelope);
        let (cursor, expires, through) = (integer(row.cursor), integer(row.expires_ms), integer(row.through_bytes));
        self.write(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                self.key(),
                cursor,
                row.item.as_bytes(),
                expires,
                through,
                row.is_brief,
                integer(row.mark),
                envelope
            ],
        )?;
        self.count(|census| census.items += 1);
        Ok(())
    }

    fn delete_item(&mut self, cursor: u64, item: &ItemId) -> Result<(), StoreError> {
        let query = "DELETE FROM items WHERE mailbox = ? AND cursor = ? AND item = ?";
        let gone = self.change(query, params![self.key(), integer(cursor), item.as_bytes()])?;
        self.count(|census| census.items = census.items.saturating_sub(gone));
        Ok(())
    }

    fn delete_items_through(&mut self, cursor: u64) -> Result<(), StoreError> {
        let query = "DELETE FROM items WHERE mailbox = ? AND cursor <= ?";
        let gone = self.change(query, params![self.key(), integer(cursor)])?;
        self.count(|census| census.items = census.items.saturating_sub(gone));
        Ok(())
    }

    fn delete_brief_items(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let query = "DELETE FROM items WHERE mailbox = ? AND brief AND expires <= ?";
        let gone = self.change(query, params![self.key(), integer(now_ms)])?;
        self.count(|census| census.items = census.items.saturating_sub(gone));
        Ok(())
    }

    fn cursor_floor(&self) -> Result<u64, StoreError> {
        let rows = self.read("SELECT cursor FROM floors WHERE mailbox = ?", [self.key()], |row| unsigned(row, 0))?;
        Ok(rows.first().copied().unwrap_or(0))
    }

    fn set_cursor_floor(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.write("INSERT OR REPLACE INTO floors VALUES (?, ?)", params![self.key(), integer(cursor)])
    }

    fn acked(&self) -> Result<Vec<(DeviceId, u64)>, StoreError> {
        self.read("SELECT device, cursor FROM acked WHERE mailbox = ?", [self.key()], |row| {
            Ok((DeviceId::from_bytes(row.get(0)?), unsigned(row, 1)?))
        })
    }

    fn set_acked(&mut self, device: DeviceId, cursor: u64) -> Result<(), StoreError> {
        let query = "INSERT OR REPLACE INTO acked VALUES (?, ?, ?)";
        self.write(query, params![self.key(), device.as_bytes(), integer(cursor)])
    }

    fn delete_acked(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.write("DELETE FROM acked WHERE mailbox = ? AND device = ?", params![self.key(), device.as_bytes()])
    }

    fn invites(&self) -> Result<Vec<InviteRow>, StoreError> {
        let rows = self.read("SELECT row FROM invites WHERE mailbox = ?", [self.key()], blob)?;
        // A row in an older format costs an invite, not the mailbox.
        Ok(rows.iter().filter_map(|row| codec::decode(row, INVITE_BYTES).ok()).collect())
    }

    fn put_invite(&mut self, row: &InviteRow) -> Result<(), StoreError> {
        let query = "INSERT OR REPLACE INTO invites VALUES (?, ?, ?)";
        self.write(query, params![self.key(), row.invite.as_bytes(), codec::encode(row)])
    }

    fn delete_invite(&mut self, invite: &InviteId) -> Result<(), StoreError> {
        self.write("DELETE FROM invites WHERE mailbox = ? AND id = ?", params![self.key(), invite.as_bytes()])
    }

    fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        self.read("SELECT device, endpoint, woken FROM subscriptions WHERE mailbox = ?", [self.key()], |row| {
            let device = DeviceId::from_bytes(row.get(0)?);
            Ok(Subscription { device, endpoint: row.get(1)?, woken_ms: unsigned(row, 2)? })
        })
    }

    fn put_subscription(&mut self, subscription: &Subscription) -> Result<(), StoreError> {
        let Subscription { device, endpoint, woken_ms } = subscription;
        let query = "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)";
        self.write(query, params![self.key(), device.as_bytes(), endpoint, integer(*woken_ms)])
    }

    fn delete_subscription(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        let query = "DELETE FROM subscriptions WHERE mailbox = ? AND device = ?";
        self.write(query, params![self.key(), device.as_bytes()])
    }
}

/// The integer as SQLite holds it; anything above `i64::MAX` becomes that.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The integer in a column; none of ours is negative.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn item_row(row: &Row<'_>) -> Result<ItemRow, rusqlite::Error> {
    Ok(ItemRow {
        cursor: unsigned(row, 0)?,
        item: ItemId::from_bytes(row.get(1)?),
        bytes: unsigned(row, 2)?,
        through_bytes: unsigned(row, 3)?,
        is_brief: row.get(4)?,
        expires_ms: unsigned(row, 5)?,
        mark: unsigned(row, 6)?,
    })
}

fn blob(row: &Row<'_>) -> Result<Vec<u8>, rusqlite::Error> {
    row.get(0)
}

/// Counts what is stored.
pub(crate) fn census(db: &Connection) -> Result<Census, rusqlite::Error> {
    let count = |table: &str| -> Result<u64, rusqlite::Error> {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| unsigned(row, 0))
    };
    Ok(Census { accounts: count("accounts")?, items: count("items")?, started: 0, ended: 0 })
}

thread_local! {
    /// A single thread owns the database, and what goes wrong with it decides what the others are told.
    static FAULT: Cell<Option<StoreError>> = const { Cell::new(None) };
}

/// What has failed since this was last called; a full disk takes precedence over the errors that follow from it.
pub(crate) fn take_fault() -> Option<StoreError> {
    FAULT.take()
}

/// SQLite names statements and tables in its errors, never values.
pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    log::error("storage", &[("why", &error)]);
    let fault = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        _ => StoreError::Failed,
    };
    if FAULT.get() != Some(StoreError::Full) {
        FAULT.set(Some(fault));
    }
    fault
}

/// A bug that strikes one account, to test what happens to the others.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::RefCell;

    thread_local! {
        static STRUCK: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    }

    /// Makes this thread panic the next time this envelope is stored.
    pub(crate) fn set(envelope: &[u8]) {
        STRUCK.set(Some(envelope.to_vec()));
    }

    pub(super) fn strike(envelope: &[u8]) {
        let struck = STRUCK.with_borrow_mut(|struck| struck.take_if(|struck| struck == envelope));
        assert!(struck.is_none(), "struck by a test");
    }
}
