//! `hushclip invite`: lets another device in. It goes by how things stand rather than by what was
//! said, so it can be carried on when another process takes the engine over.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, stderr, stdin};
use std::time::Duration;

use hushclip_engine::view::{InviteView, Problem};
use hushclip_engine::{Command, Notice};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::args::Invite;
use crate::failure::{Failure, Result};
use crate::keyboard;
use crate::print;
use crate::session::{News, Session};

/// How long the relay may take to open the invite.
const OPEN: Duration = Duration::from_secs(15);
/// How long letting in may take after the digits were right.
const ADD: Duration = Duration::from_secs(30);
/// The same, when it was not this process that let it in.
const ADD_ELSEWHERE: Duration = Duration::from_secs(1);
/// How long to wait for the new device to show up at the relay.
const SHOW_UP: Duration = Duration::from_secs(10);

pub(crate) async fn run(session: &mut Session, args: &Invite) -> Result<()> {
    session.require_member().await?;
    let before = devices(session);
    open(session).await?;
    let mut waiting = Waiting { typed: None, asked: false, approved: false, problem: None };
    while session.picture.view.invite.is_some() {
        waiting.step(session, args).await?;
    }
    let device = newcomer(session, &before, waiting).await?;
    let until = Instant::now() + SHOW_UP;
    let online = |id: &str, device: &hushclip_engine::view::DeviceView| device.id == id && device.online;
    session.wait_until(until, |picture| picture.view.devices.iter().any(|one| online(&device, one))).await?;
    let name = session.picture.view.devices.iter().find(|one| one.id == device).map(|one| one.name.clone());
    print::out(&format!("{} has joined.\n", print::safe(&name.unwrap_or_default())))
}

/// Opens the invite and prints its link.
async fn open(session: &mut Session) -> Result<()> {
    let done = session.command(Command::Invite).await?;
    if let Some(problem) = done.problem {
        return Err(problem.into());
    }
    let until = Instant::now() + OPEN;
    let ready = |invite: &Option<InviteView>| invite.as_ref().is_none_or(|invite| !invite.url.is_empty());
    if !session.wait_until(until, |picture| ready(&picture.view.invite)).await? {
        session.command(Command::CancelInvite).await?;
        let message = format!("Cannot reach the relay{}, so nobody can join now.", super::because(session));
        return Err(session.halted().unwrap_or_else(|| Failure::new("relay_unreachable", message)));
    }
    let Some(invite) = &session.picture.view.invite else {
        let problem = session.picture.view.problem.clone();
        return Err(problem.map_or_else(gone, Failure::from));
    };
    if stderr().is_terminal()
        && let Some(qr) = print::qr(&invite.url)
    {
        eprintln!("{qr}");
    }
    let minutes = invite.expires_at.saturating_sub(crate::clock::now_ms()).div_ceil(60_000);
    print::out(&format!("{}\n", invite.url))?;
    print::say(&format!(
        "Scan it, open it, or run `hushclip join URL` on the new device. It works once, for {minutes} minutes.\n\
         Waiting for the new device …"
    ));
    Ok(())
}

/// An open invite.
struct Waiting {
    /// What is typed, once somebody has answered.
    typed: Option<mpsc::Receiver<String>>,
    /// The digits were asked for.
    asked: bool,
    /// The digits were right.
    approved: bool,
    /// Why it ended.
    problem: Option<Problem>,
}

impl Waiting {
    /// Waits for the next thing that happens, or is typed.
    async fn step(&mut self, session: &mut Session, args: &Invite) -> Result<()> {
        if let Some(name) = session.picture.view.invite.as_ref().and_then(|invite| invite.request.clone()) {
            if args.yes {
                return self.approve(session, None).await;
            }
            if !self.asked {
                self.asked = true;
                print::say(&format!("{name} wants to join. Type the six digits that it shows, or `no`:"));
            }
            self.typed.get_or_insert_with(keyboard::lines);
        }
        let typed = async {
            match &mut self.typed {
                Some(typed) => typed.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            news = session.next() => {
                if let News::Notice(Notice::Failed { problem }) = news? {
                    self.problem = Some(problem);
                }
                Ok(())
            }
            typed = typed => self.typed(session, typed).await,
        }
    }

    async fn typed(&mut self, session: &mut Session, typed: Option<String>) -> Result<()> {
        let Some(typed) = typed else {
            session.command(Command::Refuse).await?;
            let message = "Nobody typed the digits that the new device shows, so it was turned away. Type them, or \
                           pass --yes to let it in unseen.";
            return Err(Failure::new("not_confirmed", message));
        };
        if typed.eq_ignore_ascii_case("no") {
            session.command(Command::Refuse).await?;
            return Err(Failure::new("refused", "The new device was turned away."));
        }
        if typed.is_empty() && stdin().is_terminal() {
            return Ok(());
        }
        self.approve(session, Some(typed)).await
    }

    async fn approve(&mut self, session: &mut Session, digits: Option<String>) -> Result<()> {
        let done = session.command(Command::Approve { digits, share_history: false }).await?;
        if let Some(problem) = done.problem {
            return Err(problem.into());
        }
        self.approved = session.picture.view.invite.is_none();
        if !self.approved {
            print::say("Those are not the digits that it shows. Try again, or type `no`:");
        }
        Ok(())
    }
}

/// The device that was let in, once the relay has it in the log.
async fn newcomer(session: &mut Session, before: &BTreeSet<String>, ended: Waiting) -> Result<String> {
    let until = Instant::now() + if ended.approved { ADD } else { ADD_ELSEWHERE };
    let mut problem = ended.problem;
    loop {
        if let Some(device) = devices(session).difference(before).next() {
            return Ok(device.clone());
        }
        if let Some(problem) = problem {
            return Err(problem.into());
        }
        problem = match timeout_at(until, session.next()).await {
            Ok(Ok(News::Notice(Notice::Failed { problem }))) => Some(problem),
            Ok(news) => news.map(|_| None)?,
            Err(_) if ended.approved => return Err(unfinished(session)),
            Err(_) => return Err(gone()),
        };
    }
}

fn unfinished(session: &Session) -> Failure {
    let message = format!(
        "The digits were right, but the relay has not taken the new device in yet{}. The next command goes on with it.",
        super::because(session)
    );
    Failure::new("offline", message)
}

fn devices(session: &Session) -> BTreeSet<String> {
    session.picture.view.devices.iter().map(|device| device.id.clone()).collect()
}

fn gone() -> Failure {
    Failure::new("invite_gone", "The pairing link has expired or was cancelled. Run `hushclip invite` again.")
}
