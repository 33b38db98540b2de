//! A mailbox's disk: the SQLite database of its Durable Object. All statements of one event are committed together,
//! and nothing is sent before that. An account that nobody has registered leaves nothing behind: its tables are
//! created with the first log entry.

use hushclip_mailbox::{AccountRow, InviteRow, ItemRow, Store, StoreError, Subscription};
use hushclip_protocol::codec;
use hushclip_protocol::ids::{DeviceId, InviteId, ItemId};
use hushclip_protocol::limits;
use hushclip_protocol::log::SignedEntry;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use worker::{SqlStorage, SqlStorageValue};

use crate::number::{float, number};

/// Version of the tables below.
const SCHEMA: u64 = 5;
/// Each push writes one row: no AUTOINCREMENT, and no index except on brief items. `envelope` comes last, so that the
/// other columns can be read without it.
const TABLES: &str = "
    CREATE TABLE items (cursor INTEGER PRIMARY KEY, item BLOB NOT NULL, expires INTEGER NOT NULL, envelope BLOB NOT NULL);
    CREATE TABLE log (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL);
    CREATE TABLE invites (id BLOB PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE acked (device BLOB PRIMARY KEY, cursor INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;";
/// What each version of the tables adds to the one before, from version 1 on.
const MIGRATIONS: [&str; 4] = [
    "CREATE TABLE subscriptions (device BLOB PRIMARY KEY, endpoint TEXT NOT NULL, woken INTEGER NOT NULL) WITHOUT ROWID;",
    "CREATE TABLE membership (id INTEGER PRIMARY KEY, state BLOB NOT NULL);",
    // Items without a mark are of no use to a device that comes back: it reads everything once more. And what is
    // already there is taken for brief, because nobody knows how long it was meant to stay.
    "CREATE TABLE items_4 (
        cursor INTEGER PRIMARY KEY, item BLOB NOT NULL, expires INTEGER NOT NULL, through INTEGER NOT NULL,
        brief INTEGER NOT NULL, mark INTEGER NOT NULL, envelope BLOB NOT NULL);
     INSERT INTO items_4 SELECT cursor, item, expires, sum(length(envelope)) OVER (ORDER BY cursor), 1, 0, envelope FROM items;
     DROP TABLE items;
     ALTER TABLE items_4 RENAME TO items;
     CREATE INDEX items_brief ON items (expires) WHERE brief;",
    // An account that already exists counts as used just now.
    "CREATE TABLE account (id INTEGER PRIMARY KEY, started INTEGER NOT NULL, used INTEGER NOT NULL, log_bytes INTEGER NOT NULL);
     INSERT INTO account SELECT 0, unixepoch() * 1000, unixepoch() * 1000, sum(length(entry)) FROM log HAVING count(*) > 0;",
];
/// All tables.
const TABLE_NAMES: [&str; 8] = ["items", "log", "invites", "acked", "meta", "subscriptions", "membership", "account"];
const META_SCHEMA: &str = "schema";
const META_FLOOR: &str = "cursor_floor";
/// Largest encoded invite: its messages and a few identifiers.
const INVITE_BYTES: usize = 6 * limits::PAIRING_BYTES;

/// What [`item_row`] reads.
macro_rules! item_columns {
    () => {
        "cursor, item, length(envelope), through, brief, expires, mark"
    };
}

/// The database of one Durable Object.
pub(crate) struct SqlStore {
    sql: SqlStorage,
    has_tables: bool,
    /// The statement that stores an item, as a JavaScript value.
    insert: Option<JsValue>,
}

#[wasm_bindgen]
extern "C" {
    /// `SqlStorage` for the one statement that runs with every clip: its arguments are not in an array, and its bytes
    /// are not copied, as the row is written before the call returns.
    type RawSql;
    #[wasm_bindgen(method, catch, js_name = exec)]
    fn insert_item(
        this: &RawSql,
        statement: &JsValue,
        cursor: f64,
        item: &[u8],
        expires: f64,
        through: f64,
        brief: f64,
        mark: f64,
        envelope: &[u8],
    ) -> Result<(), JsValue>;
}

impl SqlStore {
    /// Opens the database. Fails if it was written by a later version.
    pub(crate) fn open(sql: SqlStorage) -> Result<Self, StoreError> {
        let mut store = Self { sql, has_tables: false, insert: None };
        let tables = store.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'", vec![])?;
        store.has_tables = !tables.is_empty();
        if store.has_tables {
            store.migrate()?;
        }
        Ok(store)
    }

    /// Brings the tables of an earlier version up to date, in the transaction of the event that woke
    /// this object.
    fn migrate(&mut self) -> Result<(), StoreError> {
        let found = self.meta(META_SCHEMA)?.filter(|found| (1..=SCHEMA).contains(found)).ok_or(StoreError::Failed)?;
        for version in found..SCHEMA {
            self.write(MIGRATIONS[version as usize - 1], vec![])?;
            self.set_meta(META_SCHEMA, version + 1)?;
        }
        Ok(())
    }

    fn make_tables(&mut self) -> Result<(), StoreError> {
        if !self.has_tables {
            self.write(TABLES, vec![])?;
            self.set_meta(META_SCHEMA, 1)?;
            self.has_tables = true;
            self.migrate()?;
        }
        Ok(())
    }

    fn meta(&self, key: &str) -> Result<Option<u64>, StoreError> {
        let rows = self.read("SELECT value FROM meta WHERE key = ?", vec![key.into()])?;
        rows.first().map(|row| integer(row, 0)).transpose()
    }

    fn set_meta(&self, key: &str, value: u64) -> Result<(), StoreError> {
        self.write("INSERT OR REPLACE INTO meta VALUES (?, ?)", vec![key.into(), number(value)])
    }

    /// All rows of a query on our own tables.
    fn read(&self, query: &str, bindings: Vec<JsValue>) -> Result<Vec<Row>, StoreError> {
        if self.has_tables { self.rows(query, bindings) } else { Ok(Vec::new()) }
    }

    fn rows(&self, query: &str, bindings: Vec<JsValue>) -> Result<Vec<Row>, StoreError> {
        self.sql.exec_raw(query, bindings).map_err(failed)?.raw().map(|row| row.map_err(failed)).collect()
    }

    fn write(&self, query: &str, bindings: Vec<JsValue>) -> Result<(), StoreError> {
        self.sql.exec_raw(query, bindings).map_err(failed)?;
        Ok(())
    }
}

impl Store for SqlStore {
    fn log_from(&self, first: u64, limit: usize) -> Result<Vec<SignedEntry>, StoreError> {
        let query = "SELECT entry FROM log WHERE seq >= ? ORDER BY seq LIMIT ?";
        let rows = self.read(query, vec![number(first), number(limit as u64)])?;
        rows.iter().map(|row| decode(blob(row, 0)?, SignedEntry::BYTES)).collect()
    }

    fn append_log(&mut self, seq: u64, entry: &SignedEntry, membership: &[u8]) -> Result<(), StoreError> {
        self.make_tables()?;
        // The membership goes first: until the entry is there it matches nothing, and one of another log is not
        // believed.
        let before = self.membership()?;
        self.put_membership(membership)?;
        let done = self.write("INSERT INTO log VALUES (?, ?)", vec![number(seq), bytes(&codec::encode(entry))]);
        if let (Err(_), Some(before)) = (done, before) {
            self.put_membership(&before)?;
        }
        done
    }

    fn account(&self) -> Result<Option<AccountRow>, StoreError> {
        let rows = self.read("SELECT started, used, log_bytes FROM account", vec![])?;
        let account = |row: &Row| {
            Ok(AccountRow { started_ms: integer(row, 0)?, used_ms: integer(row, 1)?, log_bytes: integer(row, 2)? })
        };
        rows.first().map(account).transpose()
    }

    fn put_account(&mut self, row: &AccountRow) -> Result<(), StoreError> {
        let values = vec![number(row.started_ms), number(row.used_ms), number(row.log_bytes)];
        self.write("INSERT OR REPLACE INTO account VALUES (0, ?, ?, ?)", values)
    }

    fn forget(&mut self) -> Result<(), StoreError> {
        if self.has_tables {
            self.write(&TABLE_NAMES.map(|table| format!("DROP TABLE {table};")).concat(), vec![])?;
            (self.has_tables, self.insert) = (false, None);
        }
        Ok(())
    }

    fn membership(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.read("SELECT state FROM membership", vec![])?;
        rows.first().map(|row| blob(row, 0).map(<[u8]>::to_vec)).transpose()
    }

    fn put_membership(&mut self, encoded: &[u8]) -> Result<(), StoreError> {
        self.write("INSERT OR REPLACE INTO membership VALUES (0, ?)", vec![bytes(encoded)])
    }

    fn item_rows(&self, after: u64, limit: usize) -> Result<Vec<ItemRow>, StoreError> {
        let query = concat!("SELECT ", item_columns!(), " FROM items WHERE cursor > ? ORDER BY cursor LIMIT ?");
        self.read(query, vec![number(after), number(limit as u64)])?.iter().map(item_row).collect()
    }

    fn newest_item(&self) -> Result<Option<ItemRow>, StoreError> {
        let query = concat!("SELECT ", item_columns!(), " FROM items ORDER BY cursor DESC LIMIT 1");
        self.read(query, vec![])?.first().map(item_row).transpose()
    }

    fn first_brief_expiry(&self) -> Result<Option<u64>, StoreError> {
        let rows = self.read("SELECT expires FROM items WHERE brief ORDER BY expires LIMIT 1", vec![])?;
        rows.first().map(|row| integer(row, 0)).transpose()
    }

    fn items_after(&self, after: u64, limit: usize) -> Result<Vec<(ItemRow, Vec<u8>)>, StoreError> {
        if !self.has_tables {
            return Ok(Vec::new());
        }
        let query =
            concat!("SELECT ", item_columns!(), ", envelope FROM items WHERE cursor > ? ORDER BY cursor LIMIT ?");
        let cursor = self.sql.exec_raw(query, vec![number(after), number(limit as u64)]).map_err(failed)?;
        let mut items = Vec::new();
        let mut read = 0;
        for row in cursor.raw() {
            let row = row.map_err(failed)?;
            let envelope = blob(&row, 7)?.to_vec();
            read += envelope.len();
            items.push((item_row(&row)?, envelope));
            // Wasm never gives back memory that it has taken.
            if read > limits::FRAME_BYTES {
                break;
            }
        }
        Ok(items)
    }

    fn insert_item(&mut self, row: &ItemRow, envelope: &[u8]) -> Result<(), StoreError> {
        let statement = self.insert.get_or_insert_with(|| "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)".into());
        let (cursor, expires, through) = (float(row.cursor), float(row.expires_ms), float(row.through_bytes));
        let sql: &RawSql = self.sql.as_ref().unchecked_ref();
        let brief = f64::from(u8::from(row.is_brief));
        sql.insert_item(statement, cursor, row.item.as_bytes(), expires, through, brief, float(row.mark), envelope)
            .map_err(|error| failed(error.into()))
    }

    fn delete_item(&mut self, cursor: u64, item: &ItemId) -> Result<(), StoreError> {
        let query = "DELETE FROM items WHERE cursor = ? AND item = ?";
        self.write(query, vec![number(cursor), bytes(item.as_bytes())])
    }

    fn delete_items_through(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.write("DELETE FROM items WHERE cursor <= ?", vec![number(cursor)])
    }

    fn delete_brief_items(&mut self, now_ms: u64) -> Result<(), StoreError> {
        self.write("DELETE FROM items WHERE brief AND expires <= ?", vec![number(now_ms)])
    }

    fn cursor_floor(&self) -> Result<u64, StoreError> {
        Ok(self.meta(META_FLOOR)?.unwrap_or(0))
    }

    fn set_cursor_floor(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.set_meta(META_FLOOR, cursor)
    }

    fn acked(&self) -> Result<Vec<(DeviceId, u64)>, StoreError> {
        let rows = self.read("SELECT device, cursor FROM acked", vec![])?;
        rows.iter().map(|row| Ok((DeviceId::from_bytes(array(row, 0)?), integer(row, 1)?))).collect()
    }

    fn set_acked(&mut self, device: DeviceId, cursor: u64) -> Result<(), StoreError> {
        self.write("INSERT OR REPLACE INTO acked VALUES (?, ?)", vec![bytes(device.as_bytes()), number(cursor)])
    }

    fn delete_acked(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.write("DELETE FROM acked WHERE device = ?", vec![bytes(device.as_bytes())])
    }

    fn invites(&self) -> Result<Vec<InviteRow>, StoreError> {
        let rows = self.read("SELECT row FROM invites", vec![])?;
        // A row in an older format costs an invite, not the mailbox.
        Ok(rows.iter().filter_map(|row| decode(blob(row, 0).ok()?, INVITE_BYTES).ok()).collect())
    }

    fn put_invite(&mut self, row: &InviteRow) -> Result<(), StoreError> {
        let encoded = codec::encode(row);
        self.write("INSERT OR REPLACE INTO invites VALUES (?, ?)", vec![bytes(row.invite.as_bytes()), bytes(&encoded)])
    }

    fn delete_invite(&mut self, invite: &InviteId) -> Result<(), StoreError> {
        self.write("DELETE FROM invites WHERE id = ?", vec![bytes(invite.as_bytes())])
    }

    fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let rows = self.read("SELECT device, endpoint, woken FROM subscriptions", vec![])?;
        let subscription = |row: &Row| {
            let device = DeviceId::from_bytes(array(row, 0)?);
            let Some(SqlStorageValue::String(endpoint)) = row.get(1) else { return Err(StoreError::Failed) };
            Ok(Subscription { device, endpoint: endpoint.clone(), woken_ms: integer(row, 2)? })
        };
        rows.iter().map(subscription).collect()
    }

    fn put_subscription(&mut self, subscription: &Subscription) -> Result<(), StoreError> {
        let Subscription { device, endpoint, woken_ms } = subscription;
        self.write(
            "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?)",
            vec![bytes(device.as_bytes()), endpoint.into(), number(*woken_ms)],
        )
    }

    fn delete_subscription(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.write("DELETE FROM subscriptions WHERE device = ?", vec![bytes(device.as_bytes())])
    }
}

fn item_row(row: &Row) -> Result<ItemRow, StoreError> {
    Ok(ItemRow {
        cursor: integer(row, 0)?,
        item: ItemId::from_bytes(array(row, 1)?),
        bytes: integer(row, 2)?,
        through_bytes: integer(row, 3)?,
        is_brief: integer(row, 4)? != 0,
        expires_ms: integer(row, 5)?,
        mark: integer(row, 6)?,
    })
}

/// The columns of a row, in the order of the query.
type Row = Vec<SqlStorageValue>;

fn bytes(value: &[u8]) -> JsValue {
    Uint8Array::from(value).into()
}

fn integer(row: &Row, column: usize) -> Result<u64, StoreError> {
    match row.get(column) {
        Some(SqlStorageValue::Integer(value)) => u64::try_from(*value).map_err(|_| StoreError::Failed),
        _ => Err(StoreError::Failed),
    }
}

fn blob(row: &Row, column: usize) -> Result<&[u8], StoreError> {
    match row.get(column) {
        Some(SqlStorageValue::Blob(value)) => Ok(value),
        _ => Err(StoreError::Failed),
    }
}

fn array<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], StoreError> {
    blob(row, column)?.try_into().map_err(|_| StoreError::Failed)
}

fn decode<'b, T: minicbor::Decode<'b, ()> + minicbor::Encode<()>>(
    bytes: &'b [u8],
    cap: usize,
) -> Result<T, StoreError> {
    codec::decode(bytes, cap).map_err(|_| StoreError::Failed)
}

/// SQLite names statements and tables in its errors, never values.
fn failed(error: worker::Error) -> StoreError {
    let text = error.to_string();
    worker::console_error!("the store failed: {text}");
    if text.contains("SQLITE_FULL") || text.contains("disk is full") { StoreError::Full } else { StoreError::Failed }
}
