//! How a passphrase comes in: from the file that HUSHCLIP_PASSPHRASE_FILE names, from the terminal without showing it,
//! or, for commands that read nothing else, as a line of standard input.

use std::io::{BufRead as _, ErrorKind, IsTerminal as _, Read as _, stderr, stdin};
use std::pin::pin;

use hushclip_crypto::vault::{LockError, LockedKey, PASSPHRASE_CHARS, UnlockError, VaultKey};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::failure::{Code, Failure, Result};
use crate::print;
use crate::signal::signal;

/// Names a file whose first line is the passphrase.
pub(crate) const FILE: &str = "HUSHCLIP_PASSPHRASE_FILE";
/// The longest passphrase that is read, in bytes.
const BYTES: u64 = 1024;
/// How often a person may mistype.
const TRIES: u32 = 3;

/// Whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// The person at the terminal, or a line of standard input where there is none.
    TerminalOrInput,
    /// The person at the terminal; standard input is for other things.
    Terminal,
    /// Nobody.
    Nobody,
}

/// A passphrase in its normal form.
pub(crate) type Passphrase = Zeroizing<String>;

/// Takes the key out of its bundle with a passphrase from whoever can be asked; returns both.
pub(crate) async fn unlock(bundle: &LockedKey, asking: Asking) -> Result<(VaultKey, Passphrase)> {
    let named = std::env::var_os(FILE).filter(|name| !name.is_empty());
    if let Some(name) = named {
        return open(bundle, read_file(&name)?);
    }
    match asking {
        Asking::TerminalOrInput if stdin().is_terminal() => by_person(bundle).await,
        Asking::Terminal if stderr().is_terminal() => by_person(bundle).await,
        Asking::TerminalOrInput => open(bundle, read_line()?),
        Asking::Terminal | Asking::Nobody => Err(Failure::locked()),
    }
}

async fn by_person(bundle: &LockedKey) -> Result<(VaultKey, Passphrase)> {
    for _ in 1..TRIES {
        match open(bundle, shown_nowhere("Passphrase: ").await?) {
            Err(failure) if failure.is(Code::WrongPassphrase) => drop(failure.report()),
            outcome => return outcome,
        }
    }
    open(bundle, shown_nowhere("Passphrase: ").await?)
}

/// A new passphrase; a person types it twice.
pub(crate) async fn new() -> Result<Passphrase> {
    if !stdin().is_terminal() {
        return read_line();
    }
    let first = shown_nowhere(&format!("New passphrase, at least {PASSPHRASE_CHARS} characters: ")).await?;
    let second = shown_nowhere("Once more: ").await?;
    if first == second {
        return Ok(first);
    }
    let message = "The two passphrases differ. Nothing was changed; try again.";
    Err(Failure::new(Code::TypedDifferently, message))
}

/// Puts a key under a passphrase.
pub(crate) fn lock(key: &VaultKey, passphrase: &str) -> Result<LockedKey> {
    key.lock(passphrase, &mut rand_core::UnwrapErr(getrandom::SysRng)).map_err(|error| match error {
        LockError::TooShort => {
            let message = format!(
                "That passphrase is too short. Use at least {PASSPHRASE_CHARS} characters; four words work well."
            );
            Failure::new(Code::ShortPassphrase, message)
        }
        LockError::NoMemory => no_memory(),
    })
}

fn open(bundle: &LockedKey, passphrase: Passphrase) -> Result<(VaultKey, Passphrase)> {
    let key = bundle.unlock(&passphrase).map_err(|error| match error {
        UnlockError::WrongPassphrase => Failure::new(Code::WrongPassphrase, "That is not this device's passphrase."),
        UnlockError::Damaged => {
            let message = "This device's locked key is damaged, so no passphrase can open it. Nothing was changed.";
            Failure::new(Code::KeyDamaged, message)
        }
        UnlockError::NoMemory => no_memory(),
    })?;
    Ok((key, passphrase))
}

fn no_memory() -> Failure {
    Failure::new(
        Code::NoMemory,
        "There is not enough memory: working with a passphrase takes 64 MiB. Close some programs, then try again.",
    )
}

async fn shown_nowhere(prompt: &str) -> Result<Passphrase> {
    let (prompt, terminal) = (prompt.to_owned(), Terminal::save());
    let typed = tokio::task::spawn_blocking(move || rpassword::prompt_password(prompt).map(Zeroizing::new));
    let mut stopped = pin!(signal());
    let code = tokio::select! {
        typed = typed => match typed.unwrap_or_else(|error| Err(error.into())) {
            Ok(typed) => return Ok(normal(&typed)),
            // Interrupted by the signal, which arrives here in a moment.
            Err(error) if error.kind() == ErrorKind::Interrupted => stopped.await,
            Err(error) => return Err(Failure::storage("Cannot read the passphrase", error)),
        },
        code = &mut stopped => code,
    };
    terminal.restore();
    print::say("");
    Err(Failure::Stopped(code))
}

/// How the terminal was set before it stopped showing what is typed.
#[cfg(unix)]
struct Terminal(Option<(std::fs::File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Terminal {
    fn save() -> Self {
        let terminal = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty").ok();
        Self(terminal.and_then(|terminal| rustix::termios::tcgetattr(&terminal).ok().map(|how| (terminal, how))))
    }

    fn restore(self) {
        if let Some((terminal, how)) = self.0 {
            let _ = rustix::termios::tcsetattr(&terminal, rustix::termios::OptionalActions::Now, &how);
        }
    }
}

#[cfg(not(unix))]
struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    fn save() -> Self {
        Self
    }

    fn restore(self) {}
}

/// The next line of standard input. What follows stays there for the next one.
fn read_line() -> Result<Passphrase> {
    let mut line = Zeroizing::new(Vec::new());
    let read = stdin().lock().take(BYTES).read_until(b'\n', &mut line);
    read.map_err(|error| Failure::storage("Cannot read the passphrase", error))?;
    if line.is_empty() { Err(Failure::locked()) } else { text(&line) }
}

fn read_file(name: &std::ffi::OsStr) -> Result<Passphrase> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::fs::File::open(name).and_then(|file| file.take(BYTES).read_to_end(&mut bytes));
    read.map_err(|error| Failure::storage(&format!("Cannot read {}", name.to_string_lossy()), error))?;
    text(bytes.split(|byte| *byte == b'\n').next().unwrap_or_default())
}

fn text(bytes: &[u8]) -> Result<Passphrase> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Failure::new(Code::NotText, "The passphrase is not UTF-8 text."))?;
    Ok(normal(text))
}

/// One of the several ways to write the same letters (NFC).
fn normal(text: &str) -> Passphrase {
    Zeroizing::new(text.trim().nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_count_however_they_are_written() {
        assert_eq!(*normal(" gru\u{308}\u{df}e an alle\r\n"), "gr\u{fc}\u{df}e an alle");
        assert!(text(b"\xff").is_err());
    }
}
