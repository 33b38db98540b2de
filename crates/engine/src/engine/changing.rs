//! Carries out the changes to the membership log that this device wants: sends them over the line, and tells the other
//! parts.

use hushclip_crypto::OpenError;
use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_rekey, make_remove_device};
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::log::{Membership, SignedEntry};
use rand_core::CryptoRng;

use super::Engine;
use crate::changes::{Changes, Wanted};
use crate::part::Outputs;
use crate::problem;

type Made = Result<(SignedEntry, EpochSecret), OpenError>;

impl Engine {
    pub(super) fn changes<T>(&mut self, act: impl FnOnce(&mut Changes, &mut Outputs) -> T) -> T {
        let mut out = Outputs::default();
        let done = act(&mut self.changes, &mut out);
        self.carry_out(out);
        done
    }

    pub(super) fn remove_device(&mut self, device: &str, rng: &mut dyn CryptoRng) -> Result<(), Problem> {
        self.require_member()?;
        let known = DeviceId::from_hex(device).filter(|device| self.is_member(device));
        let Some(device) = known else { return Err(Problem::UnknownDevice) };
        if self.identity.as_ref().is_some_and(|identity| identity.id == device) {
            return Err(Problem::OwnRemoval);
        }
        self.changes(|changes, out| changes.want_out(device, out));
        if self.line.is_signed_in() {
            self.watch_removal();
        }
        // The person shall not wait for what was refused before.
        self.changes.hurry();
        self.change_log(rng);
        Ok(())
    }

    /// Appends what this device wants in the log, one entry at a time. Whoever else was quicker: the
    /// relay refuses, the log is fetched, and what is still wanted is tried again.
    pub(super) fn change_log(&mut self, rng: &mut dyn CryptoRng) {
        let busy = self.changes.is_appending() || self.changes.waits(self.now);
        if !self.line.is_signed_in() || !self.log_sync.is_newest || busy {
            return;
        }
        let is_online = self.line.is_online();
        let Some(members) = self.account.as_ref().and_then(|account| account.log.members()) else { return };
        if let Some(device) = self.changes.going(members) {
            if self.changes.may_remove(is_online, self.now) {
                let last = self.inbox.last_known(&device);
                self.append(Wanted::Remove(device, last), |keys, log| make_remove_device(keys, log, device, last, rng));
            }
            return;
        }
        if !is_online {
            return;
        }
        self.go_on_with_invite(rng);
        if !self.changes.is_appending() && self.rotation_is_due() {
            self.rekey(rng);
        }
    }

    fn rekey(&mut self, rng: &mut dyn CryptoRng) {
        let Some(identity) = &mut self.identity else { return };
        let (boxed, write) = (identity.next_box(rng), identity.record());
        self.persist(write);
        self.append(Wanted::Rekey, |keys, log| make_rekey(keys, log, &boxed, rng));
    }

    /// Sends a new entry of this device; says whether there is one.
    pub(super) fn append(&mut self, wanted: Wanted, make: impl FnOnce(&DeviceKeys, &Membership) -> Made) -> bool {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return false };
        let Some(members) = account.log.members() else { return false };
        let mut out = Outputs::default();
        let make = || make(&identity.keys, members).ok().map(|(entry, _)| entry);
        let is_there = self.changes.append(wanted, members.head(), make, self.now, &mut out);
        self.carry_out(out);
        is_there
    }

    /// The relay does not take an entry of this device. Who wants to hold off a removal may say so in any
    /// way: it is tried again until it stands.
    pub(super) fn append_refused(&mut self, code: ErrorCode) {
        let wait = self.changes.put_off(self.now);
        match self.changes.lose_answer() {
            Some(Wanted::Add(_)) if code == ErrorCode::BadEntry => self.invite_failed(code),
            // That is no fault yet.
            Some(Wanted::Remove(..) | Wanted::Add(_))
                if matches!(code, ErrorCode::RateLimited | ErrorCode::LogConflict) => {}
            Some(Wanted::Remove(..)) => {
                self.changes.removal_refused(self.now);
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
    pub(super) fn show_unmended(&mut self, code: ErrorCode) {
        match code {
            ErrorCode::RateLimited | ErrorCode::LogConflict => {}
            ErrorCode::RelayFull | ErrorCode::Unavailable => self.show(problem::relay_fault(code)),
            _ => self.show(Problem::ListUnsaved),
        }
    }

    /// The line is gone, and with it what the relay would have said to an entry.
    pub(super) fn lose_entry(&mut self) {
        if self.changes.lose_answer() == Some(Wanted::Rekey) {
            self.tell_old_keys();
        }
    }

    /// A removal has so long to be recorded.
    pub(super) fn watch_removal(&mut self) {
        if self.wants_removal() {
            self.changes.watch_removal(self.now);
        }
    }

    /// While a member is to go, nothing is sent: it could read it.
    pub(super) fn wants_removal(&self) -> bool {
        let members = self.account.as_ref().and_then(|account| account.log.members());
        members.is_some_and(|members| self.changes.going(members).is_some())
    }

    /// Whether it is shown, before all else, that the relay does not record one.
    pub(super) fn shows_removal(&self) -> bool {
        self.wants_removal() && self.changes.shows_removal(self.now)
    }

    /// Tells it once.
    pub(super) fn tell_removal(&mut self) {
        if self.wants_removal() && self.changes.tell_removal(self.now) {
            self.notice(Notice::Failed { problem: Problem::RemovalUnsaved });
        }
    }

    pub(super) fn dismiss_problem(&mut self) {
        if self.shows_removal() {
            self.changes.quiet_removal(self.now);
        } else {
            self.notices.dismiss_problem();
        }
    }

    /// When what is shown of a removal changes.
    pub(super) fn next_removal_news(&self) -> Option<u64> {
        self.changes.next_removal_news(self.now).filter(|_| self.wants_removal())
    }

    /// An entry of this device has been on its way for too long.
    pub(super) fn miss_answer(&mut self) {
        if self.changes.is_overdue(self.now) {
            self.append_refused(ErrorCode::Unavailable);
        }
    }

    /// The log has gone on.
    pub(super) fn change_went_through(&mut self) {
        self.changes.went_through();
        self.solved(|problem| {
            matches!(problem, Problem::ListUnsaved | Problem::RelayNoSpace | Problem::RelayUnavailable)
        });
        if !self.keys_are_overdue() {
            self.solved(|problem| *problem == Problem::KeysOverdue);
        }
    }
}
