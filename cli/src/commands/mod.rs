//! One file per command. Here: which one runs, the session it runs in, and what a signal does.

mod alerts;
mod clipboard;
mod devices;
mod init;
mod invite;
mod join;
mod leave;
mod lock;
mod pull;
mod push;
mod resume;
mod rotation;
mod status;
mod unlock;
mod watch;

use std::time::Duration;

use hushclip_model::Command as Engine;

use crate::args::{Args, Command};
use crate::desktop::Desktop;
use crate::failure::{Failure, Result};
use crate::home::Home;
use crate::passphrase::Asking;
use crate::session::Session;
use crate::signal::signal;

/// How long undoing something may take after a signal.
const TAKE_BACK: Duration = Duration::from_secs(1);
/// How long commands that only look wait for the relay.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: Args) -> Result<()> {
    let home = Home::locate(args.home)?;
    home.check()?;
    match args.command {
        Command::Init(args) => {
            let home = if args.no_keyring { home.without_keyring() } else { home };
            init::check(&home, &args).await?;
            with_session(&home, None, async |session| init::run(session, args).await).await
        }
        Command::Join(args) => {
            let args = join::read(args)?;
            let home = if args.no_keyring { home.without_keyring() } else { home };
            with_session(&home, Some(Engine::CancelJoin), async |session| join::run(session, args).await).await
        }
        Command::Status(args) if !home.exists() => status::nothing(&home, &args),
        Command::Status(args) => status::run(&home, &args).await,
        _ if !home.exists() => Err(Failure::no_account()),
        Command::Invite(args) => {
            with_session(&home, Some(Engine::CancelInvite), async |session| invite::run(session, &args).await).await
        }
        Command::Push(args) => {
            let text = push::text(args.text.clone())?;
            with_session(&home, None, async |session| push::run(session, &args, text).await).await
        }
        Command::Pull(args) => with_session(&home, None, async |session| pull::run(session, &args).await).await,
        Command::Watch(args) if args.clipboard => {
            let mut desktop = Desktop::open().await?;
            with_session(&home, None, async |session| clipboard::run(session, &mut desktop).await).await
        }
        Command::Watch(args) => with_session(&home, None, async |session| watch::run(session, &args).await).await,
        Command::Devices(args) => with_session(&home, None, async |session| devices::run(session, &args).await).await,
        Command::Alerts(args) => with_session(&home, None, async |session| alerts::run(session, &args).await).await,
        Command::Rotation(args) => with_session(&home, None, async |session| rotation::run(session, &args).await).await,
        Command::Resume(args) => with_session(&home, None, async |session| resume::run(session, &args).await).await,
        Command::Leave(args) => leave::run(&home, &args).await,
        Command::Lock(args) => lock::run(&home, &args).await,
        Command::Unlock(args) => unlock::run(&home, &args).await,
    }
}

/// Runs a command in a session and ends that cleanly, even on a signal; then `take_back` goes to the engine first.
async fn with_session(
    home: &Home,
    take_back: Option<Engine>,
    command: impl AsyncFnOnce(&mut Session) -> Result<()>,
) -> Result<()> {
    with_session_asking(home, Asking::Terminal, take_back, command).await
}

async fn with_session_asking(
    home: &Home,
    asking: Asking,
    take_back: Option<Engine>,
    command: impl AsyncFnOnce(&mut Session) -> Result<()>,
) -> Result<()> {
    let mut session = Session::open(home, asking).await?;
    let outcome = tokio::select! {
        outcome = command(&mut session) => outcome,
        code = signal() => Err(Failure::Stopped(code)),
    };
    if let (Err(Failure::Stopped(_)), Some(command)) = (&outcome, take_back) {
        let _ = tokio::time::timeout(TAKE_BACK, session.command(command)).await;
    }
    // What the command itself has to say comes first.
    let closed = session.close().await;
    outcome.and(closed)
}

/// The name given, otherwise the host's.
fn device_name(given: Option<String>) -> String {
    given.unwrap_or_else(|| {
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        let name = host.split('.').next().unwrap_or_default();
        if name.is_empty() { "terminal".into() } else { name.into() }
    })
}

/// Why the relay was not reached, for the end of a sentence.
fn because(session: &Session) -> String {
    session.picture.trouble.as_ref().map(|why| format!(" ({why})")).unwrap_or_default()
}
