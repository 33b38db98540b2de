//! The words between screens and what keeps the keys at rest. The engine knows nothing of it: a locked
//! device has no engine. They are here because this is the crate that screens and shells both know.

use serde::{Deserialize, Serialize};

/// How the lock of a device stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// Whether there is a passphrase, and whether it is asked for.
    pub state: LockState,
    /// A passphrase is being worked on, which takes about a second.
    pub busy: bool,
    /// After so many minutes without a person the device locks itself, if it does at all.
    pub auto_lock_minutes: Option<u32>,
    /// No passphrase is tried before this time (milliseconds since 1970).
    pub retry_at: Option<u64>,
}

/// Whether there is a passphrase, and whether it is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockState {
    /// There is no passphrase.
    #[default]
    Open,
    /// There is one, and the device is unlocked.
    Guarded,
    /// The keys are out of reach until the passphrase is given.
    Locked,
}

/// What a person asks of the lock.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "lock", rename_all = "snake_case")]
pub enum LockCommand {
    /// Open with the passphrase.
    Unlock {
        /// As typed.
        passphrase: String,
    },
    /// Put the keys out of reach now.
    Lock,
    /// Set a passphrase, or change it.
    SetPassphrase {
        /// The present one, if there is one.
        old: Option<String>,
        /// The new one.
        new: String,
    },
    /// Keep the keys without a passphrase from now on.
    RemovePassphrase {
        /// The present one.
        old: String,
    },
    /// Choose when the device locks itself.
    SetAutoLock {
        /// Minutes; nothing for never.
        minutes: Option<u32>,
    },
    /// The passphrase is lost: delete everything that is stored, and start anew.
    Forget,
}

impl core::fmt::Debug for LockCommand {
    /// Names the command only: passphrases do not belong in logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Unlock { .. } => "Unlock",
            Self::Lock => "Lock",
            Self::SetPassphrase { .. } => "SetPassphrase",
            Self::RemovePassphrase { .. } => "RemovePassphrase",
            Self::SetAutoLock { .. } => "SetAutoLock",
            Self::Forget => "Forget",
        })
    }
}
