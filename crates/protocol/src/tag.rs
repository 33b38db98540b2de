//! The kinds of frames that a device sends, by number.

use crate::numbered::numbered;

numbered! {
    /// The first field of a frame from a device, as [`crate::frame::ToDevice::Error`] names it. Each is described with
    /// the frame of the same name in [`crate::frame::ToRelay`].
    Tag {
        /// Signs in.
        Hello = 0,
        /// Brings the first log entry.
        Register = 1,
        /// Claims an invite.
        Claim = 2,
        /// Stores an envelope.
        Push = 3,
        /// Asks for items.
        Pull = 4,
        /// Says what is stored.
        Ack = 5,
        /// Appends a log entry.
        LogAppend = 6,
        /// Asks for log entries.
        LogPull = 7,
        /// Opens an invite.
        InviteOpen = 8,
        /// Ends an invite.
        InviteCancel = 9,
        /// A step of a pairing.
        InviteNote = 10,
        /// Opens an invite with a typed code.
        CodeOpen = 11,
        /// Claims one by its code.
        CodeClaim = 12,
        /// Says where wake-ups go.
        PushSubscribe = 13,
        /// Forgets the account.
        Leave = 14,
        /// Stores a tombstone and deletes.
        Delete = 15,
    }
}
