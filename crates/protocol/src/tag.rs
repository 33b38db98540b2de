//! The kinds of frames that a device sends, by number.

/// The first field of a frame from a device, as [`crate::frame::ToDevice::Error`] names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "as in ToRelay")]
pub enum Tag {
    Hello = 0,
    Register = 1,
    Claim = 2,
    Push = 3,
    Pull = 4,
    Ack = 5,
    LogAppend = 6,
    LogPull = 7,
    InviteOpen = 8,
    InviteCancel = 9,
    InviteNote = 10,
    CodeOpen = 11,
    CodeClaim = 12,
    PushSubscribe = 13,
    Leave = 14,
    Delete = 15,
}

impl Tag {
    /// All of them, by number.
    pub const ALL: [Self; 16] = [
        Self::Hello,
        Self::Register,
        Self::Claim,
        Self::Push,
        Self::Pull,
        Self::Ack,
        Self::LogAppend,
        Self::LogPull,
        Self::InviteOpen,
        Self::InviteCancel,
        Self::InviteNote,
        Self::CodeOpen,
        Self::CodeClaim,
        Self::PushSubscribe,
        Self::Leave,
        Self::Delete,
    ];

    /// As it stands on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The one with this number; `None` for one of another version.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}
