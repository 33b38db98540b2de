//! Changes of the membership log that this device wants: who goes, who comes, new keys.

use hushclip_crypto::keys::BoxSk;
use hushclip_crypto::log::{make_rekey, make_remove_device};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::DeviceId;
use hushclip_protocol::log::SignedEntry;
use rand_core::CryptoRng;

use crate::line::Phase;
use crate::{Engine, problem};

/// What a log entry of this device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Add,
    Remove(DeviceId),
    Rekey,
    /// An entry that the relay had before.
    Mend,
}

impl Engine {
    pub(crate) fn remove_device(&mut self, device: &str, rng: &mut dyn CryptoRng) {
        if !self.require_member() {
            return;
        }
        let known = DeviceId::from_hex(device).filter(|device| self.is_member(device));
        let Some(device) = known else { return self.fail(problem::unknown_device()) };
        if self.identity.as_ref().is_some_and(|identity| identity.id == device) {
            return self.fail(problem::own_removal());
        }
        if let Some(account) = &mut self.account {
            account.removing.insert(device);
        }
        self.persist_account();
        self.change_log(rng);
    }

    /// Appends what this device wants in the log, one entry at a time. Whoever else was quicker: the
    /// relay refuses, the log is fetched, and what is still wanted is tried again.
    pub(crate) fn change_log(&mut self, rng: &mut dyn CryptoRng) {
        if self.line.phase != Phase::Online || !self.log_sync.is_newest || self.appending.is_some() {
            return;
        }
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return };
        let Some(log) = &account.membership else { return };
        let wanted = account.removing.iter().find(|device| log.member(device).is_some()).copied();
        if let Some(device) = wanted {
            let last = account.senders.get(&device).map_or(0, |sender| sender.seen);
            if let Ok((entry, _)) = make_remove_device(&identity.keys, log, device, last, rng) {
                self.append_to_log(Wanted::Remove(device), entry);
            }
            return;
        }
        self.go_on_with_invite(rng);
        if self.appending.is_none() && self.rotation_is_due() {
            self.rekey(rng);
        }
    }

    fn rekey(&mut self, rng: &mut dyn CryptoRng) {
        let (Some(account), Some(identity)) = (&self.account, &mut self.identity) else { return };
        let Some(log) = &account.membership else { return };
        // On disk before it is sent: the others seal to it from the moment the entry stands.
        let boxed = identity.next_box.get_or_insert_with(|| BoxSk::make(rng)).clone();
        let write = identity.record();
        let entry = make_rekey(&identity.keys, log, &boxed, rng);
        self.persist(write);
        if let Ok((entry, _)) = entry {
            self.append_to_log(Wanted::Rekey, entry);
        }
    }

    /// Sends an entry of this device, if none is on its way.
    pub(crate) fn append_to_log(&mut self, wanted: Wanted, entry: SignedEntry) {
        if self.appending.is_none() {
            self.appending = Some(wanted);
            self.send(&ToRelay::LogAppend(entry));
        }
    }

    /// The relay does not accept an entry of this device, and will not accept it later.
    pub(crate) fn append_refused(&mut self) {
        match self.appending.take() {
            Some(Wanted::Add) | None => self.invite_failed(ErrorCode::BadEntry),
            Some(Wanted::Remove(device)) => {
                if let Some(account) = &mut self.account {
                    account.removing.remove(&device);
                }
                self.persist_account();
                self.fail(problem::removal_refused());
            }
            // Tried again when the keys are next looked at.
            Some(Wanted::Rekey) => {}
            Some(Wanted::Mend) => self.halt(problem::bad_log()),
        }
    }
}
