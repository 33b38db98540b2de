//! A clip of the local list: what is known of it, and how long it stays.

mod content;
mod records;

use hushclip_model::UNDO_MS;
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use minicbor::{Decode, Encode};

pub(crate) use content::{About, plain_and_html};
pub use content::{Lookup, Source};
pub(crate) use records::{OnDisk, part_key};

/// A clip in the local history.
#[derive(Clone)]
pub(crate) struct Clip {
    pub(crate) item: ItemId,
    /// Position in the local list, ascending.
    pub(crate) order: u64,
    /// Position at the relay; 0 until it is stored there.
    pub(crate) cursor: u64,
    pub(crate) device: DeviceId,
    /// By the sender's clock.
    pub(crate) at_ms: u64,
    /// By this device's clock.
    pub(crate) stored_ms: u64,
    pub(crate) about: About,
    /// When the relay had stored it, by this device's clock; 0 before, and for clips of others.
    pub(crate) sent_ms: u64,
    /// As in [`hushclip_crypto::body::ClipBody::flags`], of those that stay true.
    pub(crate) flags: u32,
    /// How long the relay may keep it, seconds.
    pub(crate) ttl_s: u32,
    /// When it goes by itself, by this device's clock; 0 for clips that stay.
    pub(crate) expires_ms: u64,
    /// The counter of its sender; 0 until it is sealed.
    pub(crate) counter: u64,
    /// Makes no room for others.
    pub(crate) pinned: bool,
    /// When the person deleted it, which can be taken back for a while; 0 if they did not.
    pub(crate) trashed_ms: u64,
    /// For one that was imported, the name of the device it came from.
    pub(crate) origin: String,
    /// It came when its sender was out of the account already.
    pub(crate) late: bool,
    /// It will not be sent.
    pub(crate) given_up: bool,
    /// How it lies on the disk.
    pub(crate) layout: Layout,
}

/// How a clip lies on the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Layout {
    /// What changes about it, what its content is, and the parts of that, each in a record of its own.
    #[default]
    #[n(0)]
    Apart,
    /// What changes about it, once anything has, and all the rest in the record that version 0.1 made of it.
    #[n(1)]
    Whole,
}

impl Clip {
    /// What it is known by: two with the same digest have the same content, in its plainest form.
    pub(crate) fn digest(&self) -> &Hash {
        self.about.digest()
    }

    /// Whether the relay has not shown it, if it is another device's; or not taken it, if it is this one's.
    pub(crate) fn is_ahead(&self) -> bool {
        self.cursor == 0 && self.origin.is_empty()
    }

    /// The relay should have it.
    pub(crate) fn is_of_relay(&self, now: u64) -> bool {
        self.origin.is_empty() && self.counter > 0 && self.left_s(now) > 0
    }

    /// How long the relay may still keep it, seconds.
    pub(crate) fn left_s(&self, now: u64) -> u32 {
        // The relay counts from when it came. A secret's time is that of its copy.
        let since_ms = if self.flags == 0 { self.at_ms.max(self.sent_ms) } else { self.at_ms };
        let age_s = now.saturating_sub(since_ms) / 1000;
        u64::from(self.ttl_s).saturating_sub(age_s) as u32
    }

    /// When a clip goes by itself, or for good. What is further off than it ever was has been so since before
    /// the clock was put back, and is due.
    pub(crate) fn goes_at(&self, now: u64) -> Option<u64> {
        let due = |from: u64, for_ms: u64| {
            let end = from.saturating_add(for_ms);
            (from != 0).then_some(if end > now.saturating_add(for_ms) { now } else { end })
        };
        let life_ms = u64::from(self.ttl_s) * 1000;
        let expires = due(self.expires_ms.saturating_sub(life_ms), life_ms);
        due(self.trashed_ms, UNDO_MS).into_iter().chain(expires).min()
    }
}
