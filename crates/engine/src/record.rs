//! How a record of the persisted state is written, and the names under which the parts keep theirs.

use std::ops::Range;

use hushclip_protocol::codec;
use minicbor::{Decode, Encode};

use crate::effect::Write;

pub(crate) const DEVICE: &str = "device";
pub(crate) const ACCOUNT: &str = "account";
pub(crate) const PLACE: &str = "place";
pub(crate) const INVITE: &str = "invite";
pub(crate) const JOIN: &str = "join";
pub(crate) const NUMBERS: &str = "numbers";
pub(crate) const MEMBERS: &str = "members";
pub(crate) const REMOVING: &str = "removing";
pub(crate) const LOG: &str = "log/";
pub(crate) const OUT: &str = "out/";
/// Whole clips, as version 0.1 stored them.
pub(crate) const WHOLE: &str = "clip/";
pub(crate) const LISTED: &str = "list/";
pub(crate) const ABOUT: &str = "about/";
pub(crate) const PART: &str = "part/";
/// What is known of payloads. Their bytes are parts.
pub(crate) const PAYLOAD: &str = "payload/";
pub(crate) const CHANNELS: &str = "channels";
pub(crate) const CLIPBOARD: &str = "clipboard";
pub(crate) const COMING: &str = "coming";
pub(crate) const SYNCED: &str = "synced";
pub(crate) const SENDER: &str = "sender/";
pub(crate) const ALERTS: &str = "alerts";
pub(crate) const EVIDENCE: &str = "evidence";
pub(crate) const REMOVED: &str = "removed";
pub(crate) const PUSH: &str = "push";
pub(crate) const SETTINGS: &str = "settings";
pub(crate) const SEEN: &str = "seen";
pub(crate) const ORDER: &str = "order";
pub(crate) const SENT: &str = "sent/";
pub(crate) const TRACES: &str = "traces";
pub(crate) const DRAFTS: &str = "drafts";
pub(crate) const TRIED: &str = "tried";

/// The names of records, in the order of their bytes, that hold content. [`crate::Engine::restore`] has no use for them:
/// they are read when they are wanted, by [`crate::Effect::Load`].
pub const CONTENT: Range<&str> = "part/".."part0";

/// The persisted records do not make an engine: they are damaged, or of a later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored state is damaged, or from a later version")]
pub struct RestoreError;

/// Longest record, bytes. They are this device's own, so this only keeps nonsense out.
pub(crate) const RECORD_BYTES: usize = 64 * 1024 * 1024;

/// Reads a record, to which a later version may have added fields.
pub(crate) fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, RestoreError> {
    codec::decode_growing(bytes, RECORD_BYTES).map_err(|_| RestoreError)
}

/// Sets a record.
pub(crate) fn put<T: Encode<()>>(key: impl Into<String>, value: &T) -> Write {
    Write::Put { key: key.into(), value: codec::encode(value) }
}

/// Removes a record.
pub(crate) fn delete(key: impl Into<String>) -> Write {
    Write::Delete { key: key.into() }
}
