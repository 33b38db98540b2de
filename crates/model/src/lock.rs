//! What screens and the keeper of the keys at rest say to each other. The engine takes no part in it: a locked device
//! has no engine. These types are here because this is the crate that screens and shells share.

use serde::{Deserialize, Serialize};

/// The state of a device's lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// Whether there is a passphrase, and whether it is needed now.
    pub state: LockState,
    /// A passphrase is being processed, which takes about a second.
    pub busy: bool,
    /// The device locks itself after this many minutes without a person; `None` if it never does.
    pub auto_lock_minutes: Option<u32>,
    /// No passphrase is tried before this time (milliseconds since 1970).
    pub retry_at: Option<u64>,
}

/// Whether there is a passphrase, and whether it is needed now.
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
#[serde(rename_all = "snake_case")]
pub enum LockCommand {
    /// Unlock with the passphrase.
    Unlock {
        /// As typed.
        passphrase: String,
    },
    /// Put the keys out of reach now.
    Lock,
    /// Set a passphrase, or change it.
    SetPassphrase {
        /// The current one, if there is one.
        old: Option<String>,
        /// The new one.
        new: String,
    },
    /// Keep the keys without a passphrase from now on.
    RemovePassphrase {
        /// The current one.
        old: String,
    },
    /// Choose when the device locks itself.
    SetAutoLock {
        /// Minutes; `None` for never.
        minutes: Option<u32>,
    },
    /// The passphrase is lost: delete everything that is stored, and start over.
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
