//! The membership log at the relay: register, append by compare-and-swap, hand out.

use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::ConnId;
use hushclip_protocol::limits;
use hushclip_protocol::log::{Change, LogError, Membership, SignedEntry};

use crate::{Mailbox, Store, StoreError};

/// Replays a stored log. Every entry was verified when it was appended, so a failure means that the
/// disk has changed.
pub(crate) fn replay(store: &impl Store) -> Result<Option<Membership>, StoreError> {
    let log = store.log()?;
    let Some((first, rest)) = log.split_first() else { return Ok(None) };
    let mut membership = Membership::genesis(first).map_err(|_| StoreError::Failed)?;
    for entry in rest {
        membership.apply(entry).map_err(|_| StoreError::Failed)?;
    }
    Ok(Some(membership))
}

impl<S: Store> Mailbox<S> {
    pub(crate) fn register(&mut self, conn: ConnId, entry: &SignedEntry) -> Result<(), ErrorCode> {
        let registered = Membership::genesis(entry).map_err(|_| ErrorCode::BadEntry)?;
        if registered.account().mailbox() != self.id {
            return Err(ErrorCode::BadEntry);
        }
        match &self.membership {
            Some(known) if known.account() == registered.account() => {}
            Some(_) => return Err(ErrorCode::LogConflict),
            None => {
                self.store.append_log(0, entry)?;
                self.membership = Some(registered);
            }
        }
        self.send(conn, &ToDevice::Registered);
        Ok(())
    }

    pub(crate) fn append(&mut self, entry: &SignedEntry) -> Result<(), ErrorCode> {
        let Some(membership) = &self.membership else { return Err(ErrorCode::UnknownAccount) };
        if entry.hash() == membership.head() {
            // A retry whose first answer was lost. What is stored was verified, its list too.
            let seq = membership.seq();
            if let Some(stored) = self.store.log()?.last() {
                self.announce(seq, stored);
            }
            return Ok(());
        }
        let mut next = membership.clone();
        let change = next.apply(entry).map_err(|error| match error {
            LogError::NotNext | LogError::BadEpoch => ErrorCode::LogConflict,
            _ => ErrorCode::BadEntry,
        })?;
        let seq = next.seq();
        let room = if matches!(change, Change::Removed(_)) { 0 } else { limits::LOG_REMOVALS };
        if seq >= (limits::LOG_ENTRIES - room) as u64 {
            return Err(ErrorCode::StorageFull);
        }
        self.store.append_log(seq, entry)?;
        self.membership = Some(next);
        self.announce(seq, entry);
        if let Change::Removed(device) = change {
            let gone: Vec<_> = self.sessions.values().filter(|s| s.device() == Some(&device)).map(|s| s.conn).collect();
            for conn in gone {
                self.close(conn, CloseCode::Removed);
            }
            self.frames.remove(&device);
            // If it stays on disk, its push service says one day that it is gone.
            let _ = self.unsubscribe(&device);
        }
        Ok(())
    }

    /// Everything that a removed device has not seen: it believes nothing less than the signed entry.
    pub(crate) fn show_removal(&mut self, conn: ConnId, known: u64) -> Result<(), ErrorCode> {
        let log = self.store.log()?;
        let first = usize::try_from(known).unwrap_or(usize::MAX).saturating_add(1).min(log.len());
        for (page, entries) in log[first..].chunks(limits::PULL_ENTRIES.into()).enumerate() {
            let from = (first + page * usize::from(limits::PULL_ENTRIES)) as u64;
            self.send(conn, &ToDevice::LogEntries { from, entries: entries.to_vec(), has_more: false });
        }
        Ok(())
    }

    pub(crate) fn pull_log(&mut self, conn: ConnId, from: u64) -> Result<(), ErrorCode> {
        let log = self.store.log()?;
        let first = usize::try_from(from).unwrap_or(usize::MAX).min(log.len());
        let rest = &log[first..];
        let entries: Vec<_> = rest.iter().take(limits::PULL_ENTRIES.into()).cloned().collect();
        let has_more = rest.len() > entries.len();
        self.send(conn, &ToDevice::LogEntries { from: first as u64, entries, has_more });
        Ok(())
    }

    fn announce(&mut self, seq: u64, entry: &SignedEntry) {
        self.tell_members(None, &ToDevice::LogEntries { from: seq, entries: vec![entry.clone()], has_more: false });
    }
}
