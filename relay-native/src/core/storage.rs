//! Whether the relay can store anything, and how much: for those who push, and for whoever runs it.

use hushclip_mailbox::{Room, StoreError};

use super::{AGAIN_MS, Core};
use crate::metrics::set;
use crate::schema::SCHEMA;
use crate::store::failed;

impl Core {
    /// Measures how much room there is.
    pub(super) fn measure(&mut self) {
        // If even that cannot be read, what follows will say so.
        if let Ok(measured) = self.space.measure(&self.db).map_err(failed) {
            self.room = measured.room(self.census.get().accounts);
            self.measured = Some(measured);
        }
    }

    /// After a failure, checks now and then whether the disk accepts writes again. Otherwise a relay that nobody uses
    /// would be reported as broken forever.
    pub(super) fn probe(&mut self, now: u64) {
        if self.failing.is_none_or(|(_, at)| at > now) {
            return;
        }
        let write = format!("PRAGMA user_version = {SCHEMA}");
        match self.db.execute_batch(&format!("BEGIN IMMEDIATE; {write}; COMMIT")).map_err(failed) {
            Ok(()) => self.failing = None,
            Err(why) => {
                self.failing = Some((why, now + AGAIN_MS));
                if !self.db.is_autocommit() {
                    // Fails only if SQLite has already done so itself.
                    let _ = self.db.execute_batch("ROLLBACK");
                }
            }
        }
    }

    /// Publishes this for `/health`, `/status` and `/metrics`.
    pub(super) fn note_storage(&self) {
        let counters = &self.counters;
        let census = self.census.get();
        let why = self.failing.map(|(why, _)| why);
        set(&counters.accounts_awake, self.accounts.len() as u64);
        set(&counters.sockets, self.sockets.len() as u64);
        set(&counters.accounts, census.accounts);
        set(&counters.items, census.items);
        set(&counters.accounts_started, census.started);
        set(&counters.accounts_ended, census.ended);
        set(&counters.broken, (why == Some(StoreError::Failed)).into());
        set(&counters.full, (why == Some(StoreError::Full) || self.room == Room::Nothing).into());
        set(&counters.scarce, (self.room != Room::Enough).into());
        if let Some(measured) = self.measured {
            set(&counters.stored_bytes, measured.used);
            set(&counters.left_bytes, measured.left);
            set(&counters.free_bytes, measured.free.unwrap_or(u64::MAX));
        }
    }
}
