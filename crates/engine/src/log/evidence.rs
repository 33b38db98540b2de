//! What contradicts the log of this device, kept for the person to look into.

use hushclip_protocol::ids::{Hash, ItemId};
use hushclip_protocol::log::SignedEntry;
use minicbor::{Decode, Encode};

/// How many contradictions are kept.
pub(super) const KEPT: usize = 8;

/// What contradicts the log of this device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Evidence {
    #[n(0)]
    pub(crate) at_ms: u64,
    #[n(1)]
    pub(crate) seq: u64,
    /// What stands there here.
    #[n(2)]
    pub(crate) ours: Hash,
    /// What the relay says.
    #[n(3)]
    pub(crate) theirs: Hash,
    /// The entry itself, where the relay passed one on.
    #[n(4)]
    pub(crate) entry: Option<SignedEntry>,
    /// The item whose sender says so, where one does.
    #[n(5)]
    pub(crate) item: Option<ItemId>,
}
