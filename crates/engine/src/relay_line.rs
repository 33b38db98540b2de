//! What belongs to the line to the relay and to nothing else: how far this device has read there, what the relay has said
//! of itself and of who is at it. Other lines have none of that.

mod acks;
mod flight;
mod untaken;

use std::collections::BTreeMap;

use hushclip_protocol::frame::{Anchor, Capabilities, Limits};
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::limits;
use minicbor::{Decode, Encode};

pub(crate) use acks::{Acks, most_unacknowledged};
pub(crate) use flight::{Behind, Flight};

use crate::effect::Write;
use crate::record::{PLACE, put};

/// How far apart anchors are at least, but for the newest.
const APART: u64 = 16;

/// The relay's line, beside its clocks.
#[derive(Default)]
pub(crate) struct RelayLine {
    pub(crate) place: Place,
    pub(crate) flight: Flight,
    pub(crate) acks: Acks,
    /// What has come since the last sign-in.
    pub(crate) reading: Option<Reading>,
    /// Pulls that are not answered yet.
    pub(crate) pulls: u32,
    /// How many items have come, while catching up, that were no news.
    pub(crate) no_news: usize,
    /// How far this device's clock is ahead of the relay's, milliseconds.
    pub(crate) clock_ahead_ms: i64,
    /// When the relay was last heard.
    pub(crate) heard_ms: u64,
    /// Who is shown as signed in, and since when.
    pub(crate) online: BTreeMap<DeviceId, u64>,
    /// Up to where other devices have stored what is there.
    pub(crate) delivered: BTreeMap<DeviceId, u64>,
    /// What the relay has said that it enforces.
    pub(crate) bounds: Option<Limits>,
    /// What the relay can do beside what every one can, as it said in its last Welcome.
    pub(crate) capabilities: Capabilities,
    /// What it signs wake-ups with.
    pub(crate) push_key: Vec<u8>,
}

/// How much has come since this device signed in.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) items: u64,
    pub(crate) bytes: u64,
}

/// How far this device has read at a relay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Place {
    /// Everything up to here is stored.
    #[n(0)]
    cursor: u64,
    /// Some of the items that are, for the relay to find out where it left this device.
    #[n(1)]
    anchors: Vec<Anchor>,
    /// The relay shows again what was settled.
    #[n(2)]
    set_back: bool,
}

impl RelayLine {
    pub(crate) fn restore(place: Place) -> Self {
        Self { place, ..Self::default() }
    }

    /// This device is in no account any more.
    pub(crate) fn forget(&mut self) {
        let Self { pulls, no_news, clock_ahead_ms, heard_ms, .. } = *self;
        let online = std::mem::take(&mut self.online);
        *self = Self { pulls, no_news, clock_ahead_ms, heard_ms, online, ..Self::default() };
    }

    /// Another line begins.
    pub(crate) fn begin(&mut self) {
        (self.pulls, self.no_news) = (0, 0);
        self.flight.begin_line();
        self.acks.begin_line();
        self.online.clear();
    }
}

impl Place {
    /// As version 0.1 stored it, with the account.
    pub(crate) const fn new(cursor: u64, anchors: Vec<Anchor>, set_back: bool) -> Self {
        Self { cursor, anchors, set_back }
    }

    pub(crate) const fn cursor(&self) -> u64 {
        self.cursor
    }

    pub(crate) fn anchors(&self) -> Vec<Anchor> {
        self.anchors.clone()
    }

    /// Whether the relay was set back, and has not shown everything since.
    pub(crate) const fn is_set_back(&self) -> bool {
        self.set_back
    }

    /// It has shown everything.
    pub(crate) const fn caught_up(&mut self) {
        self.set_back = false;
    }

    /// The relay reads on after this item, which both have, or from the start; whether it was set back.
    pub(crate) fn resume_after(&mut self, cursor: u64) -> bool {
        let is_agreed = self.anchors.iter().any(|anchor| anchor.cursor == cursor);
        let from = if is_agreed { cursor } else { 0 };
        let set_back = !is_agreed || from < self.cursor;
        self.cursor = from;
        self.anchors.retain(|anchor| anchor.cursor <= from);
        self.set_back |= set_back;
        set_back
    }

    /// A page up to here is stored, of which this is the last item; whether that is further than before.
    pub(crate) fn read(&mut self, through: u64, last: Option<Anchor>) -> bool {
        let is_further = through > self.cursor;
        self.cursor = self.cursor.max(through);
        if let Some(last) = last {
            self.note(last);
        }
        is_further
    }

    /// The next item is stored.
    pub(crate) fn took(&mut self, at: Anchor) {
        self.cursor = at.cursor;
        self.note(at);
    }

    /// Everything up to this item is stored. The older anchors are for when the relay has dropped the newer ones' items by
    /// rights.
    fn note(&mut self, at: Anchor) {
        self.anchors.retain(|anchor| anchor.cursor < at.cursor);
        if let [.., before, newest] = &self.anchors[..]
            && newest.cursor.saturating_sub(before.cursor) < APART
        {
            self.anchors.pop();
        }
        self.anchors.push(at);
        if self.anchors.len() > limits::ANCHORS {
            self.anchors.remove(0);
        }
    }

    pub(crate) fn record(&self) -> Write {
        put(PLACE, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(cursor: u64) -> Anchor {
        Anchor { cursor, mark: cursor }
    }

    #[test]
    fn anchors_are_few_and_apart_but_for_the_newest() {
        let mut place = Place::default();
        for cursor in 1..=200 {
            place.took(at(cursor));
        }
        let cursors: Vec<_> = place.anchors().iter().map(|anchor| anchor.cursor).collect();
        assert!(cursors.len() <= limits::ANCHORS && cursors.last() == Some(&200));
        assert!(cursors[..cursors.len() - 1].windows(2).all(|two| two[1] - two[0] >= APART), "{cursors:?}");
    }

    #[test]
    fn a_relay_that_was_set_back_is_noticed_until_it_has_shown_everything() {
        let mut place = Place::new(0, vec![at(16), at(32), at(40)], false);
        assert!(!place.read(40, None) || place.cursor() == 40);
        assert!(!place.resume_after(40) && !place.is_set_back(), "it has all");
        assert!(place.resume_after(32) && place.is_set_back() && place.cursor() == 32);
        assert!(!place.resume_after(32) && place.is_set_back(), "it has not shown what it has");
        place.caught_up();
        assert!(!place.is_set_back());
        assert!(place.resume_after(7) && place.cursor() == 0 && place.anchors().is_empty());
    }
}
