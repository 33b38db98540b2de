//! What became of something that was sent.

use hushclip_model::Delivery;

use crate::client::Client;
use crate::device::Ask;
use crate::error::{Error, Result};

/// For a clip or a payload that is on the disk and on its way. Dropping it changes nothing about that.
#[derive(Debug, Clone)]
pub struct Receipt {
    client: Client,
    id: String,
}

impl Receipt {
    pub(crate) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    /// Its identifier, in hexadecimal: the same on all devices.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How far it has got by now.
    pub async fn delivery(&self) -> Result<Delivery> {
        let id = self.id.clone();
        self.client.ask(|reply| Ask::Delivery(id, reply)).await?.ok_or(Error::Gone)
    }

    /// Waits until the relay has stored it, however long that takes, and returns its cursor there.
    pub async fn stored(&self) -> Result<u64> {
        self.until(|delivery| delivery.cursor).await
    }

    /// Waits until another device, named by its identifier, has it. If it is no device of the account, [`Error::Gone`].
    pub async fn delivered_to(&self, device: &str) -> Result<()> {
        let is_named = |devices: &[(String, String)]| devices.iter().any(|(id, _)| id == device);
        let delivered = self.until(|delivery| {
            if is_named(&delivery.delivered) {
                return Some(Ok(()));
            }
            let is_unknown = delivery.cursor.is_some() && !is_named(&delivery.awaited);
            is_unknown.then_some(Err(Error::Gone))
        });
        delivered.await?
    }

    /// Waits until all other devices of the account have fetched it. Whether a program there listens is not known.
    pub async fn delivered(&self) -> Result<()> {
        self.until(|delivery| (delivery.cursor.is_some() && delivery.awaited.is_empty()).then_some(())).await
    }

    async fn until<T>(&self, look: impl Fn(&Delivery) -> Option<T>) -> Result<T> {
        let mut status = self.client.watch_status();
        loop {
            status.mark_unchanged();
            let delivery = self.delivery().await;
            // A removed device knows of no others, and a halted one waits in vain.
            if let Some(error) = self.client.gone() {
                return Err(error);
            }
            if let Some(found) = look(&delivery?) {
                return Ok(found);
            }
            self.client.changed(&mut status).await?;
        }
    }
}
