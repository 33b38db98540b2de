//! What waits for the engine: a queue that many fill and one empties.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// A queue with one reader.
pub(crate) struct Queue<T> {
    items: RefCell<VecDeque<T>>,
    reader: Cell<Option<Waker>>,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { items: RefCell::default(), reader: Cell::default() }
    }

    pub(crate) fn push(&self, item: T) {
        self.items.borrow_mut().push_back(item);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// All that waits, oldest first.
    pub(crate) fn take(&self) -> VecDeque<T> {
        self.items.take()
    }

    /// The oldest item, if there is one.
    pub(crate) fn pop(&self) -> Option<T> {
        self.items.borrow_mut().pop_front()
    }

    /// The oldest item, once there is one.
    pub(crate) async fn next(&self) -> T {
        poll_fn(|context| {
            if let Some(item) = self.items.borrow_mut().pop_front() {
                return Poll::Ready(item);
            }
            self.reader.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    #[test]
    fn items_come_out_in_order_and_the_reader_waits_for_more() {
        let queue = Queue::new();
        let mut context = Context::from_waker(Waker::noop());
        queue.push(1);
        queue.push(2);
        assert_eq!(pin!(queue.next()).poll(&mut context), Poll::Ready(1));
        assert_eq!((queue.pop(), queue.pop()), (Some(2), None));
        let mut third = pin!(queue.next());
        assert_eq!(third.as_mut().poll(&mut context), Poll::Pending);
        queue.push(3);
        assert_eq!(third.poll(&mut context), Poll::Ready(3));
    }
}
