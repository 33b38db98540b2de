//! Changes of the membership log that this device wants: who goes, who comes, new keys.

use hushclip_crypto::OpenError;
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::{BoxSk, DeviceKeys};
use hushclip_crypto::log::{make_rekey, make_remove_device};
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, Hash};
use hushclip_protocol::log::{Membership, SignedEntry};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::line::{ANSWER_MS, Phase};
use crate::record::{self, put};
use crate::{Engine, problem};

/// How long to wait before an entry that the relay did not take is tried again, milliseconds; doubled each time.
const RETRY_MS: u64 = 2_000;
/// Longest wait.
const RETRY_MAX_MS: u64 = 10 * 60_000;
/// How long a removal waits for what was missed to be fetched, milliseconds.
const REMOVAL_MS: u64 = 10_000;
/// After how long a removal waits once more, milliseconds.
const REMOVAL_STALE_MS: u64 = 5 * 60_000;
/// How many entries for one place are remembered.
const DRAFTS: usize = 256;
/// How long a removal may take, on a line, before it is said that the relay has not recorded it, milliseconds.
const UNSAVED_MS: u64 = 30_000;

/// What the clock says of removals that are wanted.
#[derive(Debug, Default)]
pub(crate) struct RemovalWatch {
    /// When one is tried though not everything that was missed is here.
    pub(crate) by: Option<u64>,
    /// When it must be recorded, or it is said that it is not.
    due: Option<u64>,
    /// The relay has not recorded it, and that is said.
    unsaved: bool,
    /// The person has put that away, for so long.
    quiet: Option<u64>,
}

/// What a log entry of this device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub(crate) enum Wanted {
    #[n(0)]
    Add(#[n(0)] DeviceId),
    /// Whom, and the last counter that this device has of it.
    #[n(1)]
    Remove(#[n(0)] DeviceId, #[n(1)] u64),
    #[n(2)]
    Rekey,
    /// An entry that the relay had before.
    #[n(3)]
    Mend,
}

/// An entry on its way to the relay.
#[derive(Debug)]
pub(crate) struct Appending {
    pub(crate) wanted: Wanted,
    pub(crate) entry: Hash,
    /// When the relay must have answered.
    pub(crate) answer_by: u64,
}

/// An entry that this device has made for the place after `head`.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Draft {
    #[n(0)]
    wanted: Wanted,
    #[n(1)]
    head: Hash,
    #[n(2)]
    entry: SignedEntry,
}

type Made = Result<(SignedEntry, EpochSecret), OpenError>;

impl Engine {
    pub(crate) fn remove_device(&mut self, device: &str, rng: &mut dyn CryptoRng) -> Result<(), Problem> {
        self.require_member()?;
        let known = DeviceId::from_hex(device).filter(|device| self.is_member(device));
        let Some(device) = known else { return Err(Problem::UnknownDevice) };
        if self.identity.as_ref().is_some_and(|identity| identity.id == device) {
            return Err(Problem::OwnRemoval);
        }
        if let Some(account) = &mut self.account {
            account.removing.insert(device);
        }
        self.persist_account();
        if self.line.is_signed_in() {
            self.watch_removal();
        }
        // The person shall not wait for what was refused before.
        self.log_sync.retry_at = None;
        self.change_log(rng);
        Ok(())
    }

    /// Appends what this device wants in the log, one entry at a time. Whoever else was quicker: the
    /// relay refuses, the log is fetched, and what is still wanted is tried again.
    ///
    /// A removal waits a moment for what was missed, so as not to cut off what the device that goes has sent
    /// in time; and no longer, because it may have sent it to hold that off.
    pub(crate) fn change_log(&mut self, rng: &mut dyn CryptoRng) {
        let busy = self.appending.is_some() || self.change_waits();
        if !self.line.is_signed_in() || !self.log_sync.is_newest || busy {
            return;
        }
        let Some(account) = &self.account else { return };
        let Some(log) = &account.membership else { return };
        let wanted = account.removing.iter().find(|device| log.member(device).is_some()).copied();
        if let Some(device) = wanted {
            let latest = self.now + REMOVAL_MS;
            // What was set long ago was for what had been missed then.
            let by = self.log_sync.removal.by.filter(|by| by + REMOVAL_STALE_MS > self.now).unwrap_or(latest);
            self.log_sync.removal.by = Some(by);
            if self.line.phase != Phase::Online && by > self.now && by <= latest {
                return;
            }
            let last = self.inbox.last_known(&device);
            self.append(Wanted::Remove(device, last), |keys, log| make_remove_device(keys, log, device, last, rng));
            return;
        }
        if self.line.phase != Phase::Online {
            return;
        }
        self.go_on_with_invite(rng);
        if self.appending.is_none() && self.rotation_is_due() {
            self.rekey(rng);
        }
    }

    fn rekey(&mut self, rng: &mut dyn CryptoRng) {
        let Some(identity) = &mut self.identity else { return };
        // On disk before it is sent: the others seal to it from the moment the entry stands.
        let boxed = identity.next_box.get_or_insert_with(|| BoxSk::make(rng)).clone();
        let write = identity.record();
        self.persist(write);
        self.append(Wanted::Rekey, |keys, log| make_rekey(keys, log, &boxed, rng));
    }

    /// Sends a new entry of this device, and the same one again while the log has not gone on, restarts included: a
    /// relay that had two for one place could show each to another device, and both are signed. Says whether there is one.
    pub(crate) fn append(&mut self, wanted: Wanted, make: impl FnOnce(&DeviceKeys, &Membership) -> Made) -> bool {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return false };
        let Some(log) = &account.membership else { return false };
        let head = log.head();
        let known = self.drafts.iter().find(|draft| (draft.wanted, draft.head) == (wanted, head));
        let entry = if let Some(draft) = known {
            draft.entry.clone()
        } else {
            let Ok((entry, _)) = make(&identity.keys, log) else { return false };
            // The others cannot stand any more.
            self.drafts.retain(|draft| draft.head == head);
            // Who is to go can have one more made at each try.
            if self.drafts.len() == DRAFTS {
                self.drafts.remove(0);
            }
            self.drafts.push(Draft { wanted, head, entry: entry.clone() });
            self.persist(put(record::DRAFTS, &self.drafts));
            entry
        };
        self.append_to_log(wanted, entry);
        true
    }

    /// Whether this device has made an entry, and not a copy of its keys.
    pub(crate) fn is_drafted(&self, entry: &SignedEntry) -> bool {
        self.drafts.iter().any(|draft| draft.entry.hash() == entry.hash())
    }

    /// Sends an entry, if none is on its way.
    pub(crate) fn append_to_log(&mut self, wanted: Wanted, entry: SignedEntry) {
        if self.appending.is_none() {
            self.appending = Some(Appending { wanted, entry: entry.hash(), answer_by: self.now + ANSWER_MS });
            self.send(&ToRelay::LogAppend(entry));
        }
    }

    /// The relay does not take an entry of this device. Who wants to hold off a removal may say so in any
    /// way: it is tried again until it stands.
    pub(crate) fn append_refused(&mut self, code: ErrorCode) {
        let wait = self.put_off_change();
        match self.appending.take().map(|appending| appending.wanted) {
            Some(Wanted::Add(_)) if code == ErrorCode::BadEntry => self.invite_failed(code),
            // That is no fault yet.
            Some(Wanted::Remove(..) | Wanted::Add(_))
                if matches!(code, ErrorCode::RateLimited | ErrorCode::LogConflict) => {}
            Some(Wanted::Remove(..)) => {
                (self.log_sync.removal.due, self.log_sync.removal.quiet) = (Some(self.now), None);
                self.tell_removal();
            }
            Some(Wanted::Add(_)) => self.show(Problem::ListUnsaved),
            Some(Wanted::Mend) if code == ErrorCode::BadEntry => self.halt(Problem::BadLog),
            Some(Wanted::Mend) => {
                self.line.pause_until(self.now + wait, self.now);
                self.show_unmended(code);
            }
            // Tried again when the keys are next looked at.
            Some(Wanted::Rekey) => self.tell_old_keys(),
            None => {}
        }
    }

    /// The relay does not take back what it has lost of the log. It can hold a removal.
    pub(crate) fn show_unmended(&mut self, code: ErrorCode) {
        match code {
            ErrorCode::RateLimited | ErrorCode::LogConflict => {}
            ErrorCode::RelayFull | ErrorCode::Unavailable => self.show(problem::relay_fault(code)),
            _ => self.show(Problem::ListUnsaved),
        }
    }

    /// The line is gone, and with it what the relay would have said to an entry.
    pub(crate) fn lose_entry(&mut self) {
        if self.appending.take().is_some_and(|appending| appending.wanted == Wanted::Rekey) {
            self.tell_old_keys();
        }
    }

    /// A removal has so long to be recorded, whatever the relay answers, and however often it hangs up.
    pub(crate) fn watch_removal(&mut self) {
        if self.wants_removal() {
            self.log_sync.removal.due.get_or_insert(self.now + UNSAVED_MS);
        }
    }

    /// While a member is to go, nothing is sent: it could read it.
    pub(crate) fn wants_removal(&self) -> bool {
        let Some(account) = &self.account else { return false };
        let is_member = |device: &DeviceId| account.membership.as_ref().is_some_and(|log| log.member(device).is_some());
        account.removing.iter().any(is_member)
    }

    /// The relay has had its time to record a removal, or has refused it.
    pub(crate) fn removal_is_unsaved(&self) -> bool {
        let latest = self.now + UNSAVED_MS;
        let due = self.log_sync.removal.due.is_some_and(|at| at <= self.now || at > latest);
        self.wants_removal() && (due || self.log_sync.removal.unsaved)
    }

    /// Whether that is shown, before all else; the person may put it away for a while.
    pub(crate) fn shows_removal(&self) -> bool {
        let latest = self.now + RETRY_MAX_MS;
        let quiet = self.log_sync.removal.quiet.is_some_and(|at| at > self.now && at <= latest);
        self.removal_is_unsaved() && !quiet
    }

    /// Tells it once.
    pub(crate) fn tell_removal(&mut self) {
        if self.removal_is_unsaved() && !std::mem::replace(&mut self.log_sync.removal.unsaved, true) {
            self.notice(Notice::Failed { problem: Problem::RemovalUnsaved });
        }
    }

    pub(crate) fn dismiss_problem(&mut self) {
        if self.shows_removal() {
            self.log_sync.removal.quiet = Some(self.now + RETRY_MAX_MS);
        } else {
            self.notices.dismiss_problem();
        }
    }

    /// When what is shown of a removal changes.
    pub(crate) fn next_removal_news(&self) -> Option<u64> {
        let times = [self.log_sync.removal.due, self.log_sync.removal.quiet];
        times.into_iter().flatten().filter(|at| *at > self.now && self.wants_removal()).min()
    }

    /// Nothing is tried until later.
    pub(crate) fn change_waits(&self) -> bool {
        self.log_sync.retry_at.is_some_and(|at| at > self.now && at <= self.now + RETRY_MAX_MS)
    }

    /// An entry of this device has been on its way for too long.
    pub(crate) fn miss_answer(&mut self) {
        let latest = self.now + ANSWER_MS;
        let waits = |appending: &Appending| appending.answer_by > self.now && appending.answer_by <= latest;
        if self.appending.as_ref().is_some_and(|appending| !waits(appending)) {
            self.append_refused(ErrorCode::Unavailable);
        }
    }

    /// Nothing of what this device wants in the log is tried for a while; how long.
    pub(crate) fn put_off_change(&mut self) -> u64 {
        let wait = (RETRY_MS << self.log_sync.refused.min(16)).min(RETRY_MAX_MS);
        self.log_sync.refused = self.log_sync.refused.saturating_add(1);
        self.log_sync.retry_at = Some(self.now + wait);
        wait
    }

    /// The log has gone on.
    pub(crate) fn change_went_through(&mut self) {
        (self.log_sync.refused, self.log_sync.retry_at) = (0, None);
        self.solved(|problem| {
            matches!(problem, Problem::ListUnsaved | Problem::RelayNoSpace | Problem::RelayUnavailable)
        });
        if !self.keys_are_overdue() {
            self.solved(|problem| *problem == Problem::KeysOverdue);
        }
    }

    /// A device is out of the log.
    pub(crate) fn removal_went_through(&mut self, device: &DeviceId) {
        let Some(account) = &mut self.account else { return };
        if account.removing.remove(device) {
            // Another one that is wanted has its own time.
            self.log_sync.removal = RemovalWatch::default();
            if self.line.is_signed_in() {
                self.watch_removal();
            }
        }
    }
}
