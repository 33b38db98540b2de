//! `hushclip push`: sends text. Done when the relay has stored it; kept for later when it cannot.

use std::io::{IsTerminal as _, Read as _, stdin};

use hushclip_client::CLIP_BYTES;
use hushclip_model::view::Connection;
use hushclip_model::{Alert, Command, Notice, Problem};
use tokio::time::{Instant, timeout_at};

use crate::args::Push;
use crate::clock::now_ms;
use crate::failure::{Code, Failure, Result};
use crate::print;
use crate::session::{News, Session};
use crate::wire::Which;

/// The longest text that is read: what holds a clip takes room besides.
const READ: u64 = CLIP_BYTES as u64;

/// The text given, otherwise standard input without one line break at its very end.
pub(crate) fn text(given: Option<String>) -> Result<String> {
    if let Some(text) = given {
        return Ok(text);
    }
    if stdin().is_terminal() {
        print::say("Type the text, then press Ctrl+D on an empty line.");
    }
    let mut bytes = Vec::new();
    let read = stdin().lock().take(READ + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::storage("Cannot read standard input", error))?;
    if bytes.len() as u64 > READ {
        let message =
            format!("Standard input is longer than {} KiB, the most that can be sent. Nothing was sent.", READ / 1024);
        return Err(Failure::new(Code::TooLarge, message));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| {
        let message = "Standard input is not UTF-8 text, and only text can be sent. Nothing was sent.";
        Failure::new(Code::NotText, message)
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

pub(crate) async fn run(session: &mut Session, args: &Push, text: String) -> Result<()> {
    session.require_member().await?;
    let until = Instant::now() + args.wait.time();
    let clip = queue(session, text).await?;
    if args.no_wait || args.wait.time().is_zero() {
        return Ok(());
    }
    let mut said = false;
    loop {
        if let Some(failure) = session.ended() {
            return Err(failure);
        }
        if session.picture.view.connection != Connection::Online
            && session.picture.trouble.is_some()
            && !said
            && stdin().is_terminal()
        {
            said = true;
            print::say(&format!("The relay cannot be reached yet{}; still trying …", super::because(session)));
        }
        let Ok(news) = timeout_at(until, session.next()).await else {
            return Err(unsent(session));
        };
        match news? {
            News::Notice(Notice::Sent { id, .. }) if id == clip => return Ok(()),
            News::Notice(Notice::Failed { problem }) if problem == Problem::OutboxFull => print::problem(&problem),
            News::Notice(Notice::Failed { problem }) => return Err(problem.into()),
            News::Reopened if is_sent(session, &clip).await? => return Ok(()),
            _ => {}
        }
    }
}

/// Why time ran out before the relay had it.
fn unsent(session: &Session) -> Failure {
    let withheld = session.picture.view.alerts.iter().find(|alert| matches!(alert.what, Alert::LogWithheld { .. }));
    if let Some(alert) = withheld {
        let message = format!("Saved, not sent. {} `hushclip alerts --dismiss {}` dismisses it.", alert.what, alert.id);
        return Failure::new(Code::LogWithheld, message);
    }
    let message = format!("Saved, and will be sent when the relay can be reached{}.", super::because(session));
    session.refused().unwrap_or_else(|| Failure::new(Code::Offline, message))
}

/// Queues the text; returns the clip's identifier.
async fn queue(session: &mut Session, text: String) -> Result<String> {
    let started = now_ms();
    loop {
        let command = Command::Push { text: text.clone(), html: None };
        if let Some(done) = session.command_once(command).await? {
            match (done.problem, done.clip) {
                (Some(problem), _) => return Err(problem.into()),
                (None, Some(clip)) => return Ok(clip),
                (None, None) => return Err(Failure::no_account()),
            }
        }
        // The owner ended before it answered, so check whether it had done it: not twice.
        let clips = session.clips(Which::All).await?;
        if let Some(clip) = clips.into_iter().rfind(|clip| clip.own && clip.at >= started && clip.text == text) {
            return Ok(clip.id);
        }
    }
}

async fn is_sent(session: &mut Session, id: &str) -> Result<bool> {
    let clips = session.clips(Which::All).await?;
    Ok(clips.iter().any(|clip| clip.id == id && clip.cursor.is_some()))
}
