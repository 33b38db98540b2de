//! The history as a file, as a person asks for it.

use serde::{Deserialize, Serialize};

use crate::Problem;

/// What a person asks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "archive", rename_all = "snake_case")]
pub enum ArchiveRequest {
    /// The history as a file.
    Export {
        /// To open it with.
        passphrase: String,
    },
    /// Add what a file holds.
    Import {
        /// To open it with.
        passphrase: String,
        /// The file, in base64 (RFC 4648, section 4).
        file: String,
    },
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "archive", rename_all = "snake_case")]
pub enum ArchiveOutcome {
    /// The file.
    Exported {
        /// In base64 (RFC 4648, section 4).
        file: String,
        /// How many clips it holds.
        clips: u32,
    },
    /// What was not here before is here now.
    Imported {
        /// How many clips that are.
        added: u32,
    },
    /// Neither.
    Failed {
        /// What happened and what to do.
        problem: Problem,
    },
}

impl core::fmt::Debug for ArchiveRequest {
    /// Names the request only: passphrases do not belong in logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Export { .. } => "Export",
            Self::Import { .. } => "Import",
        })
    }
}

impl core::fmt::Debug for ArchiveOutcome {
    /// Names the outcome only.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Exported { .. } => "Exported",
            Self::Imported { .. } => "Imported",
            Self::Failed { .. } => "Failed",
        })
    }
}
