//! Connections that are no WebSocket yet, or never will be, by the address that holds them. For one too many the
//! oldest of the same address goes: whoever dawdles takes places from himself, and from nobody elsewhere.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hushclip_mailbox::Peer;
use tokio::sync::Notify;

/// As many as ten browsers open.
pub(crate) const PER_ADDRESS: usize = 64;

/// Those who are there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Visitors(Arc<Mutex<Visits>>);

#[derive(Debug, Default)]
struct Visits {
    next: u64,
    /// Of each the oldest first.
    by_address: HashMap<Peer, VecDeque<(u64, Arc<Notify>)>>,
}

/// A connection, until it is over or a WebSocket.
#[derive(Debug)]
pub(crate) struct Visit {
    visitors: Visitors,
    peer: Peer,
    number: u64,
    cut: Arc<Notify>,
}

impl Visitors {
    /// One more comes. This machine's own are not counted, nor are a proxy's, which speaks for many.
    pub(crate) fn enter(&self, peer: Peer) -> Visit {
        let cut = Arc::new(Notify::new());
        let mut visits = self.visits();
        visits.next += 1;
        let number = visits.next;
        if peer != Peer::Local {
            let own = visits.by_address.entry(peer).or_default();
            own.push_back((number, Arc::clone(&cut)));
            if own.len() > PER_ADDRESS
                && let Some((_, oldest)) = own.pop_front()
            {
                oldest.notify_one();
            }
        }
        Visit { visitors: self.clone(), peer, number, cut }
    }

    fn visits(&self) -> MutexGuard<'_, Visits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// Ends when it has to make place for another one.
    pub(crate) async fn is_cut(&self) {
        self.cut.notified().await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut visits = self.visitors.visits();
        let Some(own) = visits.by_address.get_mut(&self.peer) else { return };
        own.retain(|(number, _)| *number != self.number);
        if own.is_empty() {
            visits.by_address.remove(&self.peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_forgotten() {
        let visitors = Visitors::default();
        let address = |n: u8| Peer::at([192, 0, 2, n].into());
        let mut here: Vec<_> = (0..2 * PER_ADDRESS).map(|_| visitors.enter(address(1))).collect();
        here.push(visitors.enter(address(2)));
        here.push(visitors.enter(Peer::Local));
        let counts =
            |visitors: &Visitors| -> Vec<_> { visitors.visits().by_address.values().map(VecDeque::len).collect() };
        assert_eq!(counts(&visitors).iter().sum::<usize>(), PER_ADDRESS + 1);
        here.truncate(PER_ADDRESS + 1);
        assert_eq!(counts(&visitors), [1]);
        drop(here);
        assert_eq!(counts(&visitors), [0; 0]);
    }
}
