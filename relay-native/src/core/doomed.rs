//! Accounts that `hushclip-relay accounts delete` wants gone while this process has the database: it names them in a
//! table, and this process, which has their sockets and brains, deletes them.

use hushclip_mailbox::{Event, StoreError};
use hushclip_protocol::ids::MailboxId;
use rusqlite::Connection;

use super::Core;
use super::batch::Batch;
use crate::store::failed;

impl Core {
    /// The accounts named since this last looked.
    pub(super) fn find_doomed(&mut self) -> Vec<MailboxId> {
        // If that fails, it looks again next time.
        self.look().unwrap_or_default()
    }

    fn look(&mut self) -> Result<Vec<MailboxId>, StoreError> {
        // Changes when another connection has written.
        let version =
            self.db.prepare_cached("PRAGMA data_version").and_then(|mut row| row.query_row([], |row| row.get(0)));
        let version: i64 = version.map_err(failed)?;
        if version == self.seen_version {
            return Ok(Vec::new());
        }
        let doomed = list(&self.db).map_err(failed)?;
        if doomed.is_empty() {
            self.seen_version = version;
        }
        Ok(doomed)
    }

    pub(super) fn end_doomed(&mut self, batch: &mut Batch, doomed: &[MailboxId], now: u64) {
        for id in doomed {
            self.event(batch, *id, Event::Forget, now);
            // If it could not be deleted, it stays named.
            let done = "DELETE FROM doomed WHERE mailbox = ?1 AND NOT EXISTS (SELECT 1 FROM log WHERE mailbox = ?1)";
            let _ = self.db.execute(done, [id.as_bytes()]).map_err(failed);
        }
    }
}

/// Accounts that are named, 100 at a time.
fn list(db: &Connection) -> Result<Vec<MailboxId>, rusqlite::Error> {
    let mut statement = db.prepare_cached("SELECT mailbox FROM doomed LIMIT 100")?;
    let rows = statement.query_map([], |row| Ok(MailboxId::from_bytes(row.get(0)?)))?;
    rows.collect()
}
