//! Digests of texts that were deleted a moment ago. Another program on this clipboard may put such a text back, and a
//! device that missed the clip itself can recognise it only by its digest.

use hushclip_protocol::ids::Hash;
use minicbor::{Decode, Encode};

use crate::history::LATE_MS;
use crate::part::Outputs;
use crate::record::{TRACES, delete, put};

/// How many are kept.
const KEPT: usize = 64;

/// What is left of a text that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Trace {
    /// Keyed by this epoch.
    #[n(0)]
    epoch: u64,
    #[n(1)]
    digest: Hash,
    /// When this device learned of it.
    #[n(2)]
    at_ms: u64,
}

/// Those of the last moments, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Traces(Vec<Trace>);

impl Traces {
    pub(crate) const fn restore(traces: Vec<Trace>) -> Self {
        Self(traces)
    }

    /// This device is in no account any more.
    pub(crate) fn forget(&mut self, out: &mut Outputs) {
        self.0.clear();
        out.write(delete(TRACES));
    }

    /// A text was deleted, of which this is the digest, keyed by an epoch.
    pub(crate) fn note(&mut self, epoch: u64, digest: Hash, now: u64, out: &mut Outputs) {
        self.0.retain(|trace| trace.is_recent(now));
        self.0.push(Trace { epoch, digest, at_ms: now });
        if self.0.len() > KEPT {
            self.0.remove(0);
        }
        out.write(put(TRACES, &self.0));
    }

    /// Whether a text was deleted a moment ago that has this digest by the key of an epoch.
    pub(crate) fn has(&self, now: u64, keyed: impl Fn(u64) -> Option<Hash>) -> bool {
        let recent = self.0.iter().rev().filter(|trace| trace.is_recent(now));
        recent.into_iter().any(|trace| keyed(trace.epoch) == Some(trace.digest))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets go what has had its time.
    pub(crate) fn tidy(&mut self, now: u64, out: &mut Outputs) {
        let before = self.0.len();
        self.0.retain(|trace| trace.is_recent(now));
        if self.0.len() < before {
            out.write(put(TRACES, &self.0));
        }
    }
}

impl Trace {
    fn is_recent(&self, now: u64) -> bool {
        now.abs_diff(self.at_ms) < LATE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> Hash {
        Hash::from_bytes([n; 32])
    }

    #[test]
    fn what_was_deleted_is_known_for_a_moment() {
        let mut traces = Traces::default();
        let out = &mut Outputs::default();
        traces.note(3, digest(1), 1_000, out);
        let keyed = |epoch| (epoch == 3).then_some(digest(1));
        assert!(traces.has(1_000, keyed) && traces.has(999 + LATE_MS, keyed));
        assert!(!traces.has(1_000, |_| Some(digest(2))) && !traces.has(1_000 + LATE_MS, keyed));
        traces.tidy(1_000 + LATE_MS, out);
        assert!(traces.is_empty());
        for n in 0..=KEPT as u8 {
            traces.note(3, digest(n), 1_000, out);
        }
        assert!(!traces.has(1_000, |_| Some(digest(0))) && traces.has(1_000, keyed));
    }
}
