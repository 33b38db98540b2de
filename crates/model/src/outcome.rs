//! What became of what was asked. Each command gets one answer, and that is the only one: what happens later to a clip,
//! an invite or an account is seen in the view.

use serde::{Deserialize, Serialize};

use crate::{Command, Problem};

/// Tells what was asked from what else was. Whoever asks chooses it, and uses none twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub u64);

/// A command, and what its answer is known by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Comes back with the outcome.
    pub id: CommandId,
    /// What is asked for.
    pub command: Command,
}

impl core::fmt::Debug for Asked {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Asked({}, {:?})", self.id.0, self.command)
    }
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The command's.
    pub id: CommandId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It is done, or under way and stored: it goes on after a restart.
    Done,
    /// The clip is stored here and on its way. Until then it is whoever asked who has to keep it.
    Queued {
        /// Hexadecimal item identifier.
        clip: String,
    },
    /// It was not done, and nothing has changed.
    Refused {
        /// What is wrong and what to do.
        problem: Problem,
    },
}

impl Outcome {
    /// Why it was not done, if so.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem } => Some(problem),
            Self::Done | Self::Queued { .. } => None,
        }
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self::Refused { problem }
    }
}
