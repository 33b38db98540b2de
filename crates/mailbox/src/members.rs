//! The membership log at the relay: register, append by compare-and-swap, hand out.

use hushclip_protocol::codec;
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{ToDevice, ToRelay};
use hushclip_protocol::ids::ConnId;
use hushclip_protocol::limits;
use hushclip_protocol::log::{Change, LogError, Membership, SignedEntry};

use crate::account::size;
use crate::session::State;
use crate::store::AccountRow;
use crate::{Mailbox, Room, Store, StoreError};

/// Entries read at a time.
const PAGE: usize = 64;
/// Entries that are verified on one waking, if the record of what they say is missing. The rest is left to the next
/// one, so that nobody waits long for somebody else's mailbox.
const VERIFIED_AT_ONCE: u64 = 2048;

/// What the log says. A mailbox wakes for every clip after a pause, so it does not verify again what was verified
/// when it was appended; devices do that for themselves.
pub(crate) fn restore(store: &mut impl Store) -> Result<Option<Membership>, StoreError> {
    let mut membership = noted(store)?;
    let known = membership.as_ref().map_or(0, |noted| noted.seq() + 1);
    let is_whole = replay(store, &mut membership, known + VERIFIED_AT_ONCE)?;
    if let Some(membership) = membership.as_ref().filter(|log| log.seq() >= known) {
        let put = store.put_membership(&codec::encode(membership));
        if !is_whole {
            put?;
        }
    }
    if is_whole { Ok(membership) } else { Err(StoreError::Failed) }
}

/// What was last recorded of the log, if it matches the log: one may have been restored without the other.
fn noted(store: &impl Store) -> Result<Option<Membership>, StoreError> {
    let Some(noted) = store.membership()?.as_deref().and_then(decode) else { return Ok(None) };
    let stands = store.log_from(noted.seq(), 1)?.first().is_some_and(|entry| entry.hash() == noted.head());
    Ok(stands.then_some(noted))
}

/// Replays a stored log with all its signatures. Every entry was verified when it was appended, so a failure means
/// that the data on disk has changed.
pub fn verify_log(store: &impl Store) -> Result<Option<Membership>, StoreError> {
    let mut membership = None;
    replay(store, &mut membership, u64::MAX)?;
    Ok(membership)
}

/// Applies the entries that follow a state, up to this position; returns whether that was all of them.
fn replay(store: &impl Store, membership: &mut Option<Membership>, end: u64) -> Result<bool, StoreError> {
    loop {
        let next = membership.as_ref().map_or(0, |known| known.seq() + 1);
        if next >= end {
            return Ok(store.log_from(next, 1)?.is_empty());
        }
        let page = store.log_from(next, PAGE)?;
        for entry in &page {
            match membership {
                Some(known) => drop(known.apply(entry).map_err(|_| StoreError::Failed)?),
                None => *membership = Some(Membership::genesis(entry).map_err(|_| StoreError::Failed)?),
            }
        }
        if page.len() < PAGE {
            return Ok(true);
        }
    }
}

fn decode(bytes: &[u8]) -> Option<Membership> {
    codec::decode(bytes, Membership::BYTES).ok()
}

impl<S: Store> Mailbox<S> {
    /// Tells where the log stands here, to a device that is showing this relay what it has lost.
    pub(crate) fn tell_log(&mut self, conn: ConnId) {
        let Some((log_seq, log_head)) = self.membership.as_ref().map(|log| (log.seq(), log.head())) else { return };
        self.send(conn, &ToDevice::Registered { log_seq, log_head });
    }

    pub(crate) fn append(&mut self, entry: &SignedEntry) -> Result<(), ErrorCode> {
        let Some(membership) = &self.membership else { return Err(ErrorCode::UnknownAccount) };
        if entry.hash() == membership.head() {
            // A retry whose first answer was lost. What is stored has been verified, including its list.
            let seq = membership.seq();
            if let Some(stored) = self.store.log_from(seq, 1)?.first() {
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
        let bytes = self.log_bytes() + size(entry);
        if !matches!(change, Change::Removed(_)) {
            if self.room == Room::Nothing {
                return Err(ErrorCode::RelayFull);
            }
            if seq >= (limits::LOG_ENTRIES - limits::LOG_REMOVALS) as u64 || bytes > self.policy.quota / 2 {
                return Err(ErrorCode::StorageFull);
            }
        }
        self.store.append_log(seq, entry, &codec::encode(&next))?;
        let account = AccountRow { log_bytes: bytes, ..self.row() };
        // Only a count: what goes uncounted now is bounded by the number of entries.
        if self.store.put_account(&account).is_ok() {
            self.account = Some(account);
        }
        self.membership = Some(next);
        self.announce(seq, entry);
        if let Change::Removed(device) = change {
            // Before its sockets are closed, which would write it down. What stays on disk is ignored on the next
            // waking.
            self.acked.remove(&device);
            let _ = self.store.delete_acked(&device);
            let gone: Vec<_> = self.sessions.values().filter(|s| s.device() == Some(&device)).map(|s| s.conn).collect();
            for conn in gone {
                self.close(conn, CloseCode::Removed);
            }
            // If it stays on disk, its push service will say some day that it is gone.
            let _ = self.unsubscribe(&device);
        }
        Ok(())
    }

    /// Shows a removed device what it has not seen up to its removal, one page each time it asks: it believes nothing
    /// less than the signed entry. Then its socket is closed.
    pub(crate) fn show_removal(&mut self, conn: ConnId, from: u64, last: u64) -> Result<(), ErrorCode> {
        let rest = usize::try_from(last.saturating_add(1).saturating_sub(from)).unwrap_or(usize::MAX);
        let entries = self.store.log_from(from, rest.min(limits::PULL_ENTRIES.into()))?;
        let has_more = rest > entries.len() && !entries.is_empty();
        self.send(conn, &ToDevice::LogEntries { from, entries, has_more });
        if !has_more {
            self.close(conn, CloseCode::Removed);
            return Ok(());
        }
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.state = State::Removed { last };
        }
        self.attach(conn);
        Ok(())
    }

    pub(crate) fn removed_frame(&mut self, conn: ConnId, last: u64, frame: ToRelay) -> Result<(), ErrorCode> {
        if let ToRelay::LogPull { from } = frame {
            return self.show_removal(conn, from, last);
        }
        self.close(conn, CloseCode::Removed);
        Ok(())
    }

    pub(crate) fn pull_log(&mut self, conn: ConnId, from: u64) -> Result<(), ErrorCode> {
        let page = usize::from(limits::PULL_ENTRIES);
        let end = self.membership.as_ref().map_or(0, |log| log.seq() + 1);
        let from = from.min(end);
        let mut entries = self.store.log_from(from, page + 1)?;
        let has_more = entries.len() > page;
        entries.truncate(page);
        self.send(conn, &ToDevice::LogEntries { from, entries, has_more });
        Ok(())
    }

    fn announce(&mut self, seq: u64, entry: &SignedEntry) {
        self.tell_members(None, &ToDevice::LogEntries { from: seq, entries: vec![entry.clone()], has_more: false });
    }
}

#[cfg(test)]
mod tests {
    use hushclip_crypto::keys::DeviceKeys;
    use hushclip_crypto::log::{make_genesis, make_rotate};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;
    use crate::MemoryStore;

    #[test]
    fn one_waking_verifies_only_so_much_and_the_next_one_goes_on() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let keys = DeviceKeys::make(&mut rng);
        let (genesis, _) = make_genesis(&keys, "Laptop", &mut rng).unwrap();
        let (mut log, mut store) = (Membership::genesis(&genesis).unwrap(), MemoryStore::default());
        store.append_log(0, &genesis, &[]).unwrap();
        for seq in 1..VERIFIED_AT_ONCE + 100 {
            let (entry, _) = make_rotate(&keys, &log, &mut rng).unwrap();
            log.apply(&entry).unwrap();
            store.append_log(seq, &entry, &[]).unwrap();
        }
        assert_eq!(restore(&mut store), Err(StoreError::Failed));
        let before = store.rows_read();
        assert_eq!(restore(&mut store), Ok(Some(log.clone())));
        assert!(store.rows_read() - before < 2 * PAGE as u64);
        // Verified once: now it is recorded.
        let before = store.rows_read();
        assert_eq!(restore(&mut store), Ok(Some(log)));
        assert_eq!(store.rows_read() - before, 2);
    }
}
