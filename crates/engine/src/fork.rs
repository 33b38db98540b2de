//! A forked log ends all sending until the person has looked into it. So does one that is kept back,
//! until it is shown.

use hushclip_model::Problem;
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::log::{Membership, SignedEntry};
use minicbor::{Decode, Encode};

use crate::Engine;
use crate::notices::{Alert, AlertKind};
use crate::state::evidence_record;

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
    /// The item whose sender says so, where one does.
    #[n(5)]
    pub(crate) item: Option<ItemId>,
}

impl Engine {
    /// The relay's log is not the one this device knows.
    pub(crate) fn stop_forked(&mut self, seq: u64, theirs: Hash, entry: Option<SignedEntry>) {
        self.stop_with(seq, theirs, entry, None);
    }

    /// A member has signed what it sent under another log than this device knows.
    pub(crate) fn forked_at_item(&mut self, item: ItemId, seq: u64, theirs: Hash) {
        self.stop_with(seq, theirs, None, Some(item));
    }

    /// Whether an item has stopped this device before. The person wanted to go on, so it does not once more, however
    /// often the relay shows it.
    pub(crate) fn is_passed_over(&self, item: &ItemId) -> bool {
        self.evidence.iter().any(|evidence| evidence.item.as_ref() == Some(item))
    }

    fn stop_with(&mut self, seq: u64, theirs: Hash, entry: Option<SignedEntry>, item: Option<ItemId>) {
        let known = self.account.as_ref().and_then(|account| account.head_at(seq));
        let ours = known.or_else(|| self.account.as_ref()?.membership.as_ref().map(Membership::head));
        let evidence = Evidence { at_ms: self.now, seq, ours: ours.unwrap_or(Hash::ZERO), theirs, entry, item };
        self.evidence.push(evidence);
        if self.evidence.len() > EVIDENCE {
            self.evidence.remove(0);
        }
        self.persist(evidence_record(&self.evidence));
        if let Some(account) = &mut self.account {
            account.forked = true;
        }
        self.persist_account();
        self.halt(Problem::Fork);
    }

    /// A member has signed that it knows an entry which the relay does not show. Whoever it lets in or
    /// removes, nothing more is sent to the devices of before.
    pub(crate) fn note_withheld(&mut self, device: DeviceId, seq: u64) {
        let write = self.notices.count_at_least(AlertKind::LogWithheld, device, seq, self.now);
        self.persist_all(write);
    }

    /// Whether the relay keeps log entries back, and the person has not put that away.
    pub(crate) fn log_is_withheld(&self) -> bool {
        self.notices.has(AlertKind::LogWithheld)
    }

    /// Takes it back where the log has come, or where the device that said so is gone.
    pub(crate) fn retract_withheld(&mut self) {
        let Some(log) = self.account.as_ref().and_then(|account| account.membership.as_ref()) else { return };
        let holds = |alert: &Alert| alert.count > log.seq() && log.member(&alert.device).is_some();
        let write = self.notices.keep(AlertKind::LogWithheld, holds);
        self.persist_all(write);
    }

    /// The person wants to go on with this relay. What this device knows of the log still has to hold.
    pub(crate) fn resume_by_hand(&mut self) {
        let Some(account) = &mut self.account else { return };
        account.forked = false;
        self.persist_account();
        self.halted_for_good = false;
        self.notices.dismiss_problem();
        self.connect();
    }
}
