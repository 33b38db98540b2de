//! Stable codes that cross the wire. The sentences people read are made by each client; the ones
//! here are for logs and for close reasons.

use minicbor::{Decode, Encode};

/// Why the relay refused one frame. The socket stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ErrorCode {
    /// The frame is not one this relay understands.
    #[n(0)]
    BadFrame,
    /// Nobody has registered an account at this mailbox.
    #[n(1)]
    UnknownAccount,
    /// The envelope or entry is too long.
    #[n(2)]
    TooLarge,
    /// The account has used its space; nothing was stored.
    #[n(3)]
    StorageFull,
    /// Too many frames; try again after `retry_after_ms`.
    #[n(4)]
    RateLimited,
    /// The envelope was sealed under an epoch that is not the current one; fetch the log.
    #[n(5)]
    StaleEpoch,
    /// The log has another head; fetch it and try again.
    #[n(6)]
    LogConflict,
    /// The log entry does not verify.
    #[n(7)]
    BadEntry,
    /// The invite does not exist, has expired or was cancelled.
    #[n(8)]
    InviteGone,
    /// The invite was claimed by somebody else.
    #[n(9)]
    InviteUsed,
    /// Too many invites are open.
    #[n(10)]
    TooManyInvites,
    /// The relay could not store it; nothing was lost, try again.
    #[n(11)]
    Unavailable,
    /// The relay has newer items than the device; take them in, then try again.
    #[n(12)]
    Behind,
    /// The nameplate leads to another invite; choose another one.
    #[n(13)]
    NameplateTaken,
    /// The device does not stand in the relay's log, which is shorter than the device's: show the relay
    /// the rest, then sign in.
    #[n(14)]
    LogBehind,
    /// New accounts need a token here, and this was not it.
    #[n(15)]
    TokenWanted,
    /// No new accounts are taken in here.
    #[n(16)]
    RegistrationClosed,
    /// Too many accounts were started from this address today.
    #[n(17)]
    TooManyAccounts,
    /// The relay has no room, whatever this account has; nothing was stored.
    #[n(18)]
    RelayFull,
}

impl ErrorCode {
    /// All of them, by number.
    pub const ALL: [Self; 19] = [
        Self::BadFrame,
        Self::UnknownAccount,
        Self::TooLarge,
        Self::StorageFull,
        Self::RateLimited,
        Self::StaleEpoch,
        Self::LogConflict,
        Self::BadEntry,
        Self::InviteGone,
        Self::InviteUsed,
        Self::TooManyInvites,
        Self::Unavailable,
        Self::Behind,
        Self::NameplateTaken,
        Self::LogBehind,
        Self::TokenWanted,
        Self::RegistrationClosed,
        Self::TooManyAccounts,
        Self::RelayFull,
    ];

    /// For figures.
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
        }
    }
}

/// Why the relay closed a socket: application close codes of RFC 6455 §7.4.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// No common protocol version.
    Version,
    /// A frame that is no frame.
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
    /// The device does not say that it has stored what it was sent; it catches up when it is back.
    TooSlow,
    /// A frame that only a device may send, which has signed in.
    SignInFirst,
    /// The relay keeps nothing of this account any more, or this device has left it.
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
