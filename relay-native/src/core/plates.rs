//! Nameplates on disk, following the rule of [`Nameplate`].

use hushclip_mailbox::{Nameplate, StoreError};
use hushclip_protocol::ids::MailboxId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::store::{failed, integer, unsigned};

fn current(db: &Connection, number: u32) -> Result<Option<Nameplate>, StoreError> {
    let query = "SELECT mailbox, until FROM nameplates WHERE number = ?";
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Nameplate { mailbox: MailboxId::from_bytes(row.get(0)?), until_ms: unsigned(row, 1)? })
    };
    db.prepare_cached(query).and_then(|mut statement| statement.query_row([number], row).optional()).map_err(failed)
}

/// Where a nameplate leads.
pub(super) fn find(db: &Connection, number: u32, now: u64) -> Result<Option<MailboxId>, StoreError> {
    Ok(Nameplate::find(current(db, number)?, now))
}

/// Makes a nameplate lead to a mailbox; returns whether it does now.
pub(super) fn take(db: &Connection, number: u32, wanted: Nameplate, now: u64) -> Result<bool, StoreError> {
    let Some(plate) = Nameplate::take(current(db, number)?, wanted, now) else { return Ok(false) };
    db.prepare_cached("INSERT OR REPLACE INTO nameplates VALUES (?, ?, ?)")
        .and_then(|mut insert| insert.execute(params![number, plate.mailbox.as_bytes(), integer(plate.until_ms)]))
        .map_err(failed)?;
    Ok(true)
}

/// When the first one expires.
pub(super) fn first(db: &Connection) -> Result<Option<u64>, rusqlite::Error> {
    db.query_row("SELECT min(until) FROM nameplates", [], |row| {
        let until: Option<i64> = row.get(0)?;
        Ok(until.and_then(|until| u64::try_from(until).ok()))
    })
}

/// Deletes those that have expired.
pub(super) fn expire(db: &Connection, now: u64) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM nameplates WHERE until <= ?")?.execute([integer(now)])?;
    Ok(())
}
