//! Channels: what programs send each other between the devices of an account, and no person sees.

use futures_util::FutureExt as _;
use hushclip_model::{Command, Outcome};

use crate::arrivals::{Arrivals, Source};
use crate::client::Client;
use crate::content::Payload;
use crate::device::Ask;
use crate::error::{Error, Result};
use crate::receipt::Receipt;

/// One channel. Payloads on it are sealed, ordered, counted and expiring like clips; no list shows them, and no clipboard
/// holds them.
#[derive(Debug, Clone)]
pub struct Channel {
    client: Client,
    name: String,
}

impl Client {
    /// A channel, named like `com.example.notes`: 1 to 64 ASCII letters, digits, or any of `.-_/`; case matters.
    ///
    /// From then on this device keeps what arrives on it, even while no program reads it and across restarts, until it is
    /// [closed](Channel::close). Open a device's channels before it joins: if it is let in with the history, it also gets
    /// the payloads that the relay still has.
    pub async fn channel(&self, name: &str) -> Result<Channel> {
        self.command(Command::Listen { channel: name.into() }).await?;
        Ok(Channel { client: self.clone(), name: name.into() })
    }
}

impl Channel {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends something to all other devices that have the channel. It is on the disk when this is done, and goes to the
    /// relay from there.
    pub async fn send(&self, bytes: impl Into<Vec<u8>>) -> Result<Receipt> {
        let command = Command::Publish { channel: self.name.clone(), bytes: bytes.into() };
        match self.client.command(command).await? {
            Outcome::Published { payload } => Ok(Receipt::new(self.client.clone(), payload)),
            _ => Err(Error::Gone),
        }
    }

    /// What other devices have sent that came after a place
    /// ([`PayloadView::order`](hushclip_model::PayloadView::order)), in order of arrival. 0 is before all.
    /// The device keeps payloads for 7 days, at most 5,000 and 64 MiB of all channels.
    pub async fn pull(&self, after: u64) -> Result<Vec<Payload>> {
        let mut all = Vec::new();
        let mut after = after;
        loop {
            let more = pull(self.client.clone(), self.name.clone(), after).await?;
            let Some(last) = more.last() else { return Ok(all) };
            after = last.about.order;
            all.extend(more);
        }
    }

    /// What other devices send, as it comes, from now on.
    pub async fn payloads(&self) -> Result<Arrivals<Payload>> {
        Ok(self.payloads_after(self.client.last_order().await?))
    }

    /// The same from a place on. A program that keeps the place of the last one it has dealt with misses none and sees
    /// none twice.
    pub fn payloads_after(&self, after: u64) -> Arrivals<Payload> {
        let name = self.name.clone();
        let source = Source {
            pull: Box::new(move |client, after| pull(client, name.clone(), after).boxed()),
            order: |payload: &Payload| payload.about.order,
        };
        Arrivals::new(self.client.clone(), source, after)
    }

    /// Stops listening for good, and deletes the payloads kept from other devices, read or not. Not for shutting down: to
    /// keep listening after a restart, just drop the handle.
    pub async fn close(self) -> Result<()> {
        self.client.command(Command::Unlisten { channel: self.name }).await.map(drop)
    }
}

/// Some of what came after a place; nothing, where nothing did.
async fn pull(client: Client, channel: String, after: u64) -> Result<Vec<Payload>> {
    client.ask(|reply| Ask::Payloads { channel, after, reply }).await
}
