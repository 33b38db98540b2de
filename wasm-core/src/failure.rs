//! What a browser can fail at, in words a person can act on. Codes are stable, sentences are not.

use hushclip_crypto::vault::{LockError, UnlockError};
use hushclip_engine::view::Problem;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::DomException;

/// Why a client does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Another tab owns the engine.
    #[error("Hushclip is already open in another tab. Go on there, or close it, and this one takes over.")]
    OtherTab,
    /// Without a secure context there are no keys and no lock.
    #[error("The browser allows no encryption on this page. Open it with https:// at the front, or on localhost.")]
    Insecure,
    /// There is no IndexedDB, or it does not open.
    #[error(
        "This browser does not let Hushclip store anything, as in some private windows. Open it in an ordinary \
         window, or allow it to store data."
    )]
    NoStorage,
    /// The disk or the origin's quota is full.
    #[error("This browser's storage is full. Free some space, then open Hushclip again.")]
    StorageFull,
    /// What is stored was changed from outside, or by a later version.
    #[error(
        "What this browser has stored cannot be read: it is damaged, or of a later Hushclip. Update and try again."
    )]
    Damaged,
}

impl StartError {
    /// Stable, for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::OtherTab => "other_tab",
            Self::Insecure => "insecure_page",
            Self::NoStorage => "no_storage",
            Self::StorageFull => "storage_full",
            Self::Damaged => "storage_damaged",
        }
    }

    /// The same as a screen shows it.
    pub fn problem(self) -> Problem {
        Problem { code: self.code().into(), message: self.to_string() }
    }
}

/// Why a change was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// No room.
    Full,
    /// Anything else.
    Failed,
}

impl StoreError {
    pub(crate) fn problem(self) -> Problem {
        let (code, message) = match self {
            Self::Full => (
                "storage_full",
                "This browser's storage is full; free some space and reopen Hushclip. Until then nothing is sent or \
                 fetched, and what was accepted before is safe.",
            ),
            Self::Failed => (
                "storage_failed",
                "This browser did not store a change; reopen Hushclip. Until then nothing is sent or fetched, and \
                 what was accepted before is safe.",
            ),
        };
        Problem { code: code.into(), message: message.into() }
    }
}

impl From<JsValue> for StoreError {
    /// Looks at the exception's name only: its message may quote data.
    fn from(error: JsValue) -> Self {
        match error.dyn_ref::<DomException>().map(DomException::name).as_deref() {
            Some("QuotaExceededError") => Self::Full,
            _ => Self::Failed,
        }
    }
}

/// Why a request to the lock failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LockFailure {
    #[error("That is not the passphrase.")]
    Wrong,
    #[error("Too many wrong passphrases. Wait a moment, then try again.")]
    TooSoon,
    #[error("A passphrase needs at least 8 characters.")]
    TooShort,
    #[error("There is not enough memory for this. Close other tabs and programs, then try again.")]
    NoMemory,
    #[error("The browser did not store this. Nothing has changed; try again.")]
    NotStored,
    #[error("Unlock first.")]
    Locked,
    #[error("{0}")]
    Start(StartError),
}

impl LockFailure {
    fn code(self) -> &'static str {
        match self {
            Self::Wrong => "wrong_passphrase",
            Self::TooSoon => "too_many_tries",
            Self::TooShort => "passphrase_too_short",
            Self::NoMemory => "no_memory",
            Self::NotStored => "storage_failed",
            Self::Locked => "locked",
            Self::Start(error) => error.code(),
        }
    }

    pub(crate) fn problem(self) -> Problem {
        Problem { code: self.code().into(), message: self.to_string() }
    }
}

impl From<UnlockError> for LockFailure {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::WrongPassphrase => Self::Wrong,
            UnlockError::Damaged => Self::Start(StartError::Damaged),
            UnlockError::NoMemory => Self::NoMemory,
        }
    }
}

impl From<LockError> for LockFailure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::TooShort => Self::TooShort,
            LockError::NoMemory => Self::NoMemory,
        }
    }
}

impl From<StartError> for LockFailure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<StoreError> for LockFailure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Start(StartError::StorageFull),
            StoreError::Failed => Self::NotStored,
        }
    }
}
