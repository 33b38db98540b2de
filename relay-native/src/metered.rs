//! A connection that keeps track of how much of an unfinished message has arrived, and since when: what is not yet a
//! message takes up memory too.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hushclip_protocol::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::budget::Room;

/// Bytes that need no room in the budget: most messages are shorter.
const FREE: usize = 16 * 1024;
/// Longest message from a side that has not signed in: a log entry and its list.
const STRANGERS: usize = 64 * 1024;
/// Size of a ping or pong frame without its payload.
const CONTROL: usize = 6;

/// The connection.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    stream: S,
    room: Room,
    /// Set once a device has signed in.
    is_member: Arc<AtomicBool>,
    unfinished: usize,
    since: Option<Instant>,
}

impl<S> Metered<S> {
    pub(crate) const fn new(stream: S, room: Room, is_member: Arc<AtomicBool>) -> Self {
        Self { stream, room, is_member, unfinished: 0, since: None }
    }

    /// A message is complete; returns the room that it takes.
    pub(crate) fn finish(&mut self) -> Room {
        self.unfinished = 0;
        self.since = None;
        self.room.split()
    }

    /// A ping or pong has arrived, perhaps in the middle of a message.
    pub(crate) fn finish_control(&mut self, payload: usize) {
        self.unfinished = self.unfinished.saturating_sub(payload + CONTROL);
        if self.unfinished == 0 {
            self.since = None;
        }
    }

    /// The underlying connection, on which nothing is counted.
    pub(crate) const fn unmetered(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Whether a message has been incomplete for this long.
    pub(crate) fn is_overdue(&self, limit: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= limit)
    }

    fn has_read(&mut self, bytes: usize) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        self.unfinished += bytes;
        self.since.get_or_insert_with(Instant::now);
        if self.unfinished > STRANGERS && !self.is_member.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // A message and its frame; longer ones are refused where they are assembled.
        let bytes = self.unfinished.saturating_sub(FREE).min(limits::FRAME_BYTES);
        if self.room.grow(bytes) { Ok(()) } else { Err(io::ErrorKind::OutOfMemory.into()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buf))?;
        let read = buf.filled().len() - before;
        let taken = self.has_read(read);
        if taken.is_err() {
            buf.set_filled(before);
        }
        Poll::Ready(taken)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::budget::Budget;

    #[tokio::test]
    async fn an_unfinished_message_has_bounds_in_bytes_and_time() {
        let is_member = Arc::new(AtomicBool::new(false));
        let bytes = vec![0; STRANGERS + 1];
        let mut stream = Metered::new(&bytes[..], Room::new(Budget::default()), Arc::clone(&is_member));
        let mut half = vec![0; STRANGERS];
        stream.read_exact(&mut half).await.unwrap();
        assert!(stream.is_overdue(Duration::ZERO) && !stream.is_overdue(Duration::from_mins(1)));
        // A ping in between does not end a message.
        stream.finish_control(4);
        assert!(stream.is_overdue(Duration::ZERO));
        assert_eq!(stream.read(&mut half).await.map_err(|error| error.kind()).ok(), Some(1));
        drop(stream.finish());
        assert!(!stream.is_overdue(Duration::ZERO));
        let bytes = vec![0; 2 * STRANGERS];
        let mut stream = Metered::new(&bytes[..], Room::new(Budget::default()), is_member);
        let read = stream.read_to_end(&mut Vec::new()).await;
        assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::FileTooLarge));
    }
}
