//! What waits to be sent on one socket. It is bounded by bytes: who reads more slowly than that is cut
//! off, and gets the rest when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hushclip_protocol::limits;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// More than the mailbox lets a device be behind, so that it is the mailbox that says so.
const BYTES: usize = limits::UNACKED_BYTES + 4 * limits::FRAME_BYTES;
/// What a message takes beside its bytes.
const OVERHEAD: usize = 64;

/// A message on its way out.
#[derive(Debug, Clone)]
pub(crate) enum Out {
    /// Binary.
    Frame(Arc<[u8]>),
    /// The last one.
    Close {
        /// RFC 6455 §7.4.
        code: u16,
        /// In words.
        reason: &'static str,
    },
}

/// The core's end.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: UnboundedSender<Out>,
    shared: Arc<Shared>,
}

/// The socket's end.
#[derive(Debug)]
pub(crate) struct Outgoing {
    queue: UnboundedReceiver<Out>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicUsize,
    cut: Notify,
}

/// Both ends of a new queue.
pub(crate) fn outbox() -> (Outbox, Outgoing) {
    let (sender, receiver) = unbounded_channel();
    let shared = Arc::new(Shared::default());
    (Outbox { queue: sender, shared: Arc::clone(&shared) }, Outgoing { queue: receiver, shared })
}

impl Outbox {
    /// Queues a message; `false` if that is too much, and the socket is cut off.
    pub(crate) fn send(&self, out: Out) -> bool {
        let cost = cost(&out);
        if self.shared.waiting.fetch_add(cost, Ordering::Relaxed) + cost > BYTES {
            self.shared.cut.notify_one();
            return false;
        }
        // The socket may be gone; it tells so itself.
        let _ = self.queue.send(out);
        true
    }
}

impl Outgoing {
    /// The next message; `None` when the core has let go of the socket.
    pub(crate) async fn next(&mut self) -> Option<Out> {
        self.queue.recv().await
    }

    /// The next one, if it is there.
    pub(crate) fn try_next(&mut self) -> Option<Out> {
        self.queue.try_recv().ok()
    }

    /// It has been sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Ends when the socket is to be cut off; holds nothing of `self`.
    pub(crate) fn cut(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.cut.notified().await }
    }
}

/// What a message counts for.
pub(crate) fn cost(out: &Out) -> usize {
    match out {
        Out::Frame(frame) => frame.len() + OVERHEAD,
        Out::Close { .. } => OVERHEAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_for_who_does_not_read_is_bounded() {
        let (outbox, mut outgoing) = outbox();
        let frame: Arc<[u8]> = vec![0; limits::FRAME_BYTES].into();
        let fits = BYTES / (limits::FRAME_BYTES + OVERHEAD);
        for _ in 0..fits {
            assert!(outbox.send(Out::Frame(Arc::clone(&frame))));
        }
        assert!(!outbox.send(Out::Frame(Arc::clone(&frame))));
        assert!(std::iter::from_fn(|| outgoing.try_next()).count() == fits);
    }
}
