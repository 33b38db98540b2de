//! `hushclip pull`: fetches what was missed, prints it and ends.

use hushclip_model::view::{ClipKind, Connection, Stage};
use hushclip_model::{ClipView, Problem};
use tokio::time::Instant;

use crate::args::Pull;
use crate::failure::{Code, Failure, Result};
use crate::print;
use crate::session::Session;
use crate::wire::Which;

pub(crate) async fn run(session: &mut Session, args: &Pull) -> Result<()> {
    if args.all && session.picture.view.stage == Stage::Removed {
        let clips = session.clips(Which::All).await?;
        return print(session, &clips, args.json).await;
    }
    session.require_member().await?;
    let until = Instant::now() + args.wait.time();
    let settled = |connection: &Connection| matches!(connection, Connection::Online | Connection::Idle);
    session.wait_until(until, |picture| settled(&picture.view.connection)).await?;
    let which = if args.all { Which::All } else { Which::Unprinted };
    let mut clips = session.clips(which).await?;
    // The account's order: what waits here is last, even if others have sent since.
    clips.sort_by_key(|clip| clip.cursor.unwrap_or(u64::MAX));
    print(session, &clips, args.json).await?;
    if session.picture.view.connection == Connection::Online {
        return Ok(());
    }
    let message =
        format!("The relay cannot be reached{}, so there may be more. Try again later.", super::because(session));
    Err(session.halted().or_else(|| session.refused()).unwrap_or_else(|| Failure::new(Code::Offline, message)))
}

/// Prints clips, and only then notes that they are printed, so that none is missed if this is stopped.
pub(crate) async fn print(session: &mut Session, clips: &[ClipView], json: bool) -> Result<()> {
    for clip in clips {
        if !json && clip.kind == ClipKind::Other {
            print::say(&format!(
                "{} sent something that this version of Hushclip cannot show. Update it, or look on another device.",
                print::name(&clip.from)
            ));
            continue;
        }
        if clip.cut {
            print::problem(&Problem::ContentLost);
            continue;
        }
        let text = if json { print::json(clip) } else { print::clip(clip) };
        print::out_in_background(text).await?;
    }
    match clips.iter().filter(|clip| !clip.own).map(|clip| clip.order).max() {
        Some(order) => session.printed(order).await,
        None => Ok(()),
    }
}
