//! `hushclip resume`: asks the relay again after its list of devices has stopped everything.

use std::time::Duration;

use hushclip_model::Command;
use hushclip_model::view::Connection;
use tokio::time::Instant;

use super::{LOOK, devices};
use crate::args::Resume;
use crate::failure::{Code, Failure, Result};
use crate::keyboard;
use crate::print;
use crate::session::Session;

/// How long the relay may take to show its list again.
const SHOW: Duration = Duration::from_secs(30);

pub(crate) async fn run(session: &mut Session, args: &Resume) -> Result<()> {
    session.require_member().await?;
    session.wait_until(Instant::now() + LOOK, |p| devices::settled(&p.view.connection)).await?;
    let view = &session.picture.view;
    let Some(problem) = view.problem.clone().filter(|_| view.connection == Connection::Idle) else {
        return print::out("Nothing is stopped, so there is nothing to resume.\n");
    };
    let names: Vec<_> = view.devices.iter().map(|device| print::name(&device.name)).collect();
    print::say(&format!(
        "{problem}\n\nThis device knows: {}.\nFingerprint of that list: {}. Compare it with `hushclip devices` on your \
         other devices.\nIf the relay's list still contradicts it, everything stops again and nothing is sent.",
        names.join(", "),
        view.check.as_deref().unwrap_or_default(),
    ));
    keyboard::confirm("Ask the relay again?", args.yes).await?;
    session.command(Command::Resume).await?.done()?;
    let until = Instant::now() + SHOW;
    session.wait_until(until, |p| matches!(p.view.connection, Connection::Online | Connection::Idle)).await?;
    if let Some(failure) = session.ended() {
        return Err(failure);
    }
    if session.picture.view.connection != Connection::Online {
        let message =
            format!("The relay cannot be reached{}. It will be asked once it can be.", super::because(session));
        return Err(session.refused().unwrap_or_else(|| Failure::new(Code::Offline, message)));
    }
    print::out("The relay's list agrees with what this device knows. Everything is running again.\n")
}
