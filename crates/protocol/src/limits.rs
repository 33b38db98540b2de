//! Every limit, in one place. Byte counts are of encoded bytes unless it says otherwise.

/// Largest WebSocket frame.
pub const FRAME_BYTES: usize = 1024 * 1024;
/// Largest clip body (all parts together) that travels inside one envelope.
pub const CLIP_BYTES: usize = 256 * 1024;
/// Largest encoded envelope: a padded clip (Padmé adds at most 12 %), header and signature.
pub const ENVELOPE_BYTES: usize = 320 * 1024;
/// Largest encoded envelope header.
pub const HEADER_BYTES: usize = 256;
/// Largest log entry, without signature and sealed list.
pub const LOG_ENTRY_BYTES: usize = 8 * 1024;
/// Largest list of sealed epoch secrets.
pub const SEALED_LIST_BYTES: usize = 8 * 1024;
/// Devices in one account.
pub const DEVICES: usize = 32;
/// Longest device name, in UTF-8 bytes.
pub const NAME_BYTES: usize = 64;
/// Largest sealed pairing message.
pub const PAIRING_BYTES: usize = 8 * 1024;
/// Invites open at once in one account.
pub const INVITES: usize = 8;
/// Greatest number at the start of a typed code.
pub const NAMEPLATE: u32 = 9999;
/// How long an invite can be claimed, in milliseconds.
pub const INVITE_MS: u64 = 10 * 60 * 1000;
/// How long a device that was let in may take to fetch the account, in milliseconds.
pub const WELCOME_MS: u64 = 24 * 60 * 60 * 1000;
/// Sockets open at once to one mailbox.
pub const SOCKETS: usize = 64;
/// Of those, how many one device may open.
pub const SOCKETS_PER_DEVICE: usize = 8;
/// How long a socket may stay open without signing in or claiming, in milliseconds.
pub const SIGN_IN_MS: u64 = 10 * 1000;
/// How long a challenge can be answered, in milliseconds.
pub const CHALLENGE_MS: u64 = 30 * 1000;
/// Frames a device may send in one minute, over all its sockets.
pub const FRAMES_PER_MINUTE: u32 = 120;
/// Frames that those who have not signed in may send in one minute, all together, from one address.
pub const STRANGERS_FRAMES_PER_MINUTE: u32 = 240;
/// Bytes of items that may be on their way to a socket, not yet acknowledged. Beyond that the socket is closed, so that
/// a slow reader takes no more of the relay's memory.
pub const UNACKED_BYTES: usize = 8 * 1024 * 1024;
/// Claims of one invite that may fail in one minute.
pub const CLAIMS_PER_MINUTE: u32 = 10;
/// Sockets that one address may open in one minute.
pub const SOCKETS_PER_MINUTE: u32 = 120;
/// Sockets that one mailbox's devices may open in one minute on top of that, from an address they have signed in from.
pub const REGULARS_PER_MINUTE: u32 = 60;
/// Sockets that one address may hold open at once.
pub const SOCKETS_PER_ADDRESS: usize = 256;
/// Nameplates that one address may ask for, and take, in one minute.
pub const NAMEPLATES_PER_MINUTE: u32 = 10;
/// Entries of one membership log.
pub const LOG_ENTRIES: usize = 50_000;
/// Of those, the last ones, which are reserved for removals: a removal must never find the log full.
pub const LOG_REMOVALS: usize = 1_000;
/// Largest content of a memo in the log.
pub const MEMO_BYTES: usize = 256;
/// Removed devices that are remembered: the last ones.
pub const REMOVED: usize = 512;
/// Longest registration token.
pub const REGISTRATION_TOKEN_BYTES: usize = 256;
/// Accounts that one address may start in a day.
pub const ACCOUNTS_PER_DAY: u32 = 10;
/// Longest address of a push subscription.
pub const PUSH_ENDPOINT_BYTES: usize = 512;
/// Shortest time between two wake-ups of one device, in milliseconds.
pub const WAKE_MS: u64 = 60 * 1000;
/// Items kept per account.
pub const ITEMS: usize = 1000;
/// Bytes kept per account, unless its relay says otherwise: items, and the log.
pub const ITEM_BYTES: u64 = 64 * 1024 * 1024;
/// An item that lives at least this long goes at a full hour, up to one hour late, so that a relay wakes for many at
/// once. In seconds.
pub const BY_THE_HOUR_S: u32 = 8 * 60 * 60;
/// Longest life of an item, in seconds.
pub const TTL_S: u32 = 7 * 24 * 60 * 60;
/// Items in one `Items` frame.
pub const PULL_ITEMS: u16 = 100;
/// Log entries in one `LogEntries` frame.
pub const PULL_ENTRIES: u16 = 32;
/// Items that a device names when it signs in.
pub const ANCHORS: usize = 4;
/// Clips that may wait on a device for the relay; as many payloads may wait besides.
pub const OUTBOX: usize = 200;
/// Longest name of a channel.
pub const CHANNEL_BYTES: usize = 64;
/// Items that one tombstone or one state item may name.
pub const NAMED: usize = 256;
