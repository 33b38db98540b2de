//! Why a command failed: one sentence for the person, one stable code for scripts, one exit code.
//! Neither holds clip text, keys or links.

use std::process::ExitCode;

use hushclip_model::Problem;

/// Names what can go wrong only here; what the engine reports has a [`Problem::code`]. Listed in `docs/CODES.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Code {
    /// The name fits several devices.
    Ambiguous,
    /// Hushclip itself is at fault.
    Bug,
    /// Another process is using the home and does not answer.
    Busy,
    /// The person changed their mind.
    Cancelled,
    /// The invite is over.
    InviteGone,
    /// Another invite took its place.
    InviteReplaced,
    /// This device's key does not open what is stored.
    KeyDamaged,
    /// This device's key is not where it should be.
    KeyMissing,
    /// The system's keyring does not answer.
    Keyring,
    /// The passphrase is needed.
    Locked,
    /// Clips wait until an alert is dismissed.
    LogWithheld,
    /// This device is in no account.
    NoAccount,
    /// There is no clipboard to watch.
    NoClipboard,
    /// There is nowhere to keep keys.
    NoHome,
    /// There was no link or code to join with.
    NoLink,
    /// There is not enough memory to work with a passphrase.
    NoMemory,
    /// There is no passphrase, so nothing can be locked.
    NoPassphrase,
    /// Nobody answered a question.
    NotConfirmed,
    /// Joining was cancelled.
    NotJoined,
    /// The input is not UTF-8.
    NotText,
    /// The process that was to hold the keys has ended.
    NotUnlocked,
    /// The relay could not be reached in time.
    Offline,
    /// A link leads elsewhere than it seems to.
    OtherRelay,
    /// The process that owns the home is another version.
    OtherVersion,
    /// A device cannot remove itself.
    OwnRemoval,
    /// The person turned the new device away.
    Refused,
    /// A code does not say where the relay is.
    RelayNeeded,
    /// There is no relay at the address.
    RelayUnreachable,
    /// The relay speaks another version.
    RelayVersion,
    /// This device was removed from its account.
    Removed,
    /// The passphrase is too short.
    ShortPassphrase,
    /// The disk refused to read or write.
    Storage,
    /// The operating system refused something.
    System,
    /// The text is larger than a clip may be.
    TooLarge,
    /// The two passphrases differ.
    TypedDifferently,
    /// There is no alert with that number.
    UnknownAlert,
    /// There is no device with that name.
    UnknownDevice,
    /// Others could read or change the home.
    UnsafeHome,
    /// Others could listen at the socket.
    UnsafeSocket,
    /// That is not the passphrase.
    WrongPassphrase,
}

/// Why a command did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Something that every program reports in the same words.
    Problem(Problem),
    /// The same, with what to do about it at a terminal.
    Hinted(Problem, String),
    /// Something that only this program can run into.
    Own(Code, String),
    /// A signal stopped it; this is the exit code that shells expect.
    Stopped(u8),
    /// Nobody reads standard output any more, so there is nothing left to do.
    NobodyReads,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::Own(code, message.into())
    }

    /// Whether it is this one.
    pub(crate) fn is(&self, code: Code) -> bool {
        matches!(self, Self::Own(own, _) if *own == code)
    }

    /// The disk failed, or what is on it cannot be used.
    pub(crate) fn storage(what: &str, error: impl std::fmt::Display) -> Self {
        Self::new(Code::Storage, format!("{what}: {error}."))
    }

    pub(crate) fn no_account() -> Self {
        let message = "This device is not in an account yet. Start one with `hushclip init`, or join your other \
                       devices with `hushclip join`.";
        Self::new(Code::NoAccount, message)
    }

    pub(crate) fn removed() -> Self {
        let message = "This device was removed from its account, and its keys were deleted. `hushclip pull --all` \
                       still lists the clips it had, `hushclip leave` deletes them, and `hushclip join` joins again.";
        Self::new(Code::Removed, message)
    }

    pub(crate) fn locked() -> Self {
        let message = "This device's keys are locked. Run `hushclip unlock`, or set HUSHCLIP_PASSPHRASE_FILE to a file \
                       that contains the passphrase.";
        Self::new(Code::Locked, message)
    }

    pub(crate) fn no_passphrase() -> Self {
        let message = "This device's keys have no passphrase, so they cannot be locked. Set one with `hushclip lock \
                       --set`.";
        Self::new(Code::NoPassphrase, message)
    }

    /// The stable code, where there is one.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Problem(problem) | Self::Hinted(problem, _) => problem.code(),
            Self::Own(code, _) => code.into(),
            Self::Stopped(_) | Self::NobodyReads => "",
        }
    }

    /// Prints the sentence; returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let code = self.code();
        let message = match self {
            Self::Problem(problem) => problem.to_string(),
            Self::Hinted(problem, hint) => format!("{problem} {hint}"),
            Self::Own(_, message) => message,
            Self::Stopped(code) => return ExitCode::from(code),
            Self::NobodyReads => return ExitCode::SUCCESS,
        };
        eprintln!("hushclip: {} ({code})", crate::print::name(&message));
        ExitCode::FAILURE
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NoPassphrase => Self::no_passphrase(),
            Problem::AlreadyMember => Self::Hinted(problem, "To forget it, run `hushclip leave`.".into()),
            problem => Self::Problem(problem),
        }
    }
}

/// What a command returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hushclip_model::Alert;
    use strum::VariantNames as _;

    use super::*;

    #[test]
    fn each_code_is_in_the_documents() {
        let page = include_str!("../../docs/CODES.md");
        let sections: Vec<BTreeSet<&str>> = page
            .split("\n## ")
            .skip(1)
            .map(|section| section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect())
            .collect();
        let codes = [Problem::codes(), Alert::codes(), Code::VARIANTS];
        assert_eq!(sections, codes.map(|codes| codes.iter().copied().collect::<BTreeSet<_>>()));
    }
}
