//! What a person or a script types while a command waits for other things too.

use std::io::{BufRead as _, Read as _};

use tokio::sync::mpsc;

use crate::failure::{Code, Failure, Result};
use crate::print;

/// The longest line that is read, in bytes.
const LINE: u64 = 4096;

/// Lines of standard input, until it ends. Read on a thread of its own, because reading cannot be interrupted and must
/// not keep the process from ending.
pub(crate) fn lines() -> mpsc::Receiver<String> {
    let (typed, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = input.by_ref().take(LINE).read_until(b'\n', &mut line);
            let ended = !matches!(read, Ok(bytes) if bytes > 0);
            if ended || typed.blocking_send(String::from_utf8_lossy(&line).trim().to_owned()).is_err() {
                return;
            }
        }
    });
    lines
}

/// Asks the person, unless told that the answer is yes; fails if it is anything else.
pub(crate) async fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    print::say(&format!("{question} [y/N]"));
    match lines().recv().await {
        Some(answer) if is_yes(&answer) => Ok(()),
        Some(_) => Err(Failure::new(Code::Cancelled, "Nothing was changed.")),
        None => {
            let message = "Nobody answered, so nothing was changed. Answer the question, or pass --yes to skip it.";
            Err(Failure::new(Code::NotConfirmed, message))
        }
    }
}

pub(crate) fn is_yes(answer: &str) -> bool {
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}
