//! `hushclip watch`: prints clips of other devices as they arrive.

use std::io::{IsTerminal as _, stderr};

use hushclip_model::view::Connection;
use hushclip_model::{ClipView, Notice};

use super::pull::print;
use crate::args::Watch;
use crate::failure::Result;
use crate::notices::Notices;
use crate::print;
use crate::session::{News, Session};
use crate::wire::Which;

pub(crate) async fn run(session: &mut Session, args: &Watch) -> Result<()> {
    session.require_member().await?;
    let known = session.clips(Which::All).await?;
    let missed = session.clips(Which::Unprinted).await?;
    // What is known and was not missed is not new, whichever process owns the home later.
    let first = missed.iter().map(|clip| clip.order).min().unwrap_or(u64::MAX);
    let newest = known.iter().map(|clip| clip.order).filter(|order| *order < first).max().unwrap_or(0);
    let mut watching = Watching { args, left: args.count.unwrap_or(u64::MAX), newest, standing: Standing::default() };
    let mut notices = Notices::new(&session.picture);
    watching.print(session, missed).await?;
    while watching.left > 0 {
        if let Some(failure) = session.ended() {
            return Err(failure);
        }
        watching.standing.say(session);
        let news = session.next().await?;
        notices.hear(&news, &session.picture);
        match news {
            News::Notice(Notice::Received { clip }) => watching.print(session, vec![clip]).await?,
            News::Notice(Notice::Failed { problem }) => print::problem(&problem),
            // Not by what is unprinted: another watch with this home may have printed it.
            News::Reopened => {
                let missed = session.clips(Which::After(watching.newest)).await?;
                watching.print(session, missed).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

struct Watching<'a> {
    args: &'a Watch,
    /// Clips still to be printed.
    left: u64,
    /// Place in the list of the newest clip that is printed or was known at the start.
    newest: u64,
    standing: Standing,
}

/// What the person has been told about the line to the relay.
#[derive(Default)]
pub(super) struct Standing {
    offline: bool,
}

impl Watching<'_> {
    /// Prints what was not printed yet, up to the count.
    async fn print(&mut self, session: &mut Session, mut clips: Vec<ClipView>) -> Result<()> {
        clips.retain(|clip| clip.order > self.newest);
        clips.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= clips.len() as u64;
        self.newest = clips.iter().map(|clip| clip.order).max().unwrap_or(self.newest);
        print(session, &clips, self.args.json).await
    }
}

impl Standing {
    /// Tells the person at a terminal when the relay cannot be reached, and when it is back.
    pub(super) fn say(&mut self, session: &Session) {
        let (offline, line) = match session.picture.view.connection {
            Connection::Waiting { .. } => (true, print::line(&session.picture)),
            Connection::Online => (false, "back online".into()),
            _ => return,
        };
        if offline != self.offline && stderr().is_terminal() {
            print::say(&format!("[{line}]"));
        }
        self.offline = offline;
    }
}
