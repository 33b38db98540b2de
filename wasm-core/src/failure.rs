//! What a browser can fail at, as problems that people are shown.

use hushclip_crypto::vault::{LockError, UnlockError};
use hushclip_model::Problem;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::DomException;

/// Why a change was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// No room.
    Full,
    /// Anything else.
    Failed,
}

impl StoreError {
    /// As something that the engine waits for.
    pub(crate) fn stall(self) -> Problem {
        match self {
            Self::Full => Problem::StorageFull,
            Self::Failed => Problem::StorageFailed,
        }
    }

    /// As something that a person asked for and that was not done.
    pub(crate) fn refusal(self) -> Problem {
        match self {
            Self::Full => Problem::StorageFull,
            Self::Failed => Problem::NotStored,
        }
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

pub(crate) fn unlock(error: UnlockError) -> Problem {
    match error {
        UnlockError::WrongPassphrase => Problem::WrongPassphrase,
        UnlockError::Damaged => Problem::StorageDamaged,
        UnlockError::NoMemory => Problem::NoMemory,
    }
}

pub(crate) fn lock(error: LockError) -> Problem {
    match error {
        LockError::TooShort => Problem::PassphraseTooShort,
        LockError::NoMemory => Problem::NoMemory,
    }
}
