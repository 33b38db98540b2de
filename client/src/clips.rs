//! Clips: what a program sends to people, and what they send.

use futures_util::FutureExt as _;
use hushclip_model::{ClipView, Command, Content, Outcome};

use crate::arrivals::{Arrivals, Source};
use crate::client::Client;
use crate::content::Form;
use crate::device::{Ask, Copied, Which};
use crate::error::{Error, Result};
use crate::receipt::Receipt;

impl Client {
    /// Queues text for the other devices, and the same as HTML if there is such a form. It is on the disk when this is
    /// done, and goes to the relay from there.
    pub async fn push(&self, content: Content) -> Result<Receipt> {
        let Content { text, html } = content;
        self.queue(Command::Push { text, html }).await
    }

    /// The same with content of any other media type (RFC 6838), such as `application/json`. Devices list such a clip, and
    /// none puts it on a clipboard; programs get it with [`Client::read`].
    pub async fn push_bytes(&self, media: &str, bytes: impl Into<Vec<u8>>) -> Result<Receipt> {
        self.queue(Command::PushBytes { media: media.into(), bytes: bytes.into() }).await
    }

    async fn queue(&self, command: Command) -> Result<Receipt> {
        match self.command(command).await? {
            Outcome::Queued { clip } => Ok(Receipt::new(self.clone(), clip)),
            _ => Err(Error::Gone),
        }
    }

    /// A receipt for a clip or payload of this device, by its identifier: for what was sent before a restart.
    pub fn receipt(&self, id: &str) -> Receipt {
        Receipt::new(self.clone(), id.into())
    }

    /// All forms of a clip, the plainest first; its text is one of them.
    pub async fn read(&self, clip: &str) -> Result<Vec<Form>> {
        let clip = clip.to_owned();
        self.ask(|reply| Ask::Read(clip, reply)).await?.ok_or(Error::Gone)
    }

    /// Clips from other devices that came after a place in this device's list, oldest first, with all their content. 0
    /// is before the first. Clips that the device no longer keeps (5,000 clips and 64 MiB stay) are not among them.
    ///
    /// The place is [`ClipView::order`], not the relay's cursor: a relay restored from a backup starts counting again,
    /// and no clip should be missed because of that.
    pub async fn pull(&self, after: u64) -> Result<Vec<ClipView>> {
        self.ask(|reply| Ask::Clips(Which::After(after), reply)).await
    }

    /// All clips that the device keeps, its own included, oldest first, with all their content.
    pub async fn history(&self) -> Result<Vec<ClipView>> {
        self.ask(|reply| Ask::Clips(Which::All, reply)).await
    }

    /// The place of the newest clip or payload, for [`Client::pull`] and
    /// [`Channel::pull`](crate::Channel::pull).
    pub async fn last_order(&self) -> Result<u64> {
        self.ask(Ask::NewestOrder).await
    }

    /// Clips of other devices as they come, whole, from now on.
    pub async fn clips(&self) -> Result<Arrivals<ClipView>> {
        Ok(self.clips_after(self.last_order().await?))
    }

    /// The same from a place in the list on: with the place of the last one that a program has dealt with, it misses none
    /// and sees none twice.
    pub fn clips_after(&self, after: u64) -> Arrivals<ClipView> {
        let source = Source {
            pull: Box::new(|client: Client, after| async move { client.pull(after).await }.boxed()),
            order: |clip: &ClipView| clip.order,
        };
        Arrivals::new(self.clone(), source, after)
    }

    /// Tells the device that this machine's clipboard holds something new. An echo of what came from elsewhere is
    /// recognised as one.
    pub async fn copied(&self, content: Content) -> Result<Copied> {
        self.ask(|reply| Ask::Copied(content, reply)).await
    }
}
