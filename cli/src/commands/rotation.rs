//! `hushclip rotation`: how often this device changes its keys.

use hushclip_model::Command;

use crate::args::Rotation;
use crate::failure::Result;
use crate::print;
use crate::session::Session;

pub(crate) async fn run(session: &mut Session, args: &Rotation) -> Result<()> {
    session.require_member().await?;
    if let Some(minutes) = args.minutes {
        session.command(Command::SetRotation { minutes }).await?.done()?;
    }
    let minutes = session.picture.view.rotation_minutes.unwrap_or_default();
    print::out(&format!("This device changes its keys {}, and after every 1,000 clips.\n", print::period(minutes)))
}
