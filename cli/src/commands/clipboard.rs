//! `hushclip watch --clipboard`: keeps this desktop's clipboard in sync with the other devices. The engine tells what
//! is new from what only comes back.

use hushclip_model::{Notice, SecretKind};

use super::watch::Standing;
use crate::desktop::{Desktop, Found};
use crate::failure::Result;
use crate::notices::Notices;
use crate::print;
use crate::session::{News, Session};

pub(crate) async fn run(session: &mut Session, desktop: &mut Desktop) -> Result<()> {
    session.require_member().await?;
    let mut notices = Notices::new(&session.picture);
    let mut standing = Standing::default();
    print::say("This clipboard stays in sync with your other devices until you stop this command.");
    loop {
        if let Some(failure) = session.ended() {
            return Err(failure);
        }
        standing.say(session);
        let news = tokio::select! {
            news = session.next() => news?,
            found = desktop.found() => {
                take(session, desktop, found?).await?;
                continue;
            }
        };
        notices.hear(&news, &session.picture);
        match news {
            News::Write(put) => desktop.write(put),
            News::Clear(digest) => desktop.clear(digest),
            News::Notice(Notice::Failed { problem }) => print::problem(&problem),
            News::Notice(Notice::Held { held }) => {
                let kind = named(held.kind);
                print::say(&format!(
                    "Not sent, because it looks like {kind}: {}. To send it anyway, use `hushclip push`.",
                    held.hint
                ));
            }
            _ => {}
        }
    }
}

/// Hands on what is new on the clipboard.
async fn take(session: &mut Session, desktop: &Desktop, found: Found) -> Result<()> {
    let (copied, instead_of) = match found {
        Found::Copied { copied, instead_of } => (copied, instead_of),
        Found::Concealed => {
            print::say(
                "Not sent, because the program it was copied in marked it as a secret. To send it anyway, use \
                 `hushclip push`.",
            );
            return Ok(());
        }
    };
    // Another program that syncs this clipboard may have been quicker.
    let instead_of = instead_of.filter(|put| !copied.holds(&put.content));
    let done = session.copied(copied).await?;
    let too_large = done.problem.is_some();
    if let Some(problem) = done.problem {
        print::problem(&problem);
    }
    // A copy that was made here meanwhile is newer than what came in, sent or not.
    if let Some(put) = instead_of.filter(|_| !done.news && !too_large) {
        desktop.write_after_all(put);
    }
    Ok(())
}

const fn named(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Code => "a one-time code",
        SecretKind::Card => "a card number",
        SecretKind::Key => "a private key or a recovery phrase",
        SecretKind::Token => "an access token",
        SecretKind::Password => "a password",
    }
}
