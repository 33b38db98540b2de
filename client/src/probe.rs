//! Whether there is a relay at an address, checked before anything is created for it.

use std::time::Duration;

use futures_util::StreamExt as _;
use hushclip_protocol::frame::ToDevice;
use hushclip_protocol::ids::MailboxId;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::websocket;

/// How long the relay may take to send its greeting.
const GREETING: Duration = Duration::from_secs(15);

/// Checks that a relay answers at `https://host[:port]` and speaks this version; returns its address in the usual form.
/// Needs a Tokio runtime with I/O and time. Creates nothing, here or there.
pub async fn probe(relay: &str) -> Result<String> {
    let origin = hushclip_driver::relay_origin(relay)?;
    // `http` to `ws`, `https` to `wss`.
    let socket = origin.replacen("http", "ws", 1);
    // A mailbox that belongs to nobody, and a different one each time, so that nobody can block it.
    let mut id = [0; MailboxId::LEN];
    getrandom::fill(&mut id).map_err(|error| Error::System(error.to_string()))?;
    let nobodys = MailboxId::from_bytes(id);
    let unreachable = |why: &str| Error::Unreachable(Some(why.into()));
    let connected = websocket::connect(&format!("{socket}/v1/mailbox/{nobodys}")).await;
    let mut socket = connected.map_err(|why| unreachable(&why))?;
    let greeting = timeout(GREETING, socket.next()).await.map_err(|_| unreachable("it sent no greeting"))?;
    let Some(Ok(greeting)) = greeting else { return Err(unreachable("it hung up")) };
    let _ = socket.close(None).await;
    match ToDevice::decode(&greeting.into_data()) {
        Ok(ToDevice::Challenge(challenge)) if hushclip_protocol::negotiate(&challenge.versions).is_some() => Ok(origin),
        Ok(_) => Err(Error::OtherVersion),
        Err(_) => Err(unreachable("what answers there is not a relay")),
    }
}
