//! Why something was not done. No error holds a clip, a key or a link.

use hushclip_model::Problem;

use crate::store::StoreError;

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device or its relay refused. [`Problem::code`] is stable; the sentence is for people.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// Another device has removed this one from the account, and its keys are gone.
    #[error("this device was removed from its account")]
    Removed,
    /// The relay did not answer; the reason, if known.
    #[error("the relay cannot be reached{}", in_brackets(.0.as_deref()))]
    Unreachable(Option<String>),
    /// The relay speaks no version of the protocol that this client does.
    #[error("the relay speaks another version of Hushclip")]
    OtherVersion,
    /// It was cancelled, here or on the other device.
    #[error("it was cancelled")]
    Cancelled,
    /// It is not kept here any more: it expired, was deleted, or could not be sent; or there is no such device.
    #[error("it is not there any more")]
    Gone,
    /// What is stored cannot be read: the device has ended.
    #[error("cannot read what is stored: {0}")]
    Read(StoreError),
    /// A change cannot be stored. Nothing may be sent before it is on the disk, so the device has ended.
    #[error("cannot store a change: {0}")]
    Write(StoreError),
    /// The system refused a thread, or randomness.
    #[error("the system refused: {0}")]
    System(String),
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl Error {
    /// A name for scripts and logs, which stays the same; of a problem, its own.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Problem(problem) => problem.code(),
            Self::Removed => "removed",
            Self::Unreachable(_) => "offline",
            Self::OtherVersion => "relay_version",
            Self::Cancelled => "cancelled",
            Self::Gone => "gone",
            Self::Read(_) | Self::Write(_) => "storage",
            Self::System(_) => "system",
            Self::Closed => "closed",
        }
    }
}

fn in_brackets(why: Option<&str>) -> String {
    why.map(|why| format!(" ({why})")).unwrap_or_default()
}

/// What most of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
