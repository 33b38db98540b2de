//! Connections that are not WebSockets yet, or never will be, by the address that holds them. If an address has one
//! too many, its oldest is dropped: whoever dawdles takes places only from themselves, not from anybody elsewhere.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hushclip_mailbox::Peer;
use tokio::sync::Notify;

/// As many as ten browsers would open.
pub(crate) const PER_ADDRESS: usize = 64;

/// The connections that are open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Visitors(Arc<Mutex<Visits>>);

#[derive(Debug, Default)]
struct Visits {
    next: u64,
    /// The oldest first, for each address.
    by_address: HashMap<Peer, VecDeque<(u64, Arc<Notify>)>>,
}

/// A connection, until it ends or becomes a WebSocket.
#[derive(Debug)]
pub(crate) struct Visit {
    visitors: Visitors,
    peer: Peer,
    number: u64,
    cut: Arc<Notify>,
}

impl Visitors {
    /// Adds a connection. This machine's own are not counted, nor are those of a proxy, which speaks for many.
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
    /// Completes when this connection has to make room for another one.
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
