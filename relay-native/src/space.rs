//! How much room there is, on the disk and within `--max-size`. It is checked before clips are taken, so that
//! removals, and whatever makes room, never find the disk full.

use std::path::PathBuf;

use hushclip_mailbox::Room;
use hushclip_protocol::limits;
use rusqlite::Connection;

const MIB: u64 = 1024 * 1024;
/// What to leave free on the disk: this much, or a sixteenth of a small one.
const DISK_RESERVE: u64 = 64 * MIB;
/// With less than this left, or a fifth of the whole, measure more often: it is more than one transaction writes.
const NEAR: u64 = 128 * MIB;
/// A relay with no room for the largest clip is full.
const LARGEST: u64 = limits::ENVELOPE_BYTES as u64;

/// What the room is measured against.
#[derive(Debug, Default)]
pub(crate) struct Space {
    /// Where the database is; `None` for one in memory.
    pub(crate) folder: Option<PathBuf>,
    /// Bytes that clips and accounts may take.
    pub(crate) max: Option<u64>,
}

/// The result of measuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Bytes of the database that are in use.
    pub(crate) used: u64,
    /// Bytes it may still take.
    pub(crate) left: u64,
    /// Bytes free on the disk.
    pub(crate) free: Option<u64>,
}

impl Space {
    /// Measures; also works within a transaction, and includes what that has written.
    pub(crate) fn measure(&self, db: &Connection) -> Result<Measured, rusqlite::Error> {
        let number = |pragma: &str| -> Result<u64, rusqlite::Error> {
            db.prepare_cached(pragma)?.query_row([], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
        };
        let page = number("PRAGMA page_size")?;
        let used = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?) * page;
        let disk = self.folder.as_ref().and_then(|folder| rustix::fs::statvfs(folder).ok());
        let disk = disk.map(|disk| (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize));
        let on_disk = disk.map_or(u64::MAX, |(free, all)| free.saturating_sub(DISK_RESERVE.min(all / 16)));
        let left = self.max.map_or(u64::MAX, |max| max.saturating_sub(used)).min(on_disk);
        Ok(Measured { used, left, free: disk.map(|(free, _)| free) })
    }

    /// Pages that SQLite may use: more than clips may, so that there are always some for removals.
    pub(crate) fn pages(&self, page: u64) -> Option<u64> {
        self.max.map(|max| (max + (max / 8).max(MIB)) / page)
    }
}

impl Measured {
    /// What that means for this many accounts.
    pub(crate) fn room(&self, accounts: u64) -> Room {
        let all = self.used.saturating_add(self.left);
        if self.left < LARGEST {
            Room::Nothing
        } else if self.used / 4 >= self.left {
            Room::Scarce { share: all / accounts.max(1) }
        } else {
            Room::Enough
        }
    }

    /// Whether one transaction could use it up.
    pub(crate) const fn is_near(&self) -> bool {
        self.left < NEAR || self.used / 4 >= self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_four_fifths_on_each_account_has_its_share() {
        let measured = |used: u64, left: u64| Measured { used: used * MIB, left: left.saturating_mul(MIB), free: None };
        assert_eq!(measured(79, 21).room(10), Room::Enough);
        assert_eq!(measured(80, 20).room(10), Room::Scarce { share: 10 * MIB });
        assert_eq!(measured(99, 1).room(0), Room::Scarce { share: 100 * MIB });
        assert_eq!(measured(100, 0).room(10), Room::Nothing);
        assert_eq!(Measured { used: 1, left: LARGEST - 1, free: None }.room(10), Room::Nothing);
        assert_eq!(measured(1 << 20, u64::MAX).room(10), Room::Enough);
    }

    #[test]
    fn a_database_is_measured_while_it_grows_and_shrinks() {
        let db = Connection::open_in_memory().unwrap();
        let space = Space { folder: None, max: Some(MIB) };
        db.execute_batch("CREATE TABLE a (b)").unwrap();
        let before = space.measure(&db).unwrap();
        db.execute_batch("BEGIN; INSERT INTO a VALUES (zeroblob(500000))").unwrap();
        let full = space.measure(&db).unwrap();
        assert!(full.used > before.used + 490_000 && full.left < MIB - 490_000, "{full:?}");
        db.execute_batch("DELETE FROM a; COMMIT").unwrap();
        assert!(space.measure(&db).unwrap().used < before.used + 10_000);
        let disk = Space { folder: Some("/".into()), max: None }.measure(&db).unwrap();
        assert!(disk.free.is_some_and(|free| free > disk.left), "{disk:?}");
        assert_eq!(space.pages(4096), Some(512));
    }
}
