//! The membership log at a device: fetch, verify, take epoch secrets out of it, notice a fork.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{make_genesis, open_grant};
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, Hash};
use hushclip_protocol::log::{Change, Membership, SignedEntry};
use rand_core::CryptoRng;

use crate::line::Phase;
use crate::relay::Relay;
use crate::state::{Account, Identity, log_record};
use crate::{Engine, Notice, problem};

/// Why an entry from the relay was not taken in.
enum Refused {
    /// It contradicts an entry that is known.
    Fork,
    /// It does not verify.
    Bad,
    /// It is not the next one.
    Gap,
}

impl Engine {
    pub(crate) fn create_account(&mut self, relay: &str, name: &str, rng: &mut dyn CryptoRng) {
        if self.account.as_ref().is_some_and(Account::is_usable) || self.join.is_some() {
            return self.fail(problem::already_member());
        }
        let Some(relay) = Relay::parse(relay) else { return self.fail(problem::bad_relay()) };
        let name = name.trim();
        if name.is_empty() {
            return self.fail(problem::bad_name());
        }
        if self.account.is_some() {
            self.leave();
        }
        let identity = Identity::new(DeviceKeys::make(rng), name);
        let Ok((genesis, secret)) = make_genesis(&identity.keys, name, rng) else { return };
        let Ok(membership) = Membership::genesis(&genesis) else { return };
        let mut account = Account::new(relay, membership.account(), (0, membership.head()));
        account.secrets.insert(0, secret);
        account.names.insert(identity.id, name.to_owned());
        account.membership = Some(membership);
        self.persist(identity.record());
        self.persist(log_record(0, &genesis));
        account.log.push(genesis);
        self.identity = Some(identity);
        self.account = Some(account);
        self.persist_account();
        self.problem = None;
        self.connect();
    }

    pub(crate) fn pull_log(&mut self) {
        let from = self.account.as_ref().map_or(0, |a| a.log.len() as u64);
        self.log_is_newest = false;
        self.send(&ToRelay::LogPull { from });
    }

    /// Compares the relay's log head with ours, then catches up.
    pub(crate) fn check_welcome_log(&mut self, seq: u64, head: Hash) {
        let Some(account) = &self.account else { return };
        self.log_is_newest = false;
        let Some(log) = &account.membership else { return self.pull_log() };
        if seq > log.seq() {
            self.pull_log();
        } else if seq < log.seq() || head != log.head() {
            self.halt(problem::fork());
        } else {
            self.log_is_newest = true;
            self.catch_up();
        }
    }

    pub(crate) fn log_entries(
        &mut self,
        from: u64,
        entries: Vec<SignedEntry>,
        has_more: bool,
        rng: &mut dyn CryptoRng,
    ) {
        if !matches!(self.line.phase, Phase::CatchingUp | Phase::Online) {
            return;
        }
        let came = !entries.is_empty();
        for (seq, entry) in (from..).zip(entries) {
            match self.log_entry(seq, entry) {
                Ok(()) => {}
                Err(Refused::Fork) => return self.halt(problem::fork()),
                Err(Refused::Bad) => return self.halt(problem::bad_log()),
                Err(Refused::Gap) => return self.pull_log(),
            }
        }
        self.persist_account();
        if has_more && came {
            return self.pull_log();
        }
        self.log_is_newest = true;
        if !self.log_reaches_anchor() {
            return self.halt(problem::fork());
        }
        if self.is_removed() {
            return self.halt(problem::removed());
        }
        self.go_on_with_invite(rng);
        self.resume(rng);
    }

    fn log_entry(&mut self, seq: u64, entry: SignedEntry) -> Result<(), Refused> {
        let (Some(account), Some(identity)) = (&mut self.account, &self.identity) else { return Err(Refused::Bad) };
        if let Some(known) = account.head_at(seq) {
            return if known == entry.hash() { Ok(()) } else { Err(Refused::Fork) };
        }
        if seq != account.log.len() as u64 {
            return Err(Refused::Gap);
        }
        let (next, change) = match account.membership.clone() {
            Some(mut log) => {
                let change = log.apply(&entry).map_err(|_| Refused::Bad)?;
                (log, Some(change))
            }
            None => (Membership::genesis(&entry).map_err(|_| Refused::Bad)?, None),
        };
        if next.account() != account.id {
            return Err(Refused::Bad);
        }
        // Without a secret sealed for this device the entry is from before it came, or removes it.
        if next.member(&identity.id).is_some() {
            let secret = open_grant(&identity.keys, &entry).map_err(|_| Refused::Bad)?;
            account.secrets.insert(next.epoch(), secret);
        }
        account.membership = Some(next);
        self.persist(log_record(seq, &entry));
        if let Some(account) = &mut self.account {
            account.log.push(entry);
        }
        if let Some(Change::Added(device)) = change {
            self.device_added(device);
        }
        Ok(())
    }

    fn device_added(&mut self, device: DeviceId) {
        let (Some(account), Some(identity)) = (&mut self.account, &self.identity) else { return };
        let Some(member) = account.membership.as_ref().and_then(|log| log.member(&device)) else { return };
        let opened = account
            .secrets
            .get(&member.name_epoch)
            .and_then(|s| s.derive_state_key(&account.id, member.name_epoch).open_name(&device, &member.name).ok());
        if let Some(name) = opened {
            account.names.insert(device, name);
        }
        let name = account.names.get(&device).cloned().unwrap_or_default();
        if device == identity.id {
            self.notice(Notice::Joined);
        } else {
            // What happened before this device came is no news to it.
            if account.log.len() as u64 > account.anchor.0 {
                self.notice(Notice::DeviceAdded { device: device.to_hex(), name });
            }
        }
    }

    fn log_reaches_anchor(&self) -> bool {
        self.account.as_ref().is_some_and(|a| a.head_at(a.anchor.0) == Some(a.anchor.1))
    }

    fn is_removed(&self) -> bool {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return false };
        account.membership.as_ref().is_some_and(|log| log.member(&identity.id).is_none())
    }
}
