//! `hushclip join`: joins an account with a pairing link or a typed code.

use std::io::{BufRead as _, IsTerminal as _, Read as _, stdin};
use std::time::Duration;

use hushclip_client::target;
use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Command, Notice};
use tokio::time::{Instant, timeout_at};

use crate::args::Join;
use crate::failure::{Code, Failure, Result};
use crate::print;
use crate::session::{News, Session};

/// How long the relay may stay out of reach before the other device has answered.
const REACH: Duration = Duration::from_secs(15);
/// How long the list of devices may take once this one is let in.
const SETTLE: Duration = Duration::from_secs(15);

/// The longest link or code that is read, in bytes.
const WAY: u64 = 4096;

/// With `-` in its place, the link or code is read as a line of standard input: other users can see a command line, and
/// shells remember it.
pub(crate) fn read(mut args: Join) -> Result<Join> {
    if args.way != "-" {
        return Ok(args);
    }
    if stdin().is_terminal() {
        print::say("Paste the link, or type the code:");
    }
    let mut line = String::new();
    let read = stdin().lock().take(WAY).read_line(&mut line);
    read.map_err(|error| Failure::storage("Cannot read standard input", error))?;
    args.way = line.trim().into();
    if args.way.is_empty() {
        return Err(Failure::new(Code::NoLink, "There was no link or code on standard input."));
    }
    Ok(args)
}

pub(crate) async fn run(session: &mut Session, args: Join) -> Result<()> {
    session.command(command(args)?).await?.done()?;
    print::say(&format!(
        "Joining through the relay {}. Waiting for the other device …",
        session.picture.view.relay.as_deref().unwrap_or_default()
    ));
    wait(session).await?;
    let until = Instant::now() + SETTLE;
    session.wait_until(until, |picture| picture.view.connection == Connection::Online).await?;
    if let Some(failure) = session.halted() {
        return Err(failure);
    }
    let view = &session.picture.view;
    let others: Vec<_> = view.devices.iter().filter(|device| !device.own).map(|device| &*device.name).collect();
    print::out(&format!(
        "Joined as {}, with {}.\n",
        print::name(view.name.as_deref().unwrap_or_default()),
        print::name(&others.join(", "))
    ))?;
    print::say(&format!(
        "Relay: {}\nAccount: {}\n`hushclip status` shows the same six words on your other devices. If it does not, \
         this device is in somebody else's account: run `hushclip leave`.",
        view.relay.as_deref().unwrap_or_default(),
        view.fingerprint.as_deref().unwrap_or_default()
    ));
    Ok(())
}

/// A link says which relay it leads to; a code, which begins with a number, does not.
fn command(args: Join) -> Result<Command> {
    let (way, name) = (args.way, super::device_name(args.name));
    if way.contains("://") {
        return by_link(way, args.relay, name);
    }
    match args.relay {
        Some(relay) => Ok(Command::JoinByCode { relay, code: way, name }),
        None if way.trim_start().starts_with(|c: char| c.is_ascii_digit()) => {
            let message = "A code does not say which relay it is for. Add the relay's address, which `hushclip status` \
                           shows on the other device: hushclip join CODE --relay https://relay.example.";
            Err(Failure::new(Code::RelayNeeded, message))
        }
        None => Ok(Command::Join { link: way, name }),
    }
}

/// If a link leads to a relay other than the one it seems to be from, the person has to name that relay.
fn by_link(link: String, relay: Option<String>, name: String) -> Result<Command> {
    let target = target(&link).ok();
    match (relay, target) {
        (Some(relay), target) => {
            // The host is enough to tell it from others.
            let meant = target.map(|target| target.relay).filter(|full| full.split("://").nth(1) == Some(&*relay));
            Ok(Command::JoinAt { relay: meant.unwrap_or(relay), link, name })
        }
        (None, Some(target)) if target.is_elsewhere() => {
            let message = format!(
                "This link is from {}, but leads to another relay, {}. If you know that relay and expected it, add \
                 --relay {}.",
                target.page, target.relay, target.relay
            );
            Err(Failure::new(Code::OtherRelay, message))
        }
        (None, _) => Ok(Command::Join { link, name }),
    }
}

/// Waits until this device is in, and shows the digits on the way.
async fn wait(session: &mut Session) -> Result<()> {
    let mut shown = String::new();
    let (mut problem, mut said) = (None, false);
    let patience = Instant::now() + REACH;
    loop {
        let view = &session.picture.view;
        if view.stage == Stage::Member {
            return Ok(());
        }
        if matches!(view.stage, Stage::New | Stage::Removed) {
            let problem = problem.or_else(|| view.problem.clone());
            return Err(problem.map_or_else(|| Failure::new(Code::NotJoined, "Joining was cancelled."), Failure::from));
        }
        if let Some(failure) = session.halted() {
            return Err(failure);
        }
        let digits = view.joining.as_ref().and_then(|joining| joining.digits.as_ref());
        if let Some(digits) = digits.filter(|digits| **digits != shown) {
            shown.clone_from(digits);
            print::say(&format!("Type {} on the other device.", print::digits(digits)));
        }
        let unreached = shown.is_empty() && matches!(view.connection, Connection::Waiting { .. });
        if unreached && Instant::now() >= patience {
            let message = format!(
                "Cannot reach the relay{}, so this device has not joined. Check the address, then try again.",
                super::because(session)
            );
            session.command(Command::CancelJoin).await?;
            // What the relay said itself says more.
            let said = problem.map(Failure::from).or_else(|| session.refused());
            return Err(said.unwrap_or_else(|| Failure::new(Code::RelayUnreachable, message)));
        }
        if let Connection::Waiting { .. } = view.connection
            && !std::mem::replace(&mut said, true)
        {
            match &problem {
                Some(problem) => print::problem(problem),
                None => print::say(&format!(
                    "The relay cannot be reached right now{}; still trying …",
                    super::because(session)
                )),
            }
        }
        let look_again = if unreached { patience } else { Instant::now() + REACH };
        if let Ok(news) = timeout_at(look_again, session.next()).await
            && let News::Notice(Notice::Failed { problem: failed }) = news?
        {
            problem = Some(failed);
        }
    }
}
