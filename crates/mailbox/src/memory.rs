//! An in-memory store, for the simulator and for tests. What a shell's disk does is tested in the shell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hushclip_protocol::ids::{DeviceId, InviteId, ItemId};
use hushclip_protocol::log::SignedEntry;

use crate::store::{AccountRow, InviteRow, ItemRow, Store, StoreError, Subscription};

/// A [`Store`] whose clones are its crash images.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    log: Vec<SignedEntry>,
    account: Option<AccountRow>,
    membership: Option<Vec<u8>>,
    items: BTreeMap<u64, (ItemRow, Vec<u8>)>,
    floor: u64,
    acked: BTreeMap<DeviceId, u64>,
    invites: BTreeMap<InviteId, InviteRow>,
    subscriptions: BTreeMap<DeviceId, Subscription>,
    /// Makes every write fail like a full disk.
    pub full: bool,
    read: Arc<AtomicU64>,
}

impl MemoryStore {
    fn writable(&self) -> Result<(), StoreError> {
        if self.full { Err(StoreError::Full) } else { Ok(()) }
    }

    /// Rows read so far, including by its clones.
    pub fn rows_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    fn reading<T>(&self, rows: Vec<T>) -> Vec<T> {
        self.read.fetch_add(rows.len() as u64, Ordering::Relaxed);
        rows
    }

    /// What devices have put into the store, in one piece, to be searched for what must not be there.
    pub fn dump(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in &self.log {
            out.extend_from_slice(&entry.entry);
            out.extend_from_slice(&entry.sealed);
        }
        for (_, envelope) in self.items.values() {
            out.extend_from_slice(envelope);
        }
        for subscription in self.subscriptions.values() {
            out.extend_from_slice(subscription.endpoint.as_bytes());
        }
        for note in self.invites.values().flat_map(|row| &row.notes) {
            out.extend_from_slice(note);
        }
        out
    }
}

impl Store for MemoryStore {
    fn log_from(&self, first: u64, limit: usize) -> Result<Vec<SignedEntry>, StoreError> {
        let first = usize::try_from(first).unwrap_or(usize::MAX).min(self.log.len());
        Ok(self.reading(self.log[first..].iter().take(limit).cloned().collect()))
    }

    fn append_log(&mut self, seq: u64, entry: &SignedEntry, membership: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        if seq != self.log.len() as u64 {
            return Err(StoreError::Failed);
        }
        self.log.push(entry.clone());
        self.membership = Some(membership.to_vec());
        Ok(())
    }

    fn account(&self) -> Result<Option<AccountRow>, StoreError> {
        Ok(self.account)
    }

    fn put_account(&mut self, row: &AccountRow) -> Result<(), StoreError> {
        self.writable()?;
        self.account = Some(*row);
        Ok(())
    }

    fn forget(&mut self) -> Result<(), StoreError> {
        *self = Self { full: self.full, ..Self::default() };
        Ok(())
    }

    fn membership(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.reading(self.membership.iter().cloned().collect()).pop())
    }

    fn put_membership(&mut self, encoded: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        self.membership = Some(encoded.to_vec());
        Ok(())
    }

    fn item_rows(&self, after: u64, limit: usize) -> Result<Vec<ItemRow>, StoreError> {
        let range = self.items.range(after.saturating_add(1)..);
        Ok(self.reading(range.take(limit).map(|(_, (row, _))| *row).collect()))
    }

    fn newest_item(&self) -> Result<Option<ItemRow>, StoreError> {
        Ok(self.reading(self.items.values().next_back().map(|(row, _)| *row).into_iter().collect()).pop())
    }

    fn first_brief_expiry(&self) -> Result<Option<u64>, StoreError> {
        let brief = self.items.values().filter(|(row, _)| row.is_brief);
        Ok(self.reading(brief.map(|(row, _)| row.expires_ms).min().into_iter().collect()).pop())
    }

    fn items_after(&self, after: u64, limit: usize) -> Result<Vec<(ItemRow, Vec<u8>)>, StoreError> {
        let range = self.items.range(after.saturating_add(1)..);
        Ok(self.reading(range.take(limit).map(|(_, (row, envelope))| (*row, envelope.clone())).collect()))
    }

    fn insert_item(&mut self, row: &ItemRow, envelope: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        self.items.insert(row.cursor, (*row, envelope.to_vec()));
        Ok(())
    }

    fn delete_item(&mut self, cursor: u64, item: &ItemId) -> Result<(), StoreError> {
        if self.items.get(&cursor).is_some_and(|(row, _)| row.item == *item) {
            self.items.remove(&cursor);
        }
        Ok(())
    }

    fn delete_items_through(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.items = self.items.split_off(&cursor.saturating_add(1));
        Ok(())
    }

    fn delete_brief_items(&mut self, now_ms: u64) -> Result<(), StoreError> {
        self.items.retain(|_, (row, _)| !row.is_brief || row.expires_ms > now_ms);
        Ok(())
    }

    fn cursor_floor(&self) -> Result<u64, StoreError> {
        Ok(self.floor)
    }

    fn set_cursor_floor(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.floor = cursor;
        Ok(())
    }

    fn acked(&self) -> Result<Vec<(DeviceId, u64)>, StoreError> {
        Ok(self.reading(self.acked.iter().map(|(device, cursor)| (*device, *cursor)).collect()))
    }

    fn set_acked(&mut self, device: DeviceId, cursor: u64) -> Result<(), StoreError> {
        self.writable()?;
        self.acked.insert(device, cursor);
        Ok(())
    }

    fn delete_acked(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.writable()?;
        self.acked.remove(device);
        Ok(())
    }

    fn invites(&self) -> Result<Vec<InviteRow>, StoreError> {
        Ok(self.reading(self.invites.values().cloned().collect()))
    }

    fn put_invite(&mut self, row: &InviteRow) -> Result<(), StoreError> {
        self.writable()?;
        self.invites.insert(row.invite, row.clone());
        Ok(())
    }

    fn delete_invite(&mut self, invite: &InviteId) -> Result<(), StoreError> {
        self.invites.remove(invite);
        Ok(())
    }

    fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        Ok(self.reading(self.subscriptions.values().cloned().collect()))
    }

    fn put_subscription(&mut self, subscription: &Subscription) -> Result<(), StoreError> {
        self.writable()?;
        self.subscriptions.insert(subscription.device, subscription.clone());
        Ok(())
    }

    fn delete_subscription(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.subscriptions.remove(device);
        Ok(())
    }
}
