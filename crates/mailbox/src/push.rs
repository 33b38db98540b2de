//! Items in and out: store, fan out, pull, expire.

use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Delivered, Item, Place, ToDevice};
use hushclip_protocol::ids::{ConnId, DeviceId};
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;

use crate::items::Items;
use crate::session::State;
use crate::{Mailbox, Room, Store};

/// Room for envelopes in one `Items` frame; the rest of the frame is framing.
const ITEMS_BYTES: usize = limits::FRAME_BYTES - 64 * 1024;

impl<S: Store> Mailbox<S> {
    /// Stores an envelope, and deletes what it is the tombstone of.
    pub(crate) fn push(
        &mut self,
        conn: ConnId,
        device: DeviceId,
        after: u64,
        bytes: &[u8],
        buried: &[Place],
    ) -> Result<(), ErrorCode> {
        if bytes.len() > limits::ENVELOPE_BYTES {
            return Err(ErrorCode::TooLarge);
        }
        let header = Envelope::parse(bytes).map_err(|_| ErrorCode::BadFrame)?.header;
        let Some(membership) = &self.membership else { return Err(ErrorCode::UnknownAccount) };
        if header.sender != device || header.account != membership.account() || header.kind == Kind::Live {
            return Err(ErrorCode::BadFrame);
        }
        if !buried.is_empty() && (header.kind != Kind::Tombstone || buried.len() > limits::NAMED) {
            return Err(ErrorCode::BadFrame);
        }
        if let Some(known) = self.items.find(&self.store, &header.item, after)? {
            // It was stored the last time, but perhaps no more than that.
            self.items.delete(&mut self.store, buried)?;
            self.send(conn, &ToDevice::Pushed { item: header.item, cursor: known.cursor, mark: known.mark });
            return Ok(());
        }
        if header.epoch != membership.epoch() {
            return Err(ErrorCode::StaleEpoch);
        }
        // A device stops if a member has signed something that shows another log: nobody can make one up here.
        if header.log_seq != membership.seq() || header.log_head != membership.head() {
            return Err(ErrorCode::BadFrame);
        }
        if after != self.items.last_cursor {
            return Err(ErrorCode::Behind);
        }
        let cursor = self.items.last_cursor + 1;
        let Some(mark) = self.sessions.get(&conn).map(|session| session.mark(cursor)) else { return Ok(()) };
        self.make_room(bytes.len() as u64, buried)?;
        let expires_ms = expiry(self.now, header.ttl_s);
        let row = self.items.next_row(header.item, bytes.len() as u64, header.ttl_s, expires_ms, mark);
        self.items.insert(&mut self.store, row, bytes)?;
        // If that fails, the item that stays too long goes with the next one.
        let _ = self.items.evict_beyond_count(&mut self.store);
        // The device had everything before its own item.
        self.note_acked(device, row.cursor);
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.was_sent(row.cursor);
        }
        let item = Item { cursor, envelope: bytes.to_vec().into(), mark: row.mark };
        self.tell_members(Some(conn), &ToDevice::Item(item));
        let receivers: Vec<_> =
            self.sessions.values().filter(|s| s.device().is_some() && s.conn != conn).map(|s| s.conn).collect();
        for receiver in receivers {
            self.count_sent(receiver, row.cursor, bytes.len());
        }
        if header.kind == Kind::Clip {
            self.wake_absent();
        }
        self.items.delete(&mut self.store, buried)?;
        self.send(conn, &ToDevice::Pushed { item: row.item, cursor, mark });
        Ok(())
    }

    /// Closes the socket if its device has left too much unacknowledged: it gets the rest when it comes back.
    fn count_sent(&mut self, conn: ConnId, cursor: u64, bytes: usize) {
        if let Some(session) = self.sessions.get_mut(&conn)
            && !session.sending(cursor, bytes)
        {
            self.close(conn, CloseCode::TooSlow);
        }
    }

    /// Makes room for `bytes` by dropping what all devices have, oldest first. What some device has yet to fetch
    /// stays for its full lifetime. What is about to be buried counts as room.
    fn make_room(&mut self, bytes: u64, buried: &[Place]) -> Result<(), ErrorCode> {
        let own = self.policy.quota;
        // When the relay has little left, accounts that hold little still get what they need.
        let (most, full) = match self.room {
            Room::Scarce { share } if share < own => (share, ErrorCode::RelayFull),
            Room::Nothing => (0, ErrorCode::RelayFull),
            Room::Enough | Room::Scarce { .. } => (own, ErrorCode::StorageFull),
        };
        let most = most.saturating_sub(self.log_bytes());
        if self.items.fit(bytes, most) {
            return Ok(());
        }
        let going = Items::at(&self.store, buried)?;
        // A deletion is let in whenever it takes no more room than it makes.
        if !going.is_empty() && pieces(bytes) <= going.iter().map(|row| pieces(row.bytes)).sum() {
            return Ok(());
        }
        if most == 0 {
            return Err(full);
        }
        let members = self.membership.iter().flat_map(Membership::members);
        let everywhere =
            members.map(|(device, _)| self.acked.get(device).map_or(0, |acked| acked.cursor)).min().unwrap_or(0);
        // What all devices have is counted in `Items::make_room`.
        let freed: u64 = going.iter().filter(|row| row.cursor > everywhere).map(|row| row.bytes).sum();
        let has_room = self.items.make_room(&mut self.store, bytes.saturating_sub(freed), everywhere, most)?;
        if has_room { Ok(()) } else { Err(full) }
    }

    pub(crate) fn pull(&mut self, conn: ConnId, after: u64, limit: u16) -> Result<(), ErrorCode> {
        let limit = limit.clamp(1, limits::PULL_ITEMS).into();
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.has_stored(after);
        }
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut through = after;
        let rows = self.store.items_after(after, limit)?;
        let read = rows.len();
        let mut taken = 0;
        for (row, envelope) in rows {
            bytes += envelope.len();
            if bytes > ITEMS_BYTES && taken > 0 {
                break;
            }
            taken += 1;
            through = row.cursor;
            if row.expires_ms > self.now {
                self.items.note(&row);
                items.push(Item { cursor: row.cursor, envelope: envelope.into(), mark: row.mark });
            }
        }
        let has_more = taken < read || read == limit;
        if !has_more {
            through = through.max(self.items.last_cursor);
        }
        self.send(conn, &ToDevice::Items { items, has_more, through });
        self.count_sent(conn, through, bytes);
        Ok(())
    }

    pub(crate) fn ack(&mut self, conn: ConnId, device: DeviceId, cursor: u64) {
        let Some(session) = self.sessions.get_mut(&conn) else { return };
        let cursor = session.has_stored(cursor);
        if self.note_acked(device, cursor) {
            if let Some(session) = self.sessions.get_mut(&conn) {
                session.state = State::Member { device, acked: cursor };
            }
            self.attach(conn);
            self.tell_members(Some(conn), &ToDevice::Delivered(Delivered { device, cursor }));
        }
    }

    /// Returns whether this was news.
    pub(crate) fn note_acked(&mut self, device: DeviceId, cursor: u64) -> bool {
        let cursor = cursor.min(self.items.last_cursor);
        let known = &mut self.acked.entry(device).or_default().cursor;
        let news = cursor > *known;
        *known = cursor.max(*known);
        news
    }
}

/// The size of an envelope, as far as it matters for deletions: the shortest one takes one piece, whatever its
/// counter, so that its tombstone takes no more.
const fn pieces(bytes: u64) -> u64 {
    bytes.div_ceil(512)
}

/// When an item that arrived at `now` expires, milliseconds since 1970.
fn expiry(now: u64, ttl_s: u32) -> u64 {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    let at = now + u64::from(ttl_s) * 1000;
    if ttl_s < limits::BY_THE_HOUR_S { at } else { at.next_multiple_of(HOUR_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lives_long_goes_by_the_hour_and_never_early() {
        let hour = 3_600_000;
        assert_eq!(expiry(1_234, 60), 61_234);
        assert_eq!(expiry(1_234, limits::BY_THE_HOUR_S - 1), 8 * hour + 234);
        assert_eq!(expiry(1_234, limits::BY_THE_HOUR_S), 9 * hour);
        assert_eq!(expiry(hour, limits::BY_THE_HOUR_S), 9 * hour);
        let late = expiry(5 * hour + 1, limits::TTL_S) - (5 * hour + 1 + u64::from(limits::TTL_S) * 1000);
        assert!(late < hour);
    }
}
