//! Stable codes that cross the wire. The sentences that people read come from each client; the ones here are for logs
//! and close reasons.

use crate::numbered::numbered;

numbered! {
    /// Why the relay refused one frame. The socket stays open.
    ErrorCode {
        /// The frame is not one this relay understands.
        BadFrame = 0,
        /// Nobody has registered an account at this mailbox.
        UnknownAccount = 1,
        /// The envelope or entry is too long.
        TooLarge = 2,
        /// The account has used its space; nothing was stored.
        StorageFull = 3,
        /// Too many frames; try again after `retry_after_ms`.
        RateLimited = 4,
        /// The envelope was sealed under an epoch that is not the current one; fetch the log.
        StaleEpoch = 5,
        /// The log has a different head; fetch it and try again.
        LogConflict = 6,
        /// The log entry does not verify.
        BadEntry = 7,
        /// The invite does not exist, has expired or was cancelled.
        InviteGone = 8,
        /// The invite was claimed by somebody else.
        InviteUsed = 9,
        /// Too many invites are open.
        TooManyInvites = 10,
        /// The relay could not store it; nothing was lost, try again.
        Unavailable = 11,
        /// The relay has newer items than the device; take them in, then try again.
        Behind = 12,
        /// The nameplate leads to another invite; choose another one.
        NameplateTaken = 13,
        /// The device is not in the relay's log, which is shorter than the device's: show the relay the rest, then sign
        /// in.
        LogBehind = 14,
        /// New accounts need a token here, and this was not it.
        TokenWanted = 15,
        /// This relay takes no new accounts.
        RegistrationClosed = 16,
        /// Too many accounts were started from this address today.
        TooManyAccounts = 17,
        /// The relay itself has no room, however little this account uses; nothing was stored.
        RelayFull = 18,
    }
}

impl ErrorCode {
    /// For the relay's figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadFrame => "bad_frame",
            Self::UnknownAccount => "unknown_account",
            Self::TooLarge => "too_large",
            Self::StorageFull => "storage_full",
            Self::RateLimited => "rate_limited",
            Self::StaleEpoch => "stale_epoch",
            Self::LogConflict => "log_conflict",
            Self::BadEntry => "bad_entry",
            Self::InviteGone => "invite_gone",
            Self::InviteUsed => "invite_used",
            Self::TooManyInvites => "too_many_invites",
            Self::Unavailable => "unavailable",
            Self::Behind => "behind",
            Self::NameplateTaken => "nameplate_taken",
            Self::LogBehind => "log_behind",
            Self::TokenWanted => "token_wanted",
            Self::RegistrationClosed => "registration_closed",
            Self::TooManyAccounts => "too_many_accounts",
            Self::RelayFull => "relay_full",
            Self::Other(_) => "other",
        }
    }
}

/// Why the relay closed a socket: application close codes of RFC 6455 §7.4.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// No common protocol version.
    Version,
    /// Something that is not a frame.
    BadFrame,
    /// The challenge was not answered by a member.
    NotAMember,
    /// Nobody signed in within the deadline.
    SignInTimeout,
    /// This device was removed from the account.
    Removed,
    /// Too many sockets on this mailbox.
    TooManySockets,
    /// Frames, or wrong claims of an invite, kept coming after the rate limit.
    RateLimited,
    /// The relay had a fault; try again.
    Internal,
    /// The device does not acknowledge what it was sent; it catches up when it is back.
    TooSlow,
    /// A frame that only a signed-in device may send.
    SignInFirst,
    /// The relay no longer keeps anything of this account, or this device has left it.
    Gone,
}

impl CloseCode {
    /// All of them, by number.
    pub const ALL: [Self; 11] = [
        Self::Version,
        Self::BadFrame,
        Self::NotAMember,
        Self::SignInTimeout,
        Self::Removed,
        Self::TooManySockets,
        Self::RateLimited,
        Self::Internal,
        Self::TooSlow,
        Self::SignInFirst,
        Self::Gone,
    ];

    /// The number on the wire.
    pub const fn code(self) -> u16 {
        match self {
            Self::Version => 4001,
            Self::BadFrame => 4002,
            Self::NotAMember => 4003,
            Self::SignInTimeout => 4004,
            Self::Removed => 4005,
            Self::TooManySockets => 4006,
            Self::RateLimited => 4007,
            Self::Internal => 4008,
            Self::TooSlow => 4009,
            Self::SignInFirst => 4010,
            Self::Gone => 4011,
        }
    }

    /// The sentence on the wire.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Version => "no common protocol version; this relay speaks hushclip/1",
            Self::BadFrame => "not a hushclip frame",
            Self::NotAMember => "the signature is not by a device of this account",
            Self::SignInTimeout => "nobody signed in",
            Self::Removed => "this device was removed from the account",
            Self::TooManySockets => "too many sockets on this account",
            Self::RateLimited => "too many frames or wrong claims; wait a minute",
            Self::Internal => "the relay had a fault; try again",
            Self::TooSlow => "this device does not keep up; it gets the rest when it is back",
            Self::SignInFirst => "sign in first",
            Self::Gone => "this relay does not keep this account any more",
        }
    }

    /// The close code a number stands for.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.code() == code)
    }
}
