//! What a mailbox keeps on disk, as its shells have to provide it.

use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::ids::{DeviceId, Hash, InviteId, ItemId, JoinToken};
use hushclip_protocol::log::SignedEntry;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// The disk refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No space.
    #[error("no space left")]
    Full,
    /// Anything else.
    #[error("the store failed")]
    Failed,
}

impl From<StoreError> for ErrorCode {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::RelayFull,
            StoreError::Failed => Self::Unavailable,
        }
    }
}

/// A stored item without its envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemRow {
    /// Position, below 2^53.
    pub cursor: u64,
    /// Name.
    pub item: ItemId,
    /// Length of the envelope.
    pub bytes: u64,
    /// The bytes of this one and of those before it, as many as there were when it arrived: the difference between
    /// two rows bounds what is between them.
    pub through_bytes: u64,
    /// It may go before earlier ones that stay for the longest time.
    pub is_brief: bool,
    /// When it may go, milliseconds since 1970.
    pub expires_ms: u64,
    /// As in [`hushclip_protocol::frame::Item`].
    pub mark: u64,
}

/// An open invite.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InviteRow {
    /// Which.
    #[n(0)]
    pub invite: InviteId,
    /// What a claim must hash to.
    #[n(1)]
    pub claim_hash: Hash,
    /// The device that opened it.
    #[n(2)]
    pub inviter: DeviceId,
    /// When it ends, milliseconds since 1970.
    #[n(3)]
    pub expires_ms: u64,
    /// Who claimed it.
    #[n(4)]
    pub token: Option<JoinToken>,
    /// The messages passed so far, by step; empty if there is none yet.
    #[n(5)]
    pub notes: [ByteVec; 5],
    /// The number of its typed code, if it has one.
    #[n(6)]
    pub nameplate: Option<u32>,
}

/// Where wake-ups for a device go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The device.
    pub device: DeviceId,
    /// Address at its push service, at most [`hushclip_protocol::limits::PUSH_ENDPOINT_BYTES`].
    pub endpoint: String,
    /// When it was last woken, milliseconds since 1970; 0 means never.
    pub woken_ms: u64,
}

/// What is known about the account itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountRow {
    /// When it was registered here, milliseconds since 1970.
    pub started_ms: u64,
    /// When one of its devices was last connected, give or take a day.
    pub used_ms: u64,
    /// Bytes of its log.
    pub log_bytes: u64,
}

/// A mailbox's disk. All writes of one event become durable together or not at all, and before any
/// reply to that event leaves.
pub trait Store {
    /// At most `limit` log entries from position `first` on, in order.
    fn log_from(&self, first: u64, limit: usize) -> Result<Vec<SignedEntry>, StoreError>;
    /// Appends the entry at position `seq`, and records what the log then says, both or neither.
    fn append_log(&mut self, seq: u64, entry: &SignedEntry, membership: &[u8]) -> Result<(), StoreError>;
    /// The account, if it is registered.
    fn account(&self) -> Result<Option<AccountRow>, StoreError>;
    /// Stores or replaces it.
    fn put_account(&mut self, row: &AccountRow) -> Result<(), StoreError>;
    /// Deletes all rows of this mailbox, of every kind.
    fn forget(&mut self) -> Result<(), StoreError>;
    /// What the log says, as last recorded. It may be missing, or reflect an earlier state of the log.
    fn membership(&self) -> Result<Option<Vec<u8>>, StoreError>;
    /// Replaces it.
    fn put_membership(&mut self, encoded: &[u8]) -> Result<(), StoreError>;
    /// At most `limit` items after a cursor, in ascending order.
    fn item_rows(&self, after: u64, limit: usize) -> Result<Vec<ItemRow>, StoreError>;
    /// The item with the greatest cursor.
    fn newest_item(&self) -> Result<Option<ItemRow>, StoreError>;
    /// When the first of the brief items may go.
    fn first_brief_expiry(&self) -> Result<Option<u64>, StoreError>;
    /// The same as [`Self::item_rows`], with their envelopes. It may stop early if there are more bytes than one
    /// frame has room for.
    fn items_after(&self, after: u64, limit: usize) -> Result<Vec<(ItemRow, Vec<u8>)>, StoreError>;
    /// Stores an item.
    fn insert_item(&mut self, row: &ItemRow, envelope: &[u8]) -> Result<(), StoreError>;
    /// Removes the item at a cursor if it has this name.
    fn delete_item(&mut self, cursor: u64, item: &ItemId) -> Result<(), StoreError>;
    /// Removes all items up to this cursor.
    fn delete_items_through(&mut self, cursor: u64) -> Result<(), StoreError>;
    /// Removes the brief items that may go at this time.
    fn delete_brief_items(&mut self, now_ms: u64) -> Result<(), StoreError>;
    /// No cursor up to this one may be given out again, even when no item is left.
    fn cursor_floor(&self) -> Result<u64, StoreError>;
    /// Raises the floor.
    fn set_cursor_floor(&mut self, cursor: u64) -> Result<(), StoreError>;
    /// Up to which cursor each device had stored everything when it last left.
    fn acked(&self) -> Result<Vec<(DeviceId, u64)>, StoreError>;
    /// Records that for a device.
    fn set_acked(&mut self, device: DeviceId, cursor: u64) -> Result<(), StoreError>;
    /// Forgets it.
    fn delete_acked(&mut self, device: &DeviceId) -> Result<(), StoreError>;
    /// All invites.
    fn invites(&self) -> Result<Vec<InviteRow>, StoreError>;
    /// Stores or replaces an invite.
    fn put_invite(&mut self, row: &InviteRow) -> Result<(), StoreError>;
    /// Removes an invite.
    fn delete_invite(&mut self, invite: &InviteId) -> Result<(), StoreError>;
    /// All push subscriptions.
    fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError>;
    /// Stores or replaces a device's subscription.
    fn put_subscription(&mut self, subscription: &Subscription) -> Result<(), StoreError>;
    /// Removes it.
    fn delete_subscription(&mut self, device: &DeviceId) -> Result<(), StoreError>;
}
