//! `hushclip unlock`: leaves a process behind that owns the home and so holds its keys.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use hushclip_model::view::Stage;
use tokio::time::{Instant, timeout, timeout_at};

use crate::args::Unlock;
use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::passphrase::{Asking, Passphrase};
use crate::print;
use crate::vault;

/// What the process that stays prints once it holds the keys.
const READY: &str = "Unlocked.";
/// How long it may take for that.
const START: Duration = Duration::from_secs(30);
/// If no time is given: longer than anything runs.
const EVER: Duration = Duration::from_hours(10 * 366 * 24);

pub(crate) async fn run(home: &Home, args: &Unlock) -> Result<()> {
    if !vault::look(home).await?.is_some_and(|keys| keys.passphrase) {
        return Err(Failure::no_passphrase());
    }
    if home.try_own()?.is_none() {
        return print::out("The keys are already unlocked in another running hushclip.\n");
    }
    if args.stay {
        return stay(home, args).await;
    }
    let passphrase = vault::check_passphrase(home, Asking::TerminalOrInput).await?;
    let started = leave_behind(home, args, passphrase);
    match started.await {
        Ok(line) if line.trim_end() == READY => print::out("Unlocked until `hushclip lock`.\n"),
        Ok(_) => Err(not_started("it gave up. Run `hushclip unlock --stay` to see why")),
        Err(error) => Err(not_started(&error.to_string())),
    }
}

/// Holds the keys in this process until told to lock, or until time is up.
async fn stay(home: &Home, args: &Unlock) -> Result<()> {
    let mut ready = false;
    let holding = super::with_session_asking(home, Asking::TerminalOrInput, None, async |session| {
        ready = true;
        print::out(&format!("{READY}\n"))?;
        let until = Instant::now() + args.minutes.map_or(EVER, |minutes| Duration::from_secs(minutes * 60));
        let begun = session.picture.view.stage;
        // An account that is forgotten needs no keys any more.
        while begun == Stage::New || session.picture.view.stage != Stage::New {
            match timeout_at(until, session.next()).await {
                Ok(news) => drop(news?),
                Err(_) => break,
            }
        }
        Ok(())
    });
    match holding.await {
        Err(failure) if ready && failure.is(Code::Locked) => Ok(()),
        outcome => outcome,
    }
}

/// Starts the process that stays, and hands it the passphrase through a pipe; returns what it prints.
async fn leave_behind(home: &Home, args: &Unlock, passphrase: Passphrase) -> std::io::Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--home").arg(std::path::absolute(home.path())?).args(["unlock", "--stay"]);
    if let Some(minutes) = args.minutes {
        command.args(["--for", &minutes.to_string()]);
    }
    // It outlives the current folder, the terminal, and Ctrl+C there.
    command.current_dir(home.path()).env_remove(crate::passphrase::FILE);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(passphrase.as_bytes())?;
        input.write_all(b"\n")?;
    }
    drop(passphrase);
    let says = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(line)
    });
    match timeout(START, says).await {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

fn not_started(why: &str) -> Failure {
    let message = format!("The process that holds the keys did not start: {why}.");
    Failure::new(Code::NotUnlocked, message)
}
