//! What is queued to be sent on one socket. It is bounded in bytes, for this socket and for all of them together:
//! whoever reads too slowly is cut off, and gets the rest after reconnecting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hushclip_protocol::limits;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::budget::Budget;

/// More than the mailbox lets a device fall behind, so that it is the mailbox that objects first.
const BYTES: usize = limits::UNACKED_BYTES + 4 * limits::FRAME_BYTES;
/// What a message takes in addition to its bytes.
const OVERHEAD: usize = 64;

/// A message on its way out.
#[derive(Debug, Clone)]
pub(crate) enum Out {
    /// Binary.
    Frame(Arc<[u8]>),
    /// The last message.
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

#[derive(Debug)]
struct Shared {
    budget: Budget,
    waiting: AtomicUsize,
    cut: Notify,
    is_member: Arc<AtomicBool>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.budget.give(*self.waiting.get_mut());
    }
}

/// Both ends of a new queue.
pub(crate) fn outbox(budget: Budget) -> (Outbox, Outgoing) {
    let (sender, receiver) = unbounded_channel();
    let (waiting, cut, is_member) = (AtomicUsize::new(0), Notify::new(), Arc::default());
    let shared = Arc::new(Shared { budget, waiting, cut, is_member });
    (Outbox { queue: sender, shared: Arc::clone(&shared) }, Outgoing { queue: receiver, shared })
}

impl Outbox {
    /// Queues a message. Returns `false` if that is too much; then the socket is cut off.
    pub(crate) fn send(&self, out: Out) -> bool {
        let (cost, waiting) = (cost(&out), self.shared.waiting.load(Ordering::Relaxed));
        if waiting + cost > BYTES || !self.shared.budget.take(waiting, cost) {
            self.shared.cut.notify_one();
            return false;
        }
        self.shared.waiting.fetch_add(cost, Ordering::Relaxed);
        // The socket may be gone; it reports that itself.
        let _ = self.queue.send(out);
        true
    }

    /// A device has signed in on this socket.
    pub(crate) fn signed_in(&self) {
        self.shared.is_member.store(true, Ordering::Relaxed);
    }
}

impl Outgoing {
    /// The next message; `None` when the core has let go of the socket.
    pub(crate) async fn next(&mut self) -> Option<Out> {
        self.queue.recv().await
    }

    /// The next message, if one is already queued.
    pub(crate) fn try_next(&mut self) -> Option<Out> {
        self.queue.try_recv().ok()
    }

    /// Notes that this many bytes have been sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
        self.shared.budget.give(bytes);
    }

    /// Set once a device has signed in.
    pub(crate) fn is_member(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.is_member)
    }

    /// Completes when the socket is to be cut off; borrows nothing from `self`.
    pub(crate) fn cut(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move { shared.cut.notified().await }
    }
}

/// What a message counts towards the limits.
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
        let (outbox, mut outgoing) = outbox(Budget::default());
        let frame: Arc<[u8]> = vec![0; limits::FRAME_BYTES].into();
        let fits = BYTES / (limits::FRAME_BYTES + OVERHEAD);
        for _ in 0..fits {
            assert!(outbox.send(Out::Frame(Arc::clone(&frame))));
        }
        assert!(!outbox.send(Out::Frame(Arc::clone(&frame))));
        assert!(std::iter::from_fn(|| outgoing.try_next()).count() == fits);
    }
}
