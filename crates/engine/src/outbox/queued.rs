//! The records of the outbox: what waits, and what the relay should still have.

use hushclip_crypto::body::Pin;
use hushclip_protocol::frame::Place;
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::limits;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::effect::Write;
use crate::record::{OUT, SENT, delete, put};

/// What an entry of the outbox carries.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub(crate) enum Cargo {
    /// The clip of the history with this item.
    #[n(0)]
    Clip,
    #[n(1)]
    Tombstone(#[n(0)] Vec<Deleted>),
    #[n(2)]
    Heartbeat,
    #[n(3)]
    Pins(#[n(0)] Vec<Pin>),
    /// The payload of the channels with this item.
    #[n(4)]
    Payload,
}

/// A note that the relay has stored, kept for as long as the relay would keep it. Clips are in the list, and payloads in the channels.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Sent {
    #[n(0)]
    pub(crate) item: ItemId,
    /// As in [`Queued`].
    #[n(1)]
    pub(crate) order: u64,
    #[n(2)]
    pub(crate) counter: u64,
    #[n(3)]
    pub(crate) cargo: Cargo,
    /// Its position at the relay.
    #[n(4)]
    pub(crate) cursor: u64,
    /// By this device's clock.
    #[n(5)]
    pub(crate) at_ms: u64,
}

/// An item that a tombstone is to name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Deleted {
    #[n(0)]
    pub(crate) device: DeviceId,
    #[n(1)]
    pub(crate) counter: u64,
    #[n(2)]
    pub(crate) item: ItemId,
    /// Where the relay has it; 0 if it does not, as far as known.
    #[n(3)]
    pub(crate) cursor: u64,
    /// The digest of its text, if others are to know it by that.
    #[n(4)]
    pub(crate) text: Option<Hash>,
}

/// Something on its way to the relay.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Queued {
    #[n(0)]
    pub(crate) item: ItemId,
    /// As in [`Clip`].
    #[n(1)]
    pub(crate) order: u64,
    /// Its envelope, from the first time it is sent. Not before, so that a clip which turns out not
    /// to be news takes no counter.
    #[n(2)]
    pub(crate) sealed: Option<Sealed>,
    #[n(3)]
    pub(crate) cargo: Cargo,
    /// The relay had it before, and has lost it.
    #[n(4)]
    pub(crate) again: bool,
    /// It is a clip without text, which is on no clipboard: no copy is older or newer for it.
    #[n(5)]
    #[cbor(default)]
    pub(crate) textless: bool,
}

/// A clip's envelope.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Sealed {
    #[n(0)]
    pub(crate) counter: u64,
    #[n(1)]
    pub(crate) epoch: u64,
    #[n(2)]
    pub(crate) envelope: ByteVec,
    /// It says that there is a newer clip.
    #[n(3)]
    pub(crate) superseded: bool,
}

impl Queued {
    /// Something of this device that the relay had, with a counter, and has lost.
    pub(crate) fn again(item: ItemId, order: u64, counter: u64, cargo: Cargo) -> Self {
        let sealed = Some(Sealed { counter, epoch: 0, envelope: Vec::new().into(), superseded: true });
        Self { item, order, sealed, cargo, again: true, textless: false }
    }

    /// A clip with text that the relay has not had.
    pub(crate) fn is_new_clip(&self) -> bool {
        self.cargo == Cargo::Clip && !self.again && !self.textless
    }

    /// The clips whose pins hang on this.
    pub(super) fn pinned(&self) -> impl Iterator<Item = ItemId> + '_ {
        let pins = if let Cargo::Pins(pins) = &self.cargo { &pins[..] } else { &[] };
        let clip = (self.cargo == Cargo::Clip && self.again).then_some(self.item);
        pins.iter().map(|pin| pin.item).chain(clip)
    }

    /// What comes first in the queue: what the relay had before, in the order of its counters, so that nobody sees
    /// holes; then the rest, as it was queued.
    pub(crate) fn place(&self) -> (bool, u64) {
        let counter = self.sealed.as_ref().map_or(0, |sealed| sealed.counter);
        if self.again { (false, counter) } else { (true, self.order) }
    }

    /// Where the relay has what this deletes.
    pub(crate) fn places(&self) -> Vec<Place> {
        let Cargo::Tombstone(deleted) = &self.cargo else { return Vec::new() };
        let stored = deleted.iter().filter(|deleted| deleted.cursor > 0);
        stored.map(|deleted| Place { cursor: deleted.cursor, item: deleted.item }).collect()
    }

    pub(crate) fn record(&self) -> Write {
        put(self.key(), self)
    }

    pub(crate) fn delete(&self) -> Write {
        delete(self.key())
    }

    fn key(&self) -> String {
        format!("{OUT}{}", self.item)
    }
}

impl Sent {
    /// What became of something queued, if it is a note. What is deleted is not to be guessed at for days, so its text
    /// is not kept.
    pub(super) fn of(queued: &Queued, cursor: u64, now: u64) -> Option<Self> {
        let sealed = queued.sealed.as_ref().filter(|_| !queued.cargo.is_content())?;
        let (item, order, counter, mut cargo) = (queued.item, queued.order, sealed.counter, queued.cargo.clone());
        if let Cargo::Tombstone(deleted) = &mut cargo {
            for deleted in deleted {
                deleted.text = None;
            }
        }
        Some(Self { item, order, counter, cargo, cursor, at_ms: now })
    }

    /// Whether the relay should have it.
    pub(super) fn is_of_relay(&self, now: u64) -> bool {
        now.saturating_sub(self.at_ms) < u64::from(limits::TTL_S) * 1000
    }

    pub(crate) fn record(&self) -> Write {
        put(self.key(), self)
    }

    pub(crate) fn delete(&self) -> Write {
        delete(self.key())
    }

    fn key(&self) -> String {
        format!("{SENT}{}", self.item)
    }
}

impl Cargo {
    /// Whether what is to be sealed lies elsewhere.
    pub(crate) const fn is_content(&self) -> bool {
        matches!(self, Self::Clip | Self::Payload)
    }

    /// Where an item is stored; says whether that is news to this tombstone.
    pub(super) fn note_place(&mut self, item: ItemId, cursor: u64) -> bool {
        let Self::Tombstone(deleted) = self else { return false };
        let named = deleted.iter_mut().find(|deleted| deleted.item == item && deleted.cursor != cursor);
        named.map(|deleted| deleted.cursor = cursor).is_some()
    }
}
