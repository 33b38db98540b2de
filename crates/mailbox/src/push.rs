//! Items in and out: store, fan out, pull, expire.

use hushclip_protocol::envelope::{Envelope, Kind};
use hushclip_protocol::error::{CloseCode, ErrorCode};
use hushclip_protocol::frame::{Delivered, Item, ToDevice};
use hushclip_protocol::ids::{ConnId, DeviceId};
use hushclip_protocol::limits;
use hushclip_protocol::log::Membership;

use crate::session::State;
use crate::store::ItemRow;
use crate::{Kept, Mailbox, Store};

/// Room for envelopes in one `Items` frame; the rest of the frame is framing.
const ITEMS_BYTES: usize = limits::FRAME_BYTES - 64 * 1024;

impl<S: Store> Mailbox<S> {
    pub(crate) fn push(&mut self, conn: ConnId, device: DeviceId, after: u64, bytes: &[u8]) -> Result<(), ErrorCode> {
        if bytes.len() > limits::ENVELOPE_BYTES {
            return Err(ErrorCode::TooLarge);
        }
        let header = Envelope::parse(bytes).map_err(|_| ErrorCode::BadFrame)?.header;
        let Some(membership) = &self.membership else { return Err(ErrorCode::UnknownAccount) };
        if header.sender != device || header.account != membership.account() || header.kind == Kind::Live {
            return Err(ErrorCode::BadFrame);
        }
        if let Some(cursor) = self.cursors.get(&header.item).copied() {
            let mark = self.store.mark(cursor)?.unwrap_or_default();
            self.send(conn, &ToDevice::Pushed { item: header.item, cursor, mark });
            return Ok(());
        }
        if header.epoch != membership.epoch() {
            return Err(ErrorCode::StaleEpoch);
        }
        // A device that finds another log in what a member has signed stops: nobody makes one up here.
        if header.log_seq != membership.seq() || header.log_head != membership.head() {
            return Err(ErrorCode::BadFrame);
        }
        if after != self.last_cursor {
            return Err(ErrorCode::Behind);
        }
        let cursor = self.last_cursor + 1;
        let Some(session) = self.sessions.get(&conn) else { return Ok(()) };
        let row = ItemRow {
            cursor,
            item: header.item,
            bytes: bytes.len() as u64,
            expires_ms: expiry(self.now, header.ttl_s),
            mark: session.mark(cursor),
        };
        self.make_room(row.bytes)?;
        self.store.insert_item(&row, bytes)?;
        self.last_cursor = row.cursor;
        self.remember_item(&row);
        self.evict_beyond_count();
        self.send(conn, &ToDevice::Pushed { item: row.item, cursor, mark: row.mark });
        // It had everything before its own item.
        self.note_acked(device, row.cursor);
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
        Ok(())
    }

    /// Closes the socket if its device has left too much unanswered: it gets the rest when it is back.
    fn count_sent(&mut self, conn: ConnId, cursor: u64, bytes: usize) {
        if let Some(session) = self.sessions.get_mut(&conn)
            && !session.sending(cursor, bytes)
        {
            self.close(conn, CloseCode::TooSlow);
        }
    }

    /// Makes room for so many bytes by dropping what all devices have, oldest first. What some device
    /// still has to fetch stays for as long as it was sent for.
    fn make_room(&mut self, bytes: u64) -> Result<(), ErrorCode> {
        let mut beyond = (self.item_bytes + bytes).saturating_sub(limits::ITEM_BYTES);
        if beyond == 0 {
            return Ok(());
        }
        let members = self.membership.iter().flat_map(Membership::members);
        let everywhere = members.map(|(device, _)| self.acked.get(device).map_or(0, |acked| acked.cursor)).min();
        let mut cursors = Vec::new();
        for (cursor, kept) in self.items.range(..=everywhere.unwrap_or(0)) {
            if beyond == 0 {
                break;
            }
            cursors.push(*cursor);
            beyond = beyond.saturating_sub(kept.bytes);
        }
        if beyond > 0 {
            return Err(ErrorCode::StorageFull);
        }
        self.delete(&cursors);
        Ok(())
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
        for item in rows {
            bytes += item.envelope.len();
            if bytes > ITEMS_BYTES && taken > 0 {
                break;
            }
            taken += 1;
            through = item.cursor;
            if self.items.get(&item.cursor).is_some_and(|kept| kept.expires_ms > self.now) {
                items.push(item);
            }
        }
        let has_more = taken < read || read == limit;
        if !has_more {
            through = through.max(self.last_cursor);
        }
        self.send(conn, &ToDevice::Items { items, has_more, through });
        self.count_sent(conn, through, bytes);
        Ok(())
    }

    pub(crate) fn ack(&mut self, conn: ConnId, device: DeviceId, cursor: u64) {
        if let Some(session) = self.sessions.get_mut(&conn) {
            session.has_stored(cursor);
        }
        if self.note_acked(device, cursor) {
            if let Some(session) = self.sessions.get_mut(&conn) {
                session.state = State::Member { device, acked: cursor };
            }
            self.attach(conn);
            let cursor = cursor.min(self.last_cursor);
            self.tell_members(Some(conn), &ToDevice::Delivered(Delivered { device, cursor }));
        }
    }

    /// Returns whether this was news.
    pub(crate) fn note_acked(&mut self, device: DeviceId, cursor: u64) -> bool {
        let cursor = cursor.min(self.last_cursor);
        let known = &mut self.acked.entry(device).or_default().cursor;
        let news = cursor > *known;
        *known = cursor.max(*known);
        news
    }

    pub(crate) fn remember_item(&mut self, row: &ItemRow) {
        self.items.insert(row.cursor, Kept { item: row.item, bytes: row.bytes, expires_ms: row.expires_ms });
        self.expiries.insert((row.expires_ms, row.cursor));
        self.cursors.insert(row.item, row.cursor);
        self.item_bytes += row.bytes;
    }

    /// The account keeps its newest [`limits::ITEMS`] items.
    fn evict_beyond_count(&mut self) {
        let beyond = self.items.len().saturating_sub(limits::ITEMS);
        let cursors: Vec<u64> = self.items.keys().take(beyond).copied().collect();
        self.delete(&cursors);
    }

    pub(crate) fn expire_items(&mut self) {
        let due = self.expiries.iter().take_while(|(expires_ms, _)| *expires_ms <= self.now);
        let mut cursors: Vec<u64> = due.map(|(_, cursor)| *cursor).collect();
        cursors.sort_unstable();
        self.delete(&cursors);
    }

    fn delete(&mut self, cursors: &[u64]) {
        let Some(last) = cursors.last() else { return };
        // A cursor is never given twice, even when its item is gone.
        if *last == self.last_cursor && self.store.set_cursor_floor(self.last_cursor).is_err() {
            return;
        }
        if self.store.delete_items(cursors).is_err() {
            return;
        }
        for (cursor, kept) in cursors.iter().filter_map(|cursor| Some((*cursor, self.items.remove(cursor)?))) {
            self.expiries.remove(&(kept.expires_ms, cursor));
            self.cursors.remove(&kept.item);
            self.item_bytes -= kept.bytes;
        }
    }
}

/// When an item goes that came at `now`, milliseconds since 1970.
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
