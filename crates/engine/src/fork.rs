//! A forked log ends all sending until the person has looked into it.

use hushclip_protocol::ids::Hash;
use hushclip_protocol::log::{Membership, SignedEntry};
use minicbor::{Decode, Encode};

use crate::state::evidence_record;
use crate::{Engine, problem};

/// How many contradictions are kept.
const EVIDENCE: usize = 8;

/// What contradicts the log of this device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Evidence {
    #[n(0)]
    pub(crate) at_ms: u64,
    #[n(1)]
    pub(crate) seq: u64,
    /// What stands there here.
    #[n(2)]
    pub(crate) ours: Hash,
    /// What the relay says.
    #[n(3)]
    pub(crate) theirs: Hash,
    /// The entry itself, where the relay passed one on.
    #[n(4)]
    pub(crate) entry: Option<SignedEntry>,
}

impl Engine {
    /// The relay's log is not the one this device knows.
    pub(crate) fn stop_forked(&mut self, seq: u64, theirs: Hash, entry: Option<SignedEntry>) {
        let known = self.account.as_ref().and_then(|account| account.head_at(seq));
        let ours = known.or_else(|| self.account.as_ref()?.membership.as_ref().map(Membership::head));
        let evidence = Evidence { at_ms: self.now, seq, ours: ours.unwrap_or(Hash::ZERO), theirs, entry };
        self.evidence.push(evidence);
        if self.evidence.len() > EVIDENCE {
            self.evidence.remove(0);
        }
        self.persist(evidence_record(&self.evidence));
        if let Some(account) = &mut self.account {
            account.forked = true;
        }
        self.persist_account();
        self.halt(problem::fork());
    }

    /// The person wants to go on with this relay. What this device knows of the log still has to
    /// hold; a log that is only shorter, as after a restored backup, is completed from here.
    pub(crate) fn resume_by_hand(&mut self) {
        let Some(account) = &mut self.account else { return };
        account.forked = false;
        self.persist_account();
        self.halted_for_good = false;
        self.log_sync.mending = true;
        self.problem = None;
        self.connect();
    }
}
