//! What a mailbox knows of its items without reading them all: where they begin and end, and when the first one
//! expires. A mailbox wakes for every clip after a pause, and the rows that it reads then are counted, so they are
//! few however much it keeps.

use std::collections::{BTreeSet, HashMap};

use hushclip_protocol::frame::Place;
use hushclip_protocol::ids::ItemId;
use hushclip_protocol::limits;

use crate::store::{ItemRow, Store, StoreError};

/// Rows read at a time.
const PAGE: usize = 64;

/// The items of one mailbox.
#[derive(Debug)]
pub(crate) struct Items {
    /// The greatest cursor ever given out.
    pub(crate) last_cursor: u64,
    oldest: Option<ItemRow>,
    newest: Option<ItemRow>,
    /// When the first item expires of those that do not stay for the longest time.
    brief_ms: Option<u64>,
    /// Names seen since the mailbox woke. This is only a cache: a device whose push was lost either tries the same
    /// place again, or has seen its item by then.
    names: HashMap<ItemId, ItemRow>,
}

impl Items {
    pub(crate) fn restore(store: &impl Store) -> Result<Self, StoreError> {
        let mut items = Self {
            last_cursor: store.cursor_floor()?,
            oldest: None,
            newest: None,
            brief_ms: None,
            names: HashMap::new(),
        };
        items.look(store)?;
        items.last_cursor = items.newest.map_or(0, |row| row.cursor).max(items.last_cursor);
        Ok(items)
    }

    /// Looks up where the items begin and end now.
    fn look(&mut self, store: &impl Store) -> Result<(), StoreError> {
        self.oldest = store.item_rows(0, 1)?.first().copied();
        self.newest = store.newest_item()?;
        self.brief_ms = store.first_brief_expiry()?;
        Ok(())
    }

    /// When the first one expires.
    pub(crate) fn next_expiry(&self) -> Option<u64> {
        // Those that stay longest expire in the order in which they arrived.
        [self.oldest.map(|row| row.expires_ms), self.brief_ms].into_iter().flatten().min()
    }

    /// The next item, `bytes` long.
    pub(crate) fn next_row(&self, item: ItemId, bytes: u64, ttl_s: u32, expires_ms: u64, mark: u64) -> ItemRow {
        let through = self.newest.map_or(0, |row| row.through_bytes) + bytes;
        let is_brief = ttl_s < limits::TTL_S;
        ItemRow { cursor: self.last_cursor + 1, item, bytes, through_bytes: through, is_brief, expires_ms, mark }
    }

    pub(crate) fn insert(&mut self, store: &mut impl Store, row: ItemRow, envelope: &[u8]) -> Result<(), StoreError> {
        store.insert_item(&row, envelope)?;
        self.last_cursor = row.cursor;
        self.oldest.get_or_insert(row);
        self.newest = Some(row);
        if row.is_brief {
            self.brief_ms = Some(self.brief_ms.map_or(row.expires_ms, |at| at.min(row.expires_ms)));
        }
        self.note(&row);
        Ok(())
    }

    /// Remembers an item that was seen.
    pub(crate) fn note(&mut self, row: &ItemRow) {
        self.names.insert(row.item, *row);
    }

    /// The item with this name, if it was stored after the cursor that its sender knows. Reads one row: a push is
    /// stored right after that cursor or not at all, and its sender has seen what was there before.
    pub(crate) fn find(&self, store: &impl Store, item: &ItemId, after: u64) -> Result<Option<ItemRow>, StoreError> {
        if let Some(row) = self.names.get(item) {
            return Ok(Some(*row));
        }
        if after >= self.last_cursor {
            return Ok(None);
        }
        let next = store.item_rows(after, 1)?;
        Ok(next.first().filter(|row| row.item == *item && row.cursor == after + 1).copied())
    }

    /// Whether there is room for `bytes` more, of `most` in all, as far as can be told without reading.
    pub(crate) fn fit(&self, bytes: u64, most: u64) -> bool {
        self.beyond(bytes, most) == 0
    }

    /// By how many bytes this goes beyond `most`, never underestimated: what has gone between the oldest and the
    /// newest still counts until the oldest goes.
    fn beyond(&self, bytes: u64, most: u64) -> u64 {
        let (first, last) = self
            .oldest
            .zip(self.newest)
            .map_or((0, 0), |(oldest, newest)| (oldest.through_bytes - oldest.bytes, newest.through_bytes));
        (last - first + bytes).saturating_sub(most)
    }

    /// The items that are at these places under these names, each once.
    pub(crate) fn at(store: &impl Store, places: &[Place]) -> Result<Vec<ItemRow>, StoreError> {
        let mut rows = Vec::new();
        for (cursor, item) in places.iter().map(|place| (place.cursor, place.item)).collect::<BTreeSet<_>>() {
            let row = store.item_rows(cursor.saturating_sub(1), 1)?;
            rows.extend(row.into_iter().filter(|row| (row.cursor, row.item) == (cursor, item)));
        }
        Ok(rows)
    }

    /// Makes room for `bytes`, of `most` in all, by dropping the oldest items, but none beyond the cursor that every
    /// device has reached; returns whether there is room now. If not, nothing was dropped.
    pub(crate) fn make_room(
        &mut self,
        store: &mut impl Store,
        bytes: u64,
        everywhere: u64,
        most: u64,
    ) -> Result<bool, StoreError> {
        let beyond = self.beyond(bytes, most);
        if beyond == 0 {
            return Ok(true);
        }
        let before = self.oldest.map_or(0, |row| row.through_bytes - row.bytes);
        let mut at = 0;
        let (mut dropped, mut kept) = (0, 0);
        loop {
            let rows = store.item_rows(at, PAGE)?;
            for row in &rows {
                at = row.cursor;
                if at > everywhere {
                    kept += row.bytes;
                } else if row.through_bytes - before >= beyond {
                    self.drop_through(store, at)?;
                    return Ok(true);
                } else {
                    dropped = at;
                }
            }
            if rows.len() < PAGE {
                break;
            }
        }
        // All rows were read, so this is exact.
        let fits = kept + bytes <= most;
        if fits {
            self.drop_through(store, dropped)?;
        }
        Ok(fits)
    }

    /// Keeps only the newest [`limits::ITEMS`] places.
    pub(crate) fn evict_beyond_count(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        let through = self.last_cursor.saturating_sub(limits::ITEMS as u64);
        if self.oldest.is_some_and(|row| row.cursor <= through) { self.drop_through(store, through) } else { Ok(()) }
    }

    /// Drops the items that are at these places under these names.
    pub(crate) fn delete(&mut self, store: &mut impl Store, places: &[Place]) -> Result<(), StoreError> {
        if places.is_empty() {
            return Ok(());
        }
        // A cursor is never given out twice, even when its item is gone.
        if self.newest.is_some_and(|row| places.iter().any(|place| place.cursor == row.cursor)) {
            store.set_cursor_floor(self.last_cursor)?;
        }
        for place in places {
            store.delete_item(place.cursor, &place.item)?;
        }
        self.names.retain(|item, row| !places.contains(&Place { cursor: row.cursor, item: *item }));
        self.look(store)
    }

    /// Drops what has expired.
    pub(crate) fn expire(&mut self, store: &mut impl Store, now: u64) -> Result<(), StoreError> {
        if self.next_expiry().is_none_or(|at| at > now) {
            return Ok(());
        }
        if self.newest.is_some_and(|row| row.expires_ms <= now) {
            store.set_cursor_floor(self.last_cursor)?;
        }
        if self.brief_ms.is_some_and(|at| at <= now) {
            store.delete_brief_items(now)?;
        }
        let (mut at, mut through) = (0, 0);
        loop {
            let rows = store.item_rows(at, PAGE)?;
            let due = rows.iter().take_while(|row| row.expires_ms <= now).count();
            if due > 0 {
                through = rows[due - 1].cursor;
            }
            at = through;
            if due < PAGE {
                break;
            }
        }
        if through > 0 {
            store.delete_items_through(through)?;
        }
        self.names.retain(|_, row| row.expires_ms > now && row.cursor > through);
        self.look(store)
    }

    fn drop_through(&mut self, store: &mut impl Store, cursor: u64) -> Result<(), StoreError> {
        // A cursor is never given out twice, even when its item is gone.
        if self.newest.is_some_and(|row| row.cursor <= cursor) {
            store.set_cursor_floor(self.last_cursor)?;
        }
        store.delete_items_through(cursor)?;
        self.names.retain(|_, row| row.cursor > cursor);
        self.look(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;

    const LARGE: u64 = 256 * 1024;
    const FIT: u64 = limits::ITEM_BYTES / LARGE;

    fn add(items: &mut Items, store: &mut MemoryStore, ttl_s: u32) {
        let name = ItemId::from_bytes((u128::from(items.last_cursor) + 1).to_be_bytes());
        let row = items.next_row(name, LARGE, ttl_s, u64::from(ttl_s) * 1000, 0);
        items.insert(store, row, &[]).unwrap();
    }

    fn cursors(store: &MemoryStore) -> Vec<u64> {
        store.item_rows(0, usize::MAX).unwrap().iter().map(|row| row.cursor).collect()
    }

    #[test]
    fn bytes_that_have_gone_in_between_are_room_before_a_clip_is_refused() {
        let mut store = MemoryStore::default();
        let mut items = Items::restore(&store).unwrap();
        add(&mut items, &mut store, limits::TTL_S);
        for _ in 2..FIT {
            add(&mut items, &mut store, 60);
        }
        add(&mut items, &mut store, limits::TTL_S);
        // Nobody has fetched anything.
        assert_eq!(items.make_room(&mut store, LARGE, 0, limits::ITEM_BYTES), Ok(false));
        items.expire(&mut store, 60_000).unwrap();
        assert_eq!(cursors(&store), [1, FIT]);
        let mut items = Items::restore(&store).unwrap();
        for _ in 2..FIT {
            assert_eq!(items.make_room(&mut store, LARGE, 0, limits::ITEM_BYTES), Ok(true));
            add(&mut items, &mut store, limits::TTL_S);
        }
        assert_eq!(items.make_room(&mut store, LARGE, 0, limits::ITEM_BYTES), Ok(false));
        assert_eq!(cursors(&store).len() as u64, FIT);
        // What all devices have makes room, oldest first, with what has gone in between.
        assert_eq!(items.make_room(&mut store, LARGE, FIT + 1, limits::ITEM_BYTES), Ok(true));
        assert_eq!(cursors(&store)[0], FIT + 1);
    }
}
