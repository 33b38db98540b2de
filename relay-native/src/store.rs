//! One mailbox's part of the database. Nothing is committed here: the core does that for many events
//! at once.

use std::cell::Cell;
use std::rc::Rc;

use hushclip_mailbox::{InviteRow, ItemRow, Store, StoreError, Subscription};
use hushclip_protocol::codec;
use hushclip_protocol::frame::Item;
use hushclip_protocol::ids::{DeviceId, InviteId, ItemId, MailboxId};
use hushclip_protocol::limits;
use hushclip_protocol::log::SignedEntry;
use rusqlite::{Connection, ErrorCode, Params, Row, params};

use crate::log;

/// Largest encoded invite: its messages and a few identifiers.
const INVITE_BYTES: usize = 6 * limits::PAIRING_BYTES;

/// The rows of one mailbox.
#[derive(Debug)]
pub(crate) struct MailboxStore {
    db: Rc<Connection>,
    id: MailboxId,
}

impl MailboxStore {
    /// Those of `id`.
    pub(crate) const fn new(db: Rc<Connection>, id: MailboxId) -> Self {
        Self { db, id }
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
        self.db.prepare_cached(query).and_then(|mut statement| statement.execute(params)).map_err(failed)?;
        Ok(())
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

    fn append_log(&mut self, seq: u64, entry: &SignedEntry) -> Result<(), StoreError> {
        self.write("INSERT INTO log VALUES (?, ?, ?)", params![self.key(), integer(seq), codec::encode(entry)])
    }

    fn membership(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read("SELECT state FROM membership WHERE mailbox = ?", [self.key()], blob)?.pop())
    }

    fn put_membership(&mut self, encoded: &[u8]) -> Result<(), StoreError> {
        self.write("INSERT OR REPLACE INTO membership VALUES (?, ?)", params![self.key(), encoded])
    }

    fn item_rows(&self) -> Result<Vec<ItemRow>, StoreError> {
        let query = "SELECT cursor, item, length(envelope), expires, mark FROM items WHERE mailbox = ? ORDER BY cursor";
        self.read(query, [self.key()], |row| {
            Ok(ItemRow {
                cursor: unsigned(row, 0)?,
                item: ItemId::from_bytes(row.get(1)?),
                bytes: unsigned(row, 2)?,
                expires_ms: unsigned(row, 3)?,
                mark: unsigned(row, 4)?,
            })
        })
    }

    fn items_after(&self, after: u64, limit: usize) -> Result<Vec<Item>, StoreError> {
        let query = "SELECT cursor, mark, envelope FROM items WHERE mailbox = ? AND cursor > ? ORDER BY cursor LIMIT ?";
        let mut statement = self.db.prepare_cached(query).map_err(failed)?;
        let mut rows = statement.query(params![self.key(), integer(after), integer(limit as u64)]).map_err(failed)?;
        let (mut items, mut read) = (Vec::new(), 0);
        // No more than one frame has room for.
        while let Some(row) = if read > limits::FRAME_BYTES { None } else { rows.next().map_err(failed)? } {
            let envelope: Vec<u8> = row.get(2).map_err(failed)?;
            read += envelope.len();
            let (cursor, mark) = (unsigned(row, 0).map_err(failed)?, unsigned(row, 1).map_err(failed)?);
            items.push(Item { cursor, envelope: envelope.into(), mark });
        }
        Ok(items)
    }

    fn mark(&self, cursor: u64) -> Result<Option<u64>, StoreError> {
        let query = "SELECT mark FROM items WHERE mailbox = ? AND cursor = ?";
        Ok(self.read(query, params![self.key(), integer(cursor)], |row| unsigned(row, 0))?.pop())
    }

    fn insert_item(&mut self, row: &ItemRow, envelope: &[u8]) -> Result<(), StoreError> {
        #[cfg(test)]
        faults::strike(envelope);
        self.write(
            "INSERT INTO items (mailbox, cursor, item, expires, mark, envelope) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                self.key(),
                integer(row.cursor),
                row.item.as_bytes(),
                integer(row.expires_ms),
                integer(row.mark),
                envelope
            ],
        )
    }

    fn delete_items(&mut self, cursors: &[u64]) -> Result<(), StoreError> {
        // Ascending, and mostly without gaps.
        for run in cursors.chunk_by(|a, b| a + 1 == *b) {
            if let [first, ..] = run {
                let last = first + run.len() as u64 - 1;
                let query = "DELETE FROM items WHERE mailbox = ? AND cursor BETWEEN ? AND ?";
                self.write(query, params![self.key(), integer(*first), integer(last)])?;
            }
        }
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

    fn invites(&self) -> Result<Vec<InviteRow>, StoreError> {
        let rows = self.read("SELECT row FROM invites WHERE mailbox = ?", [self.key()], blob)?;
        // One in an older form is an invite lost, not a mailbox.
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

/// The integer as SQLite holds it; the greater half becomes the greatest.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The integer in a column; none of ours is negative.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn blob(row: &Row<'_>) -> Result<Vec<u8>, rusqlite::Error> {
    row.get(0)
}

thread_local! {
    /// One thread has the database, and where it fills up decides what the others are told.
    static FULL: Cell<bool> = const { Cell::new(false) };
}

/// Whether the disk was full since this was last asked.
pub(crate) fn was_full() -> bool {
    FULL.replace(false)
}

/// SQLite names statements and tables in its errors, never values.
pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    log::error("storage", &[("why", &error)]);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            FULL.set(true);
            StoreError::Full
        }
        _ => StoreError::Failed,
    }
}

/// A bug that strikes one account, for tests of what becomes of the others.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::RefCell;

    thread_local! {
        static STRUCK: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    }

    /// The next time that this envelope is stored, this thread panics.
    pub(crate) fn set(envelope: &[u8]) {
        STRUCK.set(Some(envelope.to_vec()));
    }

    pub(super) fn strike(envelope: &[u8]) {
        let struck = STRUCK.with_borrow_mut(|struck| struck.take_if(|struck| struck == envelope));
        assert!(struck.is_none(), "struck by a test");
    }
}
