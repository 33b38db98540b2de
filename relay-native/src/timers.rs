//! One point in time per mailbox, and which of them comes first.

use std::collections::{BTreeSet, HashMap};

use hushclip_protocol::ids::MailboxId;

/// Times in milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_time: BTreeSet<(u64, MailboxId)>,
    by_mailbox: HashMap<MailboxId, u64>,
}

impl Timers {
    /// Replaces what was set for this mailbox.
    pub(crate) fn set(&mut self, id: MailboxId, at: Option<u64>) {
        let before = match at {
            Some(at) => self.by_mailbox.insert(id, at),
            None => self.by_mailbox.remove(&id),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, id));
        }
        if let Some(at) = at {
            self.by_time.insert((at, id));
        }
    }

    /// What is set for this mailbox.
    pub(crate) fn get(&self, id: MailboxId) -> Option<u64> {
        self.by_mailbox.get(&id).copied()
    }

    /// When the first one is due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Removes and returns what is due, at most `limit` of them.
    pub(crate) fn take_due(&mut self, now: u64, limit: usize) -> Vec<MailboxId> {
        let due: Vec<_> = self.by_time.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, id)| *id).collect();
        for id in &due {
            self.set(*id, None);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mailbox_has_one_time_and_the_earliest_comes_first() {
        let id = |n| MailboxId::from_bytes([n; 16]);
        let mut timers = Timers::default();
        for (n, at) in [(1, 30), (2, 10), (3, 20), (2, 40)] {
            timers.set(id(n), Some(at));
        }
        assert_eq!(timers.next(), Some(20));
        assert_eq!(timers.take_due(19, 9), []);
        assert_eq!(timers.take_due(30, 1), [id(3)]);
        timers.set(id(1), None);
        assert_eq!((timers.next(), timers.take_due(50, 9)), (Some(40), vec![id(2)]));
        assert_eq!((timers.next(), timers.by_mailbox.len()), (None, 0));
    }
}
