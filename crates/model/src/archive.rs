//! Exporting the history to a file, and importing it: what a person asks for.

use serde::{Deserialize, Serialize};

/// What a person asks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveCommand {
    /// Export the history as a file.
    Export {
        /// The passphrase that opens the file.
        passphrase: String,
    },
    /// Import what a file holds.
    Import {
        /// The passphrase that opens the file.
        passphrase: String,
        /// The file, in base64 (RFC 4648, section 4).
        file: String,
    },
}

impl core::fmt::Debug for ArchiveCommand {
    /// Names the command only: passphrases do not belong in logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Export { .. } => "Export",
            Self::Import { .. } => "Import",
        })
    }
}
