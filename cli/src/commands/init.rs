//! `hushclip init`: starts an account. Makes nothing unless the relay answers.

use std::time::Duration;

use futures_util::StreamExt as _;
use hushclip_model::view::{Connection, Stage};
use hushclip_model::{Command, Problem};
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::MailboxId;
use tokio::time::{Instant, timeout};

use crate::args::Init;
use crate::failure::{Code, Failure, Result};
use crate::home::Home;
use crate::link;
use crate::print;
use crate::session::Session;
use crate::wire::Picture;

/// How long the relay may take for its greeting, and for taking the account in.
const GREETING: Duration = Duration::from_secs(15);

/// Looks whether a relay answers at the address, and speaks this version.
pub(crate) async fn check(home: &Home, args: &Init) -> Result<()> {
    if home.exists() {
        return Ok(());
    }
    let relay = hushclip_engine::relay_origin(&args.relay)?;
    // `http` to `ws`, `https` to `wss`.
    let socket = relay.replacen("http", "ws", 1);
    // A mailbox that is nobody's, and another one each time, so that nobody can block it.
    let mut id = [0; MailboxId::LEN];
    getrandom::fill(&mut id)
        .map_err(|error| Failure::new(Code::System, format!("There are no random numbers: {error}.")))?;
    let nobodys = MailboxId::from_bytes(id);
    let unreachable = |why: &str| {
        let message = format!("Cannot reach the relay at {relay}: {why}. Nothing was made.");
        Failure::new(Code::RelayUnreachable, message)
    };
    let mut socket = link::connect(&format!("{socket}/v1/mailbox/{nobodys}")).await.map_err(|why| unreachable(&why))?;
    let greeting = timeout(GREETING, socket.next()).await.map_err(|_| unreachable("no greeting"))?;
    let Some(Ok(greeting)) = greeting else { return Err(unreachable("it hung up")) };
    let _ = socket.close(None).await;
    match ToDevice::decode(&greeting.into_data()) {
        Ok(ToDevice::Challenge(challenge)) if hushclip_protocol::negotiate(&challenge.versions).is_some() => Ok(()),
        Ok(_) => {
            let message = "This relay speaks another version of Hushclip. Update this device, or ask who runs the \
                           relay. Nothing was made.";
            Err(Failure::new(Code::RelayVersion, message))
        }
        Err(_) => Err(unreachable("what answers there is no relay")),
    }
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
        // Nobody has seen the account yet, so that another try begins anew.
        let again = if problem == Problem::TokenWanted { "hushclip init --token TOKEN" } else { "hushclip init" };
        return Err(Failure::Hinted(problem, format!("To try again, run `{again}`.")));
    }
    let view = &session.picture.view;
    if !settled {
        let message = format!(
            "The account is made here, but the relay has not taken it in yet{}. The next command tries again.",
            super::because(session)
        );
        return Err(session.refused().unwrap_or_else(|| Failure::new(Code::Offline, message)));
    }
    print::out(&format!(
        "Account started at {}. This device is called {}.\nAdd another one: hushclip invite\n",
        print::name(&view.relay),
        print::name(&view.name)
    ))
}
