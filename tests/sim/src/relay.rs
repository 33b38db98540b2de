//! The relay: a mailbox, its disk, and what keeps sockets alive while the mailbox sleeps.

use std::collections::{BTreeMap, BTreeSet};

use hushclip_mailbox::{Event, Mailbox, MemoryStore, Reply, Store as _};
use hushclip_protocol::ids::{ConnId, ItemId, MailboxId};

/// The relay of one account.
pub(crate) struct Relay {
    id: MailboxId,
    mailbox: Mailbox<MemoryStore>,
    /// Open sockets and what is attached to them.
    pub(crate) sockets: BTreeMap<ConnId, Vec<u8>>,
    pub(crate) alarm: Option<u64>,
}

impl Relay {
    pub(crate) fn new(id: MailboxId) -> Self {
        let mailbox = restore(id, MemoryStore::default(), &BTreeMap::new(), None);
        Self { id, mailbox, sockets: BTreeMap::new(), alarm: None }
    }

    pub(crate) fn handle(&mut self, event: Event, now: u64) -> Vec<Reply> {
        if let Event::Closed { conn } = &event {
            self.sockets.remove(conn);
        }
        let replies = self.mailbox.handle(event, now);
        for reply in &replies {
            match reply {
                Reply::Attach { conn, session } => {
                    self.sockets.insert(*conn, session.clone());
                }
                Reply::Close { conn, .. } => {
                    self.sockets.remove(conn);
                }
                Reply::SetAlarm { at_ms } => self.alarm = Some(*at_ms),
                Reply::Send { .. } | Reply::TakeNameplate { .. } | Reply::Wake { .. } => {}
            }
        }
        replies
    }

    pub(crate) fn id(&self) -> MailboxId {
        self.id
    }

    /// How many entries the log has.
    pub(crate) fn log_len(&self) -> usize {
        self.mailbox.store().log_from(0, usize::MAX).map_or(0, |entries| entries.len())
    }

    /// The items that it keeps.
    pub(crate) fn items(&self) -> BTreeSet<ItemId> {
        self.mailbox
            .store()
            .item_rows(0, usize::MAX)
            .map_or(BTreeSet::new(), |rows| rows.iter().map(|row| row.item).collect())
    }

    pub(crate) fn snapshot(&self) -> MemoryStore {
        self.mailbox.store().clone()
    }

    /// The disk is another one, and the process has started anew.
    pub(crate) fn roll_back(&mut self, disk: MemoryStore) {
        self.sockets.clear();
        self.alarm = None;
        self.mailbox = restore(self.id, disk, &self.sockets, None);
    }

    /// Memory is gone; disk, sockets and attachments stay.
    pub(crate) fn hibernate(&mut self) {
        let store = self.mailbox.store().clone();
        self.mailbox = restore(self.id, store, &self.sockets, self.alarm);
    }

    /// The process is gone; the disk stays.
    pub(crate) fn restart(&mut self) -> Vec<ConnId> {
        let closed = std::mem::take(&mut self.sockets).into_keys().collect();
        self.hibernate();
        closed
    }

    /// Makes the disk full, or not.
    pub(crate) fn fill(&mut self, full: bool) {
        self.mailbox.store_mut().full = full;
    }

    /// Everything on the relay's disk.
    pub(crate) fn dump(&self) -> Vec<u8> {
        self.mailbox.store().dump()
    }
}

fn restore(
    id: MailboxId,
    store: MemoryStore,
    sockets: &BTreeMap<ConnId, Vec<u8>>,
    alarm: Option<u64>,
) -> Mailbox<MemoryStore> {
    Mailbox::restore(id, store, sockets.values().map(Vec::as_slice), alarm).expect("a store in memory does not fail")
}
