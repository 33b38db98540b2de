//! `hushclip init`: starts an account. Creates nothing unless the relay answers.

use std::time::Duration;

use hushclip_client::Error;
use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Command, Problem};
use tokio::time::Instant;

use crate::args::Init;
use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::print;
use crate::session::Session;
use crate::wire::Picture;

/// How long the relay may take to register the account.
const GREETING: Duration = Duration::from_secs(15);

/// Checks that a relay answers at the address and speaks this version.
pub(crate) async fn check(home: &Home, args: &Init) -> Result<()> {
    if home.exists() {
        return Ok(());
    }
    let relay = hushclip_client::relay_origin(&args.relay)?;
    let message = match hushclip_client::probe(&relay).await {
        Ok(_) => return Ok(()),
        Err(Error::Unreachable(why)) => {
            let message =
                format!("Cannot reach the relay at {relay}: {}. Nothing was created.", why.unwrap_or_default());
            return Err(Failure::new(Code::RelayUnreachable, message));
        }
        Err(Error::OtherVersion) => {
            "This relay speaks another version of the Hushclip protocol. Update Hushclip on this device, or tell \
             whoever runs the relay. Nothing was created."
        }
        Err(error) => return Err(Failure::new(Code::System, format!("{error}."))),
    };
    Err(Failure::new(Code::RelayVersion, message))
}

pub(crate) async fn run(session: &mut Session, args: Init) -> Result<()> {
    let name = super::device_name(args.name);
    session
        .command(Command::CreateAccount {
            relay: args.relay,
            name,
            token: Some(args.token).filter(|token| !token.is_empty()),
        })
        .await?
        .done()?;
    let until = Instant::now() + GREETING;
    let settled = |connection: &Connection| matches!(connection, Connection::Online | Connection::Idle);
    let known = |picture: &Picture| settled(&picture.view.connection) || picture.view.problem.is_some();
    session.wait_until(until, known).await?;
    if let Some(failure) = session.halted() {
        return Err(failure);
    }
    let settled = settled(&session.picture.view.connection);
    if let Some(problem) =
        session.picture.view.problem.clone().filter(|_| !settled || session.picture.view.stage == Stage::New)
    {
        // Nobody has seen the account yet, so another try starts afresh.
        let again = if problem == Problem::TokenWanted { "hushclip init --token TOKEN" } else { "hushclip init" };
        return Err(Failure::Hinted(problem, format!("To try again, run `{again}`.")));
    }
    let view = &session.picture.view;
    if !settled {
        let message = format!(
            "The account was created here, but the relay has not registered it yet{}. The next command tries again.",
            super::because(session)
        );
        return Err(session.refused().unwrap_or_else(|| Failure::new(Code::Offline, message)));
    }
    print::out(&format!(
        "Account started at {}. This device is called {}.\nTo add another one, run `hushclip invite`.\n",
        print::name(view.relay.as_deref().unwrap_or_default()),
        print::name(view.name.as_deref().unwrap_or_default())
    ))
}
