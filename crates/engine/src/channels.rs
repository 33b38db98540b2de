//! What programs send each other: the channels that this device listens to, and the payloads that it keeps, its own for as
//! long as the relay may have to be given them again. It refuses to know what a payload means, and to hold its bytes.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use hushclip_crypto::body::Part;
use hushclip_protocol::ids::{DeviceId, ItemId};
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};

use crate::clip::{Lookup, part_key};
use crate::effect::Write;
use crate::part::Outputs;
use crate::record::{CHANNELS, PAYLOAD, delete, put};

/// Payloads of others kept on a device.
const KEPT: usize = 5000;
/// Bytes of them, and of this device's own.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// Channels that a device listens to.
const MOST: usize = 256;
/// How long they are kept, milliseconds.
const LIFE_MS: u64 = limits::TTL_S as u64 * 1000;

/// Channels, and payloads in ascending order of arrival here.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    listening: Listening,
    payloads: VecDeque<Payload>,
}

/// What is known of channels. It outlasts accounts.
#[derive(Debug, Default, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Listening {
    /// In the order of their names.
    #[n(0)]
    channels: Vec<String>,
    /// The greatest order of all payloads that are gone: programs know by it what they have had.
    #[n(1)]
    order: u64,
}

/// What is known of a payload without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Payload {
    #[n(0)]
    pub(crate) item: ItemId,
    /// Position among all that came here, ascending.
    #[n(1)]
    pub(crate) order: u64,
    /// Position at the relay; 0 until it is stored there.
    #[n(2)]
    pub(crate) cursor: u64,
    #[n(3)]
    pub(crate) device: DeviceId,
    /// By the sender's clock.
    #[n(4)]
    pub(crate) at_ms: u64,
    /// By this device's clock.
    #[n(5)]
    pub(crate) stored_ms: u64,
    #[n(6)]
    pub(crate) channel: String,
    #[n(7)]
    pub(crate) bytes: u64,
    /// The counter of its sender; 0 until it is sealed.
    #[n(8)]
    pub(crate) counter: u64,
    /// This device has sent it.
    #[n(9)]
    pub(crate) own: bool,
    /// When the relay had stored it, by this device's clock; 0 before, and for those of others.
    #[n(10)]
    pub(crate) sent_ms: u64,
}

impl Channels {
    pub(crate) fn restore(listening: Listening, mut payloads: Vec<Payload>) -> Self {
        payloads.sort_unstable_by_key(|payload| payload.order);
        Self { listening, payloads: payloads.into() }
    }

    pub(crate) fn listened(&self) -> impl Iterator<Item = &str> {
        self.listening.channels.iter().map(String::as_str)
    }

    pub(crate) fn listens(&self, channel: &str) -> bool {
        self.place(channel).is_ok()
    }

    fn place(&self, channel: &str) -> Result<usize, usize> {
        self.listening.channels.binary_search_by(|other| other.as_str().cmp(channel))
    }

    /// Says whether it listens now; it does not, where there are too many channels.
    pub(crate) fn listen(&mut self, channel: String, out: &mut Outputs) -> bool {
        let Err(place) = self.place(&channel) else { return true };
        let has_room = self.listening.channels.len() < MOST;
        if has_room {
            self.listening.channels.insert(place, channel);
            out.write(put(CHANNELS, &self.listening));
        }
        has_room
    }

    /// What others have sent on the channel goes.
    pub(crate) fn unlisten(&mut self, channel: &str, out: &mut Outputs) {
        if let Ok(place) = self.place(channel) {
            self.listening.channels.remove(place);
            self.drop_where(|payload| !payload.own && payload.channel == channel, out);
            out.write(put(CHANNELS, &self.listening));
        }
    }

    /// This device is in no account any more. What came in stays.
    pub(crate) fn drop_own(&mut self, out: &mut Outputs) {
        self.drop_where(|payload| payload.own, out);
    }

    /// Nothing of what was in the account stays.
    pub(crate) fn forget(&mut self, out: &mut Outputs) {
        self.drop_where(|_| true, out);
    }

    /// The greatest order that any payload has or had.
    pub(crate) fn newest_order(&self) -> u64 {
        self.payloads.back().map_or(0, |payload| payload.order).max(self.listening.order)
    }

    pub(crate) fn get(&self, item: &ItemId) -> Option<&Payload> {
        self.payloads.iter().rev().find(|payload| payload.item == *item)
    }

    /// What other devices have sent on a channel and came after an order, ascending.
    pub(crate) fn received<'a>(&'a self, channel: &'a str, after: u64) -> impl Iterator<Item = &'a Payload> {
        let first = self.payloads.partition_point(|payload| payload.order <= after);
        self.payloads.range(first..).filter(move |payload| !payload.own && payload.channel == channel)
    }

    /// What was sent with a counter, of what is kept.
    pub(crate) fn item_of(&self, device: &DeviceId, counter: u64) -> Option<ItemId> {
        let is_it = |payload: &&Payload| payload.device == *device && payload.counter == counter;
        self.payloads.iter().rev().find(is_it).map(|payload| payload.item)
    }

    /// Keeps a payload, which comes after all others. Where there is no room, the oldest go: of this device's for one of
    /// its own, of the others' for one of theirs.
    pub(crate) fn add(&mut self, payload: Payload, bytes: &[u8], out: &mut Outputs) {
        out.write(payload.record());
        out.write(Write::Put { key: payload.key(), value: bytes.to_vec() });
        let (item, own) = (payload.item, payload.own);
        self.payloads.push_back(payload);
        let sizes = self.payloads.iter().filter(|payload| payload.own == own).map(|payload| payload.bytes);
        let (count, mut bytes) = sizes.fold((0, 0), |(count, sum), bytes| (count + 1, u64::saturating_add(sum, bytes)));
        // The relay keeps no more of this device's, so no more can be put back.
        let mut beyond = usize::saturating_sub(count, if own { limits::ITEMS } else { KEPT });
        if beyond == 0 && bytes <= KEPT_BYTES {
            return;
        }
        let goes = |payload: &Payload| {
            let may_go = payload.own == own && payload.item != item && !payload.waits();
            let goes = may_go && (beyond > 0 || bytes > KEPT_BYTES);
            if goes {
                beyond = beyond.saturating_sub(1);
                bytes = bytes.saturating_sub(payload.bytes);
            }
            goes
        };
        self.drop_where(goes, out);
    }

    /// Bytes of this device's payloads that not everybody has: those beyond this cursor.
    pub(crate) fn bytes_beyond(&self, reached: u64) -> u64 {
        let open = self.payloads.iter().filter(|payload| payload.own && (payload.waits() || payload.cursor > reached));
        open.map(|payload| payload.bytes).fold(0, u64::saturating_add)
    }

    /// Lets a payload go; whether there was one.
    pub(crate) fn remove(&mut self, item: &ItemId, out: &mut Outputs) -> bool {
        let before = self.payloads.len();
        self.drop_where(|payload| payload.item == *item, out);
        self.payloads.len() < before
    }

    fn drop_where(&mut self, mut goes: impl FnMut(&Payload) -> bool, out: &mut Outputs) {
        let mut order = self.listening.order;
        self.payloads.retain(|payload| {
            let goes = goes(payload);
            if goes {
                order = order.max(payload.order);
                out.write(delete(payload.record_key()));
                out.write(delete(payload.key()));
            }
            !goes
        });
        if order != self.listening.order {
            self.listening.order = order;
            out.write(put(CHANNELS, &self.listening));
        }
    }

    fn change(&mut self, item: &ItemId, change: impl FnOnce(&mut Payload) -> bool, out: &mut Outputs) -> bool {
        let Some(payload) = self.payloads.iter_mut().rev().find(|payload| payload.item == *item) else { return false };
        let is_news = change(payload);
        if is_news {
            out.write(payload.record());
        }
        is_news
    }

    /// One of this device's has its counter.
    pub(crate) fn sealed(&mut self, item: &ItemId, counter: u64, out: &mut Outputs) {
        self.change(item, |payload| std::mem::replace(&mut payload.counter, counter) != counter, out);
    }

    /// The relay has one of this device's.
    pub(crate) fn settle(&mut self, item: &ItemId, cursor: u64, now: u64, out: &mut Outputs) {
        let settle = |payload: &mut Payload| {
            let is_news = payload.own && payload.cursor != cursor;
            if is_news {
                payload.cursor = cursor;
                // What is put back goes on from when it was first there.
                payload.sent_ms = if payload.sent_ms == 0 { now } else { payload.sent_ms };
            }
            is_news
        };
        self.change(item, settle, out);
    }

    /// One of another device's has come by once more, and the relay has it there.
    pub(crate) fn note_place(&mut self, item: &ItemId, cursor: u64, out: &mut Outputs) -> bool {
        let place = |payload: &mut Payload| !payload.own && std::mem::replace(&mut payload.cursor, cursor) != cursor;
        self.change(item, place, out)
    }

    /// Whether the relay has those of this device behind this cursor is open until they are shown.
    pub(crate) fn doubt_after(&mut self, cursor: u64, now: u64, out: &mut Outputs) {
        let in_doubt = |payload: &&mut Payload| payload.own && payload.cursor > cursor && payload.is_of_relay(now);
        for payload in self.payloads.iter_mut().filter(in_doubt) {
            payload.cursor = 0;
            out.write(payload.record());
        }
    }

    /// Those of this device that were sealed, and of which it is not known that the relay has them.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = &Payload> {
        self.payloads.iter().filter(|payload| payload.waits() && payload.counter > 0)
    }

    /// When [`Channels::tidy`] has something to do next.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.payloads.iter().filter(|payload| !payload.waits()).map(Payload::goes_at).min()
    }

    /// Lets go what has had its time. What lies in the future came before the clock was put back, and begins anew: a
    /// program may not have had it.
    pub(crate) fn tidy(&mut self, now: u64, out: &mut Outputs) {
        for payload in self.payloads.iter_mut().filter(|payload| payload.stored_ms.max(payload.sent_ms) > now) {
            payload.stored_ms = payload.stored_ms.min(now);
            payload.sent_ms = payload.sent_ms.min(now);
            out.write(payload.record());
        }
        self.drop_where(|payload| !payload.waits() && payload.goes_at() <= now, out);
    }
}

impl Payload {
    /// It is this device's, and the relay may not have it.
    pub(crate) const fn waits(&self) -> bool {
        self.own && self.cursor == 0
    }

    /// How long the relay may still keep it, seconds.
    pub(crate) fn left_s(&self, now: u64) -> u32 {
        let age_s = now.saturating_sub(self.at_ms.max(self.sent_ms)) / 1000;
        u64::from(limits::TTL_S).saturating_sub(age_s) as u32
    }

    /// The relay should have it.
    pub(crate) fn is_of_relay(&self, now: u64) -> bool {
        self.counter > 0 && self.left_s(now) > 0
    }

    fn goes_at(&self) -> u64 {
        self.stored_ms.max(self.sent_ms).saturating_add(LIFE_MS)
    }

    /// The record that holds its bytes.
    pub(crate) fn key(&self) -> String {
        part_key(&self.item, 0)
    }

    /// Its bytes as one part of no media type, from these records; `None` if they are missing or damaged.
    pub(crate) fn parts(&self, records: &dyn Lookup) -> Option<Vec<Part>> {
        let bytes = records.record(&self.key()).filter(|bytes| bytes.len() as u64 == self.bytes)?;
        Some(vec![Part::new("", bytes)])
    }

    fn record_key(&self) -> String {
        format!("{PAYLOAD}{}", self.item)
    }

    fn record(&self) -> Write {
        put(self.record_key(), self)
    }
}
