//! Clips of other devices as they come: none is missed, and none comes twice.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{BoxStream, unfold};
use futures_util::{Stream, StreamExt as _};
use hushclip_model::ClipView;
use tokio::sync::watch;

use crate::client::Client;
use crate::error::Result;

/// A stream of clips. It reads them from the device when it is asked, so whoever is slow misses none as long as the device
/// keeps them.
pub struct Clips {
    clips: BoxStream<'static, Result<ClipView>>,
}

struct Reading {
    client: Client,
    newest: watch::Receiver<u64>,
    after: u64,
    read: VecDeque<ClipView>,
    is_over: bool,
}

impl Clips {
    pub(crate) fn new(client: Client, after: u64) -> Self {
        let newest = client.newest();
        let reading = Reading { client, newest, after, read: VecDeque::new(), is_over: false };
        Self { clips: unfold(reading, Reading::next).boxed() }
    }

    /// The next one. An error is the last thing that comes, `None` comes after it. Nothing is lost when this is not
    /// awaited to its end.
    pub async fn next(&mut self) -> Option<Result<ClipView>> {
        self.clips.next().await
    }
}

impl Reading {
    async fn next(mut self) -> Option<(Result<ClipView>, Self)> {
        if self.is_over {
            return None;
        }
        loop {
            if let Some(clip) = self.read.pop_front() {
                self.after = clip.order;
                return Some((Ok(clip), self));
            }
            self.newest.borrow_and_update();
            match self.client.pull(self.after).await {
                Ok(clips) if clips.is_empty() => {
                    let came = self.client.changed(&mut self.newest).await;
                    if let Err(error) = came {
                        self.is_over = true;
                        return Some((Err(error), self));
                    }
                }
                Ok(clips) => self.read = clips.into(),
                Err(error) => {
                    self.is_over = true;
                    return Some((Err(error), self));
                }
            }
        }
    }
}

impl Stream for Clips {
    type Item = Result<ClipView>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.clips.poll_next_unpin(context)
    }
}

impl std::fmt::Debug for Clips {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clips")
    }
}
