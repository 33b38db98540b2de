//! `hushclip join`: comes into an account through a pairing link or a typed code.

use std::time::Duration;

use hushclip_engine::view::{Connection, Stage};
use hushclip_engine::{Command, Notice};
use tokio::time::{Instant, timeout_at};

use crate::args::Join;
use crate::failure::{Failure, Result};
use crate::print;
use crate::session::{News, Session};

/// How long the relay may stay out of reach before the other device has answered.
const REACH: Duration = Duration::from_secs(15);
/// How long the list of devices may take once this one is let in.
const SETTLE: Duration = Duration::from_secs(15);

pub(crate) async fn run(session: &mut Session, args: Join) -> Result<()> {
    let done = session.command(command(args)?).await?;
    if let Some(problem) = done.problem {
        return Err(problem.into());
    }
    print::say("Waiting for the other device …");
    wait(session).await?;
    let until = Instant::now() + SETTLE;
    session.wait_until(until, |picture| picture.view.connection == Connection::Online).await?;
    if let Some(failure) = session.halted() {
        return Err(failure);
    }
    let view = &session.picture.view;
    let others: Vec<_> = view.devices.iter().filter(|device| !device.own).map(|device| &*device.name).collect();
    print::out(&format!("Joined as {}, with {}.\n", print::safe(&view.name), print::safe(&others.join(", "))))
}

/// A link says which relay it leads to; a code, which begins with a number, does not.
fn command(args: Join) -> Result<Command> {
    let (way, name) = (args.way, super::device_name(args.name));
    let is_link = way.contains("://");
    match args.relay {
        Some(relay) if !is_link => Ok(Command::JoinByCode { relay, code: way, name }),
        Some(_) => {
            let message = "A link says itself which relay it leads to. Leave --relay away.";
            Err(Failure::new("relay_not_needed", message))
        }
        None if !is_link && way.trim_start().starts_with(|c: char| c.is_ascii_digit()) => {
            let message = "A typed code does not say which relay it is for. Add its address, which `hushclip status` on \
                           the other device tells: hushclip join CODE --relay https://relay.example.";
            Err(Failure::new("relay_needed", message))
        }
        None => Ok(Command::Join { link: way, name }),
    }
}

/// Waits until this device is in, and shows the digits on the way.
async fn wait(session: &mut Session) -> Result<()> {
    let mut shown = String::new();
    let mut problem = None;
    let patience = Instant::now() + REACH;
    loop {
        let view = &session.picture.view;
        if view.stage == Stage::Member {
            return Ok(());
        }
        if matches!(view.stage, Stage::New | Stage::Removed) {
            let problem = problem.or_else(|| view.problem.clone());
            return Err(problem.map_or_else(|| Failure::new("not_joined", "Joining was cancelled."), Failure::from));
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
            let message = format!("Cannot reach that relay{}.", super::because(session));
            session.command(Command::CancelJoin).await?;
            return Err(Failure::new("relay_unreachable", message));
        }
        let look_again = if unreached { patience } else { Instant::now() + REACH };
        if let Ok(news) = timeout_at(look_again, session.next()).await
            && let News::Notice(Notice::Failed { problem: failed }) = news?
        {
            problem = Some(failed);
        }
    }
}
