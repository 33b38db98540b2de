//! Why a command failed: one sentence for the person, one stable code for scripts, one exit code.
//! Neither holds clip text, keys or links.

use std::process::ExitCode;

use hushclip_engine::view::Problem;

/// The end of a command that did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Something went wrong.
    Problem(Problem),
    /// A signal came; this is the exit code that shells expect for it.
    Stopped(u8),
    /// Whoever read the standard output has gone, so there is nothing left to do.
    NobodyReads,
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self::Problem(Problem { code: code.into(), message: message.into() })
    }

    /// The disk, or what is on it, does not play along.
    pub(crate) fn storage(what: &str, error: impl std::fmt::Display) -> Self {
        Self::new("storage", format!("{what}: {error}."))
    }

    pub(crate) fn no_account() -> Self {
        let message = "This device belongs to no account yet. Start one with `hushclip init`, or join your other \
                       devices with `hushclip join`.";
        Self::new("no_account", message)
    }

    pub(crate) fn removed() -> Self {
        let message = "This device was removed from its account, and its keys are deleted. `hushclip pull --all` still \
                       lists the clips it had, `hushclip leave` deletes them, and `hushclip join` joins again.";
        Self::new("removed", message)
    }

    pub(crate) fn locked() -> Self {
        let message = "The keys of this device are locked. Run `hushclip unlock`, or name a file with the passphrase in \
                       HUSHCLIP_PASSPHRASE_FILE.";
        Self::new("locked", message)
    }

    pub(crate) fn no_passphrase() -> Self {
        let message = "There is no passphrase on this device's keys, so they cannot be locked. `hushclip lock --set` sets \
                       one.";
        Self::new("no_passphrase", message)
    }

    /// The stable code, where there is one.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Problem(problem) => &problem.code,
            _ => "",
        }
    }

    /// Prints the sentence; returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Problem(Problem { code, message }) => {
                eprintln!("hushclip: {} ({code})", crate::print::name(&message));
                ExitCode::FAILURE
            }
            Self::Stopped(code) => ExitCode::from(code),
            Self::NobodyReads => ExitCode::SUCCESS,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What a command returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;
