//! Lines to other devices of the account: which are open, and what came over them before its turn. It refuses to know what
//! that is. Nothing of it is stored: whatever goes over such a line goes to the relay too.

use std::collections::{BTreeMap, BTreeSet};

use hushclip_protocol::ids::DeviceId;

use crate::event::LineId;

/// So many lines at once.
const MOST: usize = 64;
/// What came early, envelopes and their bytes.
const EARLY: usize = 64;
const EARLY_BYTES: usize = 4 * 1024 * 1024;

/// The open ones, and what waits.
#[derive(Debug, Default)]
pub(crate) struct DeviceLines {
    open: BTreeSet<u64>,
    early: BTreeMap<(DeviceId, u64), Vec<u8>>,
}

impl DeviceLines {
    pub(crate) fn opened(&mut self, line: u64) {
        if self.open.len() < MOST {
            self.open.insert(line);
        }
    }

    pub(crate) fn closed(&mut self, line: u64) {
        self.open.remove(&line);
    }

    pub(crate) fn is_open(&self, line: u64) -> bool {
        self.open.contains(&line)
    }

    /// All that are open.
    pub(crate) fn ids(&self) -> Vec<LineId> {
        self.open.iter().copied().map(LineId::Device).collect()
    }

    /// Keeps an envelope until what its sender sent before has come, if there is room.
    pub(crate) fn keep(&mut self, sender: DeviceId, counter: u64, envelope: Vec<u8>) {
        let bytes: usize = self.early.values().map(Vec::len).sum();
        if self.early.len() < EARLY && bytes + envelope.len() <= EARLY_BYTES {
            self.early.entry((sender, counter)).or_insert(envelope);
        }
    }

    /// What has its turn now, after everything up to a counter has come; what came meanwhile is let go.
    pub(crate) fn next(&mut self, sender: DeviceId, seen: u64) -> Option<Vec<u8>> {
        self.early.retain(|(of, counter), _| *of != sender || *counter > seen);
        self.early.remove(&(sender, seen.checked_add(1)?))
    }

    /// This device is in no account any more.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_early_waits_its_turn_and_is_bounded() {
        let (mut lines, sender) = (DeviceLines::default(), DeviceId::from_bytes([1; 16]));
        for counter in [5, 3, 4, 9] {
            lines.keep(sender, counter, vec![counter as u8]);
        }
        assert_eq!(lines.next(sender, 1), None);
        assert_eq!(lines.next(sender, 2), Some(vec![3]));
        assert_eq!(lines.next(sender, 4), Some(vec![5]), "4 came over another line");
        assert_eq!((lines.next(sender, 5), lines.early.len()), (None, 1));
        for counter in 10..10 + 2 * EARLY as u64 {
            lines.keep(sender, counter, vec![0; 1024]);
        }
        assert_eq!(lines.early.len(), EARLY);
        lines.early.clear();
        lines.keep(sender, 1, vec![0; EARLY_BYTES]);
        lines.keep(sender, 2, vec![0]);
        assert_eq!(lines.early.len(), 1);
        for line in 0..2 * MOST as u64 {
            lines.opened(line);
        }
        assert_eq!(lines.ids().len(), MOST);
    }
}
