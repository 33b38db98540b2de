//! The account: starting one, its devices, and how far this one is in step with it.

use hushclip_model::view::{Connection, DeviceView, Stage};
use hushclip_model::{AlertView, Command};

use crate::client::{Client, gone};
use crate::device::Ask;
use crate::error::{Error, Result};

impl Client {
    /// Starts an account at a relay (`https://host[:port]`), with this device as its first, under a name that the
    /// others will show. Done once the relay has registered it; if the relay cannot be reached or refuses, nothing is
    /// left behind.
    pub async fn create(&self, relay: &str, name: &str) -> Result<()> {
        self.create_with_token(relay, name, None).await
    }

    /// The same at a relay that requires a token to start an account.
    pub async fn create_with_token(&self, relay: &str, name: &str, token: Option<&str>) -> Result<()> {
        let token = token.map(str::to_owned);
        self.command(Command::CreateAccount { relay: relay.into(), name: name.into(), token }).await?;
        let created = self.until(|status| {
            let view = &status.view;
            match (view.stage, view.connection) {
                (Stage::Member, _) => Some(Ok(())),
                (_, Connection::Waiting { .. }) => Some(Err(Error::Unreachable(status.trouble.clone()))),
                (Stage::New | Stage::Removed, _) => {
                    Some(Err(view.problem.clone().map_or(Error::Cancelled, Error::from)))
                }
                (_, Connection::Idle) => view.problem.clone().map(|problem| Err(problem.into())),
                _ => None,
            }
        });
        let created = created.await;
        if created.is_err() {
            // Only takes back what the relay has not registered.
            self.command(Command::CancelJoin).await?;
        }
        created
    }

    /// Waits until everything that the relay has for this device is here. Where the relay cannot be reached, that is
    /// [`Error::Unreachable`], though the device goes on trying.
    pub async fn caught_up(&self) -> Result<()> {
        self.until(|status| match (status.view.stage, status.view.connection) {
            (Stage::Member, Connection::Online) => Some(Ok(())),
            (_, Connection::Waiting { .. }) => Some(Err(Error::Unreachable(status.trouble.clone()))),
            _ => gone(status).map(Err),
        })
        .await
    }

    /// Waits until the relay has everything queued here, including what was queued before a restart. Unlike
    /// [`Client::caught_up`], it keeps waiting while the relay cannot be reached, so give it a timeout.
    pub async fn sent(&self) -> Result<()> {
        let mut status = self.watch_status();
        loop {
            status.mark_unchanged();
            let left = self.ask(Ask::Unsent).await?;
            if let Some(error) = self.gone() {
                return Err(error);
            }
            if left == 0 {
                return Ok(());
            }
            self.changed(&mut status).await?;
        }
    }

    /// The devices of the account, this one first.
    pub fn devices(&self) -> Vec<DeviceView> {
        self.status().view.devices
    }

    /// Removes a device, named by its identifier, from the account. Done once the relay has recorded that; if this is
    /// dropped before then, the device keeps trying.
    pub async fn remove(&self, device: &str) -> Result<()> {
        self.command(Command::RemoveDevice { device: device.into() }).await?;
        self.until(|status| {
            let is_there = status.view.devices.iter().any(|one| one.id == device);
            // Whoever is out itself sees no list.
            gone(status).map(Err).or_else(|| (!is_there).then_some(Ok(())))
        })
        .await
    }

    /// What a person should know, until it is [dismissed](Client::dismiss).
    pub fn alerts(&self) -> Vec<AlertView> {
        self.status().view.alerts
    }

    /// Dismisses an alert.
    pub async fn dismiss(&self, alert: u64) -> Result<()> {
        self.command(Command::DismissAlert { id: alert }).await.map(drop)
    }

    /// Forgets the account here: keys, clips, and anything waiting to be sent. The other devices are not told.
    pub async fn leave(&self) -> Result<()> {
        self.command(Command::Leave).await.map(drop)
    }
}
