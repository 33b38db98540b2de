//! What became of a request. Each command gets exactly one answer; what happens later to a clip, an invite or an
//! account is seen in the view.

use serde::{Deserialize, Serialize};

use crate::{ArchiveCommand, Command, Content, LockCommand, Problem};

/// Tells one request from another. Whoever asks chooses it, and never uses one twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub u64);

/// Anything that a person asks for, whoever carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// For the engine.
    Command(Command),
    /// For the lock, in front of the engine.
    Lock(LockCommand),
    /// Exporting or importing the history as a file.
    Archive(ArchiveCommand),
    /// The whole of a clip, of which the view may have only the beginning.
    Read {
        /// Hexadecimal item identifier.
        clip: String,
    },
}

impl From<Command> for Ask {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}

impl From<LockCommand> for Ask {
    fn from(command: LockCommand) -> Self {
        Self::Lock(command)
    }
}

impl From<ArchiveCommand> for Ask {
    fn from(command: ArchiveCommand) -> Self {
        Self::Archive(command)
    }
}

/// A request, and what its answer is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Returned with the outcome.
    pub id: CommandId,
    /// What is asked for.
    pub ask: Ask,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// That of the request.
    pub id: CommandId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a command.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It is done, or under way and stored: it goes on after a restart.
    Done,
    /// The clip is stored here and on its way. Until this answer, whoever asked has to keep it.
    Queued {
        /// Hexadecimal item identifier.
        clip: String,
    },
    /// The payload is stored here and on its way.
    Published {
        /// Hexadecimal item identifier.
        payload: String,
    },
    /// The whole of a clip.
    Content {
        /// What it holds.
        content: Content,
    },
    /// The history as a file.
    Exported {
        /// In base64 (RFC 4648, section 4).
        file: String,
        /// How many clips it holds.
        clips: u32,
        /// How many are missing from it, because their content is lost.
        #[serde(default)]
        lost: u32,
    },
    /// What the file held that was not here before has been added.
    Imported {
        /// How many clips that was.
        added: u32,
    },
    /// It was not done, and nothing has changed.
    Refused {
        /// What is wrong and what to do.
        problem: Problem,
    },
}

impl core::fmt::Debug for Outcome {
    /// Leaves the file out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Done => f.write_str("Done"),
            Self::Queued { clip } => write!(f, "Queued({clip})"),
            Self::Published { payload } => write!(f, "Published({payload})"),
            Self::Content { content } => content.fmt(f),
            Self::Exported { clips, .. } => write!(f, "Exported({clips} clips)"),
            Self::Imported { added } => write!(f, "Imported({added} clips)"),
            Self::Refused { problem } => write!(f, "Refused({})", problem.code()),
        }
    }
}

impl Outcome {
    /// Why it was refused, if it was.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem } => Some(problem),
            _ => None,
        }
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self::Refused { problem }
    }
}
