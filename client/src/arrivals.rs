//! What other devices send, as it comes: nothing is missed, and nothing comes twice.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, unfold};
use futures_util::{Stream, StreamExt as _};
use tokio::sync::watch;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::event::Status;

/// A stream of clips or payloads. It ends with [`Error::Removed`] when another device removes this one, and with
/// [`Error::Closed`] or the store's error when the device ends; [`Client::leave`] does not end it. It reads from the store
/// on demand, so a slow reader misses nothing that the device still keeps.
pub struct Arrivals<T>(BoxStream<'static, Result<T>>);

type Pull<T> = Box<dyn Fn(Client, u64) -> BoxFuture<'static, Result<Vec<T>>> + Send>;

/// How they are read: those after a place, and the place of one.
pub(crate) struct Source<T> {
    pub(crate) pull: Pull<T>,
    pub(crate) order: fn(&T) -> u64,
}

struct Reading<T> {
    client: Client,
    source: Source<T>,
    newest: watch::Receiver<u64>,
    status: watch::Receiver<Status>,
    after: u64,
    read: VecDeque<T>,
    is_over: bool,
}

impl<T: Send + 'static> Arrivals<T> {
    pub(crate) fn new(client: Client, source: Source<T>, after: u64) -> Self {
        let (newest, status) = (client.newest(), client.watch_status());
        let reading = Reading { client, source, newest, status, after, read: VecDeque::new(), is_over: false };
        Self(unfold(reading, Reading::next).boxed())
    }

    /// The next one. An error is the last thing that comes, `None` comes after it. Nothing is lost when this is not
    /// awaited to its end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.0.next().await
    }
}

impl<T: Send> Reading<T> {
    async fn next(mut self) -> Option<(Result<T>, Self)> {
        if self.is_over {
            return None;
        }
        match self.read_next().await {
            Ok(next) => Some((Ok(next), self)),
            Err(error) => {
                self.is_over = true;
                Some((Err(error), self))
            }
        }
    }

    async fn read_next(&mut self) -> Result<T> {
        loop {
            if let Some(next) = self.read.pop_front() {
                self.after = (self.source.order)(&next);
                return Ok(next);
            }
            // What comes from now on wakes this, so nothing can come in between unnoticed.
            self.newest.mark_unchanged();
            self.status.mark_unchanged();
            self.read = (self.source.pull)(self.client.clone(), self.after).await?.into();
            if self.read.is_empty() {
                if self.client.is_removed() {
                    return Err(Error::Removed);
                }
                tokio::select! {
                    newer = self.client.changed(&mut self.newest) => newer?,
                    changed = self.client.changed(&mut self.status) => changed?,
                }
            }
        }
    }
}

impl<T> Stream for Arrivals<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T> std::fmt::Debug for Arrivals<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Arrivals")
    }
}
