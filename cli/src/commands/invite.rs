//! `hushclip invite`: lets another device in. It goes by the current state rather than by what was said, so it carries
//! on when another process takes over the engine.

use std::io::{IsTerminal as _, stderr, stdin};
use std::time::Duration;

use hushclip_client::INVITE_MS;
use hushclip_model::view::InviteView;
use hushclip_model::{Command, Notice, Problem};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::args::Invite;
use crate::failure::{Code, Failure, Result};
use crate::keyboard;
use crate::notices::Notices;
use crate::print;
use crate::session::{News, Session};

/// How long the relay may take to open the invite.
const OPEN: Duration = Duration::from_secs(15);
/// How long letting the device in may take once the digits were right.
const ADD: Duration = Duration::from_secs(30);
/// The same, when it was not this process that let it in.
const ADD_ELSEWHERE: Duration = Duration::from_secs(1);
/// How long to wait for the new device to show up at the relay.
const SHOW_UP: Duration = Duration::from_secs(10);

pub(crate) async fn run(session: &mut Session, args: &Invite) -> Result<()> {
    session.require_member().await?;
    let id = open(session, args).await?;
    let notices = Notices::new(&session.picture);
    let mut waiting = Waiting { id, notices, typed: None, asked: false, approved: false, device: None, problem: None };
    while let Some(invite) = &session.picture.view.invite {
        match invite.id == waiting.id {
            true => waiting.device = invite.device.clone().or(waiting.device),
            false if waiting.approved => break,
            false => return Err(replaced()),
        }
        waiting.step(session, args).await?;
    }
    let device = newcomer(session, waiting).await?;
    let until = Instant::now() + SHOW_UP;
    let online = |id: &str, device: &hushclip_model::view::DeviceView| device.id == id && device.online;
    session.wait_until(until, |picture| picture.view.devices.iter().any(|one| online(&device, one))).await?;
    let name = session.picture.view.devices.iter().find(|one| one.id == device).map(|one| one.name.clone());
    let name = print::name(&name.unwrap_or_default());
    print::out(&format!("{name} has joined.\n"))?;
    let account = session.picture.view.fingerprint.as_deref().unwrap_or_default();
    print::say(&format!(
        "Account: {account}\n{name} shows the same six words. If it does not, it has joined another account."
    ));
    Ok(())
}

/// Opens the invite and prints its link or code; returns its identifier.
async fn open(session: &mut Session, args: &Invite) -> Result<String> {
    let command = if args.code { Command::InviteByCode } else { Command::Invite };
    session.command(command).await?.done()?;
    let id = session.picture.view.invite.as_ref().map(|invite| invite.id.clone()).unwrap_or_default();
    let until = Instant::now() + OPEN;
    let ready =
        |invite: &Option<InviteView>| invite.as_ref().is_none_or(|invite| invite.id != id || invite.secret.is_some());
    if !session.wait_until(until, |picture| ready(&picture.view.invite)).await? {
        session.command(Command::CancelInvite).await?;
        let message = format!("Cannot reach the relay{}, so no device can join right now.", super::because(session));
        let refused = session.ended().or_else(|| session.refused());
        return Err(refused.unwrap_or_else(|| Failure::new(Code::RelayUnreachable, message)));
    }
    let view = &session.picture.view;
    let Some(invite) = &view.invite else {
        let problem = view.problem.clone();
        return Err(session.ended().unwrap_or_else(|| problem.map_or_else(gone, Failure::from)));
    };
    if invite.id != id {
        return Err(replaced());
    }
    let shown = invite.secret.as_deref().unwrap_or_default();
    if stderr().is_terminal()
        && !invite.by_code
        && let Some(qr) = print::qr(shown)
    {
        eprintln!("{qr}");
    }
    // This clock and the relay's are compared only roughly.
    let left = invite.expires_at.saturating_sub(crate::clock::now_ms()).min(INVITE_MS);
    let minutes = left.div_ceil(60_000);
    print::out(&format!("{shown}\n"))?;
    let how = if invite.by_code {
        format!(
            "Type it on the new device; in a terminal, run `hushclip join {shown} --relay {}`.",
            view.relay.as_deref().unwrap_or_default()
        )
    } else {
        "Scan it, open it, or run `hushclip join -` on the new device and paste it there.".into()
    };
    print::say(&format!("{how} It works once and expires in {minutes} minutes.\nWaiting for the new device …"));
    Ok(id)
}

/// An open invite.
struct Waiting {
    /// Which one: another may replace it, and let another device in.
    id: String,
    notices: Notices,
    /// What is typed, once somebody has answered.
    typed: Option<mpsc::Receiver<String>>,
    /// The digits were asked for.
    asked: bool,
    /// The digits were right.
    approved: bool,
    /// The device that has answered it.
    device: Option<String>,
    /// Why it ended.
    problem: Option<Problem>,
}

impl Waiting {
    /// Waits for the next thing that happens, or is typed.
    async fn step(&mut self, session: &mut Session, args: &Invite) -> Result<()> {
        let invite = session.picture.view.invite.as_ref();
        let namesake = invite.is_some_and(|invite| invite.namesake);
        let request = invite.and_then(|invite| Some((invite.request.clone()?, !invite.by_code)));
        let needs_digits = request.as_ref().is_none_or(|(_, digits)| *digits);
        if let Some((name, _)) = request {
            let name = print::name(&name);
            if args.yes {
                return self.approve(session, args, None).await;
            }
            if !self.asked {
                self.asked = true;
                if namesake {
                    print::say(&format!("Careful: you already have a device called {name}."));
                }
                print::say(&if needs_digits {
                    format!("{name} wants to join. Type the six digits it shows, or `no`:")
                } else {
                    format!("{name} has typed the code and wants to join. Let it in? [y/N]")
                });
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
                let news = news?;
                self.notices.hear(&news, &session.picture);
                if let News::Notice(Notice::Failed { problem }) = news {
                    self.problem = Some(problem);
                }
                Ok(())
            }
            typed = typed => self.typed(session, args, needs_digits, typed).await,
        }
    }

    async fn typed(&mut self, session: &mut Session, args: &Invite, digits: bool, typed: Option<String>) -> Result<()> {
        let Some(typed) = typed else {
            session.command(Command::Refuse).await?;
            let message = if digits {
                "Nobody typed the digits shown on the new device, so it was turned away. Invite it again and type \
                 them, or pass --yes to let it in unchecked."
            } else {
                "Nobody said whether to let the new device in, so it was turned away. Invite it again and answer, or \
                 pass --yes to let it in unchecked."
            };
            return Err(Failure::new(Code::NotConfirmed, message));
        };
        if !digits && keyboard::is_yes(&typed) {
            return self.approve(session, args, None).await;
        }
        if !digits || typed.eq_ignore_ascii_case("no") {
            session.command(Command::Refuse).await?;
            return Err(Failure::new(Code::Refused, "The new device was turned away."));
        }
        if typed.is_empty() && stdin().is_terminal() {
            return Ok(());
        }
        self.approve(session, args, Some(typed)).await
    }

    async fn approve(&mut self, session: &mut Session, args: &Invite, digits: Option<String>) -> Result<()> {
        let share_history = args.share_history;
        match session.command(Command::Approve { digits, share_history }).await?.problem {
            None => self.approved = true,
            Some(Problem::DigitsDiffer) => {
                print::say("Those are not the digits it shows. Try again, or type `no`:");
            }
            Some(problem) => return Err(problem.into()),
        }
        Ok(())
    }
}

/// The device that was let in, once it is in the relay's log.
async fn newcomer(session: &mut Session, ended: Waiting) -> Result<String> {
    let until = Instant::now() + if ended.approved { ADD } else { ADD_ELSEWHERE };
    let mut problem = ended.problem;
    loop {
        let is_in = |device: &String| session.picture.view.devices.iter().any(|one| one.id == *device);
        if let Some(device) = ended.device.as_ref().filter(|device| is_in(device)) {
            return Ok(device.clone());
        }
        if let Some(problem) = problem {
            return Err(problem.into());
        }
        if let Some(failure) = session.ended() {
            return Err(failure);
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
        "The new device was let in, but the relay has not added it to the account yet{}. The next command tries again.",
        super::because(session)
    );
    Failure::new(Code::Offline, message)
}

fn replaced() -> Failure {
    let message =
        "This pairing link or code no longer works: a newer one from this device has replaced it. Use that one.";
    Failure::new(Code::InviteReplaced, message)
}

fn gone() -> Failure {
    Failure::new(
        Code::InviteGone,
        "The pairing link or code has expired or was cancelled. Run `hushclip invite` again.",
    )
}
