//! Lines to other devices of the account: which are open, and what came over them before its turn. It refuses to know what
//! that is. Nothing of it is stored: whatever goes over such a line goes to the relay too.

use hushclip_protocol::ids::DeviceId;

use crate::event::LineId;

/// So many lines at once.
const MOST: usize = 64;
/// What came early of one sender, envelopes; and of all, bytes.
const EARLY: usize = 16;
const EARLY_BYTES: usize = 4 * 1024 * 1024;

/// The open ones, and what waits.
#[derive(Debug, Default)]
pub(crate) struct DeviceLines {
    open: Vec<(DeviceId, u64)>,
    early: Vec<Early>,
}

/// An envelope that waits.
#[derive(Debug)]
struct Early {
    sender: DeviceId,
    counter: u64,
    envelope: Vec<u8>,
}

impl DeviceLines {
    pub(crate) fn opened(&mut self, device: DeviceId, number: u64) {
        if self.open.len() < MOST && !self.is_open(device, number) {
            self.open.push((device, number));
        }
    }

    pub(crate) fn closed(&mut self, device: DeviceId, number: u64) {
        self.open.retain(|line| *line != (device, number));
    }

    pub(crate) fn is_open(&self, device: DeviceId, number: u64) -> bool {
        self.open.contains(&(device, number))
    }

    /// All that are open.
    pub(crate) fn ids(&self) -> impl Iterator<Item = LineId> + '_ {
        self.open.iter().map(|(device, number)| LineId::Device(*device, *number))
    }

    /// Keeps an envelope until what its sender sent before has come, if there is room. What comes next goes before what
    /// comes later.
    pub(crate) fn keep(&mut self, sender: DeviceId, counter: u64, envelope: Vec<u8>) {
        let bytes: usize = self.early.iter().map(|early| early.envelope.len()).sum();
        let is_there = self.early.iter().any(|early| early.sender == sender && early.counter == counter);
        if is_there || bytes + envelope.len() > EARLY_BYTES {
            return;
        }
        self.early.push(Early { sender, counter, envelope });
        let of_sender = self.early.iter().filter(|early| early.sender == sender);
        if of_sender.clone().count() > EARLY {
            let last = of_sender.map(|early| early.counter).max();
            self.early.retain(|early| early.sender != sender || Some(early.counter) != last);
        }
    }

    /// What has its turn now, after everything up to a counter has come; what came meanwhile is let go.
    pub(crate) fn next(&mut self, sender: DeviceId, seen: u64) -> Option<Vec<u8>> {
        self.early.retain(|early| early.sender != sender || early.counter > seen);
        let next = seen.checked_add(1)?;
        let at = self.early.iter().position(|early| early.sender == sender && early.counter == next)?;
        Some(self.early.swap_remove(at).envelope)
    }

    /// A device is out of the account; its lines, which are to be closed.
    pub(crate) fn removed(&mut self, device: DeviceId) -> Vec<LineId> {
        self.early.retain(|early| early.sender != device);
        let its: Vec<_> = self.open.extract_if(.., |(of, _)| *of == device).collect();
        its.into_iter().map(|(device, number)| LineId::Device(device, number)).collect()
    }

    /// This device is in no account any more; all lines, which are to be closed.
    pub(crate) fn forget(&mut self) -> Vec<LineId> {
        let open = std::mem::take(self).open;
        open.into_iter().map(|(device, number)| LineId::Device(device, number)).collect()
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
        for counter in (10..10 + 2 * EARLY as u64).rev() {
            lines.keep(sender, counter, vec![0; 1024]);
        }
        let mut kept: Vec<_> = lines.early.iter().map(|early| early.counter).collect();
        kept.sort_unstable();
        assert_eq!(kept, (9..9 + EARLY as u64).collect::<Vec<_>>(), "what comes next is kept");
        lines.early.clear();
        lines.keep(sender, 1, vec![0; EARLY_BYTES]);
        lines.keep(sender, 2, vec![0]);
        assert_eq!(lines.early.len(), 1);
        for line in 0..2 * MOST as u64 {
            lines.opened(sender, line);
        }
        assert_eq!(lines.ids().count(), MOST);
        assert_eq!(lines.removed(sender).len(), MOST);
        assert!(lines.early.is_empty() && lines.forget().is_empty());
    }
}
