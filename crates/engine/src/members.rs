//! The membership log at a device: fetch, verify, take epoch secrets out of it, notice a fork.

use hushclip_crypto::keys::DeviceKeys;
use hushclip_crypto::log::{is_committed, make_genesis, open_grant};
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, Hash};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, Change, Entry, LogError, Membership, SignedEntry};
use rand_core::CryptoRng;

use crate::Engine;
use crate::changes::{Appending, RemovalWatch, Wanted};
use crate::line::Phase;
use crate::notices::AlertKind;
use crate::pairing::proper_name;
use crate::relay::Relay;
use crate::state::{Account, Identity, Removed, log_record};

/// How long to wait for entries that the relay says it has, milliseconds.
const WITHHELD_MS: u64 = 5_000;

/// How often entries are asked for on one line before it is given up. Answers to two questions may cross.
const IN_VAIN: u8 = 8;

/// How this device's log stands to the relay's.
#[derive(Debug, Default)]
pub(crate) struct LogSync {
    /// It was as long when last compared.
    pub(crate) is_newest: bool,
    /// It was fetched for the sake of an item; doing so again would not help it.
    pub(crate) fetched_for_item: bool,
    /// The relay's is shorter, and is being completed from here.
    pub(crate) mending: bool,
    /// How long this device's log was when the relay last called it too short.
    pub(crate) short_at: Option<usize>,
    /// A member has signed that it knows an entry at this position.
    pub(crate) named: Option<(DeviceId, u64)>,
    /// How often in a row the relay has not taken an entry of this device.
    pub(crate) refused: u32,
    /// When the next one is tried.
    pub(crate) retry_at: Option<u64>,
    /// When this device last changed the keys because a member had shut it out.
    pub(crate) let_in_ms: Option<u64>,
    /// The position of an entry that the relay had before and is given again.
    pub(crate) mends: u64,
    /// How it stands with removals that the person wants.
    pub(crate) removal: RemovalWatch,
    /// How often in a row entries were asked for and none came that goes on with the log.
    pub(crate) in_vain: u8,
}

/// Why an entry from the relay was not taken in.
enum Refused {
    /// It contradicts an entry that is known.
    Fork(SignedEntry),
    /// It does not verify.
    Bad,
    /// It is of a later protocol version.
    Newer,
    /// It is not the next one.
    Gap,
}

impl From<LogError> for Refused {
    fn from(error: LogError) -> Self {
        if matches!(error, LogError::Version(_)) { Self::Newer } else { Self::Bad }
    }
}

impl Engine {
    pub(crate) fn create_account(
        &mut self,
        relay: &str,
        name: &str,
        token: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        if self.account.as_ref().is_some_and(Account::is_usable) || self.joins.is_under_way() {
            return Err(Problem::AlreadyMember);
        }
        let (relay, name) = (Relay::choose(relay)?, proper_name(name)?);
        let token = token.trim();
        if token.len() > limits::REGISTRATION_TOKEN_BYTES {
            return Err(Problem::TokenWanted);
        }
        if self.account.is_some() {
            self.drop_account();
        }
        let identity = Identity::new(DeviceKeys::make(rng), &name, self.now);
        let Ok((genesis, secret)) = make_genesis(&identity.keys, &name, rng) else { return Ok(()) };
        let Ok(membership) = Membership::genesis(&genesis) else { return Ok(()) };
        let mut account = Account::new(relay, membership.account(), (0, membership.head()));
        account.secrets.insert(0, secret);
        account.names.insert(identity.id, name);
        account.membership = Some(membership);
        token.clone_into(&mut account.token);
        self.persist(identity.record());
        self.persist(log_record(0, &genesis));
        account.log.push(genesis);
        self.identity = Some(identity);
        self.account = Some(account);
        self.persist_account();
        let now = self.now;
        self.outbox(|outbox, out| outbox.begin(now, out));
        self.notices.dismiss_problem();
        self.connect();
        Ok(())
    }

    pub(crate) fn pull_log(&mut self) {
        let from = self.account.as_ref().map_or(0, |a| a.log.len() as u64);
        self.log_sync.is_newest = false;
        self.line.expect_entries(self.now, self.is_newcomer());
        self.send(&ToRelay::LogPull { from });
    }

    /// Asks once more, but not for ever.
    fn pull_log_in_vain(&mut self, rng: &mut dyn CryptoRng) {
        self.log_sync.in_vain += 1;
        if self.log_sync.in_vain > IN_VAIN { self.hang_up(rng) } else { self.pull_log() }
    }

    fn known_entries(&self) -> usize {
        self.account.as_ref().map_or(0, |account| account.log.len())
    }

    /// The relay has refused a clip because of entries that this device does not know.
    pub(crate) fn pull_longer_log(&mut self) {
        if self.is_told_anew_of_entries() {
            self.pull_log();
        } else {
            self.line.resume_at = Some(self.now + WITHHELD_MS);
        }
    }

    /// The same of an entry.
    pub(crate) fn append_was_late(&mut self) {
        if self.is_told_anew_of_entries() {
            self.appending = None;
            self.pull_log();
        } else {
            self.append_refused(ErrorCode::LogConflict);
        }
    }

    /// Otherwise the relay has said so before, and has not shown any.
    fn is_told_anew_of_entries(&mut self) -> bool {
        let known = self.account.as_ref().map(|account| account.log.len());
        std::mem::replace(&mut self.log_sync.short_at, known) != known
    }

    /// Compares the relay's log head with ours, then catches up.
    pub(crate) fn check_welcome_log(&mut self, seq: u64, head: Hash, rng: &mut dyn CryptoRng) {
        let Some(account) = &self.account else { return };
        self.log_sync.is_newest = false;
        let Some(log) = account.membership.as_ref().filter(|_| !self.is_newcomer()) else { return self.pull_log() };
        let (own_seq, own_head, known) = (log.seq(), log.head(), account.head_at(seq));
        if seq > own_seq {
            self.log_sync.mending = false;
            self.pull_log();
        } else if seq == own_seq && head == own_head {
            self.log_sync.mending = false;
            self.log_sync.is_newest = true;
            self.change_log(rng);
            self.catch_up();
        } else if known == Some(head) {
            self.log_sync.mending = true;
            // Meanwhile others may have sent what they could not know.
            self.unsettle_removals();
            self.mend_log(seq);
        } else {
            self.stop_forked(seq, head, None);
        }
    }

    /// Puts the entry after `seq` back into the relay's log.
    fn mend_log(&mut self, seq: u64) {
        let next = self.account.as_ref().and_then(|a| a.log.get(usize::try_from(seq).ok()?.checked_add(1)?));
        if let Some(entry) = next.cloned() {
            self.log_sync.mends = seq.saturating_add(1);
            return self.append_to_log(Wanted::Mend, entry);
        }
        self.log_sync.mending = false;
        self.note_restored(AlertKind::LogRestored, 1);
        self.log_sync.is_newest = true;
        self.catch_up();
    }

    /// The relay has taken an entry back in, or has said how far its log goes. What it says while that is not
    /// asked changes nothing: it could have the same entry sent for ever.
    fn go_on_mending(&mut self, mended: bool, last: u64) {
        if mended {
            self.mend_log(self.log_sync.mends);
        } else if self.appending.is_none() && !self.change_waits() {
            self.mend_log(last);
        } else if self.appending.is_none() {
            self.line.pause_until(self.log_sync.retry_at.unwrap_or(self.now), self.now);
        }
    }

    pub(crate) fn log_entries(
        &mut self,
        from: u64,
        entries: Vec<SignedEntry>,
        has_more: bool,
        rng: &mut dyn CryptoRng,
    ) {
        // While connecting they show a removed device that it is one.
        if !matches!(self.line.phase, Phase::Connecting | Phase::CatchingUp | Phase::Online)
            || self.joins.is_under_way()
        {
            return;
        }
        self.line.entries_came();
        let stands = |sent: &Appending| entries.iter().any(|entry| entry.hash() == sent.entry);
        let answered = self.appending.as_ref().is_some_and(stands);
        let (came, last) = (!entries.is_empty(), from.saturating_add(entries.len() as u64).saturating_sub(1));
        let before = self.known_entries();
        for (offset, entry) in (0..).zip(entries) {
            let seq = from.saturating_add(offset);
            match self.log_entry(seq, entry) {
                Ok(()) => {}
                Err(Refused::Fork(_) | Refused::Bad) if self.is_newcomer() => {
                    return self.join_failed(Problem::JoinMisled);
                }
                Err(Refused::Fork(entry)) => return self.stop_forked(seq, entry.hash(), Some(entry)),
                Err(Refused::Bad) => return self.halt(Problem::BadLog),
                Err(Refused::Newer) => return self.halt(Problem::NewerAccount),
                Err(Refused::Gap) if self.line.phase == Phase::Connecting => return,
                Err(Refused::Gap) => return self.pull_log_in_vain(rng),
            }
        }
        let grew = self.known_entries() > before;
        self.persist_account();
        self.retract_withheld();
        if self.is_removed() {
            return self.removed_by_log();
        }
        if self.line.phase == Phase::Connecting {
            if has_more && came && grew {
                // Each page is another answer of the relay.
                self.socket_opened();
                self.pull_log();
            } else if has_more && came {
                self.pull_log_in_vain(rng);
            }
            return;
        }
        let mended = answered && self.appending.as_ref().is_some_and(|sent| sent.wanted == Wanted::Mend);
        if answered {
            self.change_went_through();
        }
        if grew || answered {
            self.appending = None;
            self.log_sync.in_vain = 0;
        }
        if has_more && came {
            return if grew { self.pull_log() } else { self.pull_log_in_vain(rng) };
        }
        if self.log_sync.mending {
            return self.go_on_mending(mended, last);
        }
        self.log_sync.is_newest = true;
        if let Some((device, seq)) = self.log_sync.named.take() {
            self.note_withheld(device, seq);
            self.retract_withheld();
        }
        // A log that is whole, and does not say what this device was told.
        if self.is_newcomer() {
            return self.join_failed(Problem::JoinMisled);
        }
        if self.identity.as_ref().is_none_or(|identity| !self.is_member(&identity.id)) {
            return self.halt(Problem::BadLog);
        }
        self.change_log(rng);
        self.go_on_with_invite(rng);
        self.resume(rng);
    }

    fn log_entry(&mut self, seq: u64, entry: SignedEntry) -> Result<(), Refused> {
        let (Some(account), Some(identity)) = (&mut self.account, &mut self.identity) else { return Err(Refused::Bad) };
        if let Some(known) = account.head_at(seq) {
            return if known == entry.hash() { Ok(()) } else { Err(Refused::Fork(entry)) };
        }
        if seq != account.log.len() as u64 {
            return Err(Refused::Gap);
        }
        let (next, change) = match account.membership.clone() {
            Some(mut log) => match log.apply(&entry) {
                Err(LogError::NotNext) if goes_on_elsewhere(&log, &entry) => return Err(Refused::Fork(entry)),
                change => (log, Some(change?)),
            },
            None => (Membership::genesis(&entry)?, None),
        };
        if next.account() != account.id {
            return Err(Refused::Bad);
        }
        let author = entry.decode_entry().ok().map(|entry| entry.author);
        let mut shut_out = None;
        // Without a secret sealed for this device the entry is from before it came, or removes it.
        if let Some(own) = next.member(&identity.id) {
            let renewed = identity.next_box.as_ref().filter(|boxed| boxed.derive_pk() == own.box_pk);
            let keys = renewed.map_or_else(|| identity.keys.clone(), |boxed| identity.keys.with_box(boxed.clone()));
            match open_grant(&keys, &entry) {
                Ok(secret) => {
                    let before = next.epoch().saturating_sub(1);
                    if author == Some(identity.id) && account.denied.contains(&before) {
                        self.log_sync.let_in_ms = Some(self.now);
                    }
                    account.secrets.insert(next.epoch(), secret);
                }
                Err(_) if author == Some(identity.id) => {
                    // Sealed to a box key that this device never had, and signed with its own name.
                    let own = identity.id;
                    self.inbox(|inbox, out| inbox.cloned_here(own, out));
                    return Err(Refused::Bad);
                }
                // The entry stands all the same: one member must not keep another from what others decide.
                Err(_) => shut_out = author,
            }
            if shut_out.is_some() {
                account.denied.insert(next.epoch());
            } else if renewed.is_some() {
                // All that was sealed to the old one is open by now, and it is dropped with that.
                identity.keys = keys;
                identity.next_box = None;
                identity.boxed_ms = self.now;
                let write = identity.record();
                self.persist(write);
            }
        }
        self.check_older_secret(next.epoch(), &entry);
        let Some(account) = &mut self.account else { return Err(Refused::Bad) };
        if let Some(ended) = next.epoch().checked_sub(1).filter(|epoch| account.secrets.contains_key(epoch)) {
            account.ended.insert(ended, self.now);
        }
        account.epoch_items = 0;
        account.membership = Some(next);
        self.persist(log_record(seq, &entry));
        let drafted = self.is_drafted(&entry);
        if let Some(account) = &mut self.account {
            account.log.push(entry);
        }
        self.change_went_through();
        if let Some(own) = self.own_id().filter(|own| author == Some(*own) && !drafted) {
            self.inbox(|inbox, out| inbox.cloned_here(own, out));
        }
        match (change, author) {
            (Some(Change::Added(device)), Some(author)) => self.device_added(device, author, drafted),
            (Some(Change::Removed(device)), Some(author)) => self.device_removed(seq, device, author, drafted),
            _ => {}
        }
        if let Some(author) = shut_out {
            self.count_up_alert(AlertKind::BadKeys, author);
        }
        Ok(())
    }

    /// Something cannot be read for want of a secret, and that is told of whoever has started its epoch.
    pub(crate) fn tell_bad_keys(&mut self, epoch: u64) {
        let started = |account: &Account| account.log.get(usize::try_from(epoch).ok()?)?.decode_entry().ok();
        let Some(author) = self.account.as_ref().and_then(started).map(|entry| entry.author) else { return };
        if !self.notices.has_about(AlertKind::BadKeys, author) {
            self.count_up_alert(AlertKind::BadKeys, author);
        }
    }

    /// The secret of an epoch of before, as whoever let this device in has handed it over.
    fn check_older_secret(&mut self, epoch: u64, signed: &SignedEntry) {
        let Some(account) = &mut self.account else { return };
        let (Some(secret), Ok(entry)) = (account.secrets.get(&epoch), signed.decode_entry()) else { return };
        if !is_committed(secret, &entry) {
            account.secrets.remove(&epoch);
            account.ended.remove(&epoch);
            self.fail(Problem::WrongOlderKey);
        }
    }

    fn device_added(&mut self, device: DeviceId, author: DeviceId, drafted: bool) {
        let is_asked = drafted && self.invites.let_in() == Some(device);
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
            if account.log.len() as u64 > account.anchor.0.saturating_add(1) {
                self.inbox(|inbox, out| inbox.starts(device, out));
                self.notice(Notice::DeviceAdded { device: device.to_hex(), name });
                if !is_asked {
                    self.alert(AlertKind::Joined, device, author, 1);
                }
                // It was to be let in, and the person has thought better of it before the relay had recorded that.
                if drafted && !is_asked {
                    if let Some(account) = &mut self.account {
                        account.removing.insert(device);
                    }
                    self.watch_removal();
                }
            }
        }
    }

    fn device_removed(&mut self, seq: u64, device: DeviceId, author: DeviceId, drafted: bool) {
        if self.invites.let_in() == Some(device) {
            // Its welcome has nobody to go to, and it is not added once more.
            self.cancel_invite();
        }
        self.online.remove(&device);
        self.delivered.remove(&device);
        self.clips_revision += 1;
        self.removal_went_through(&device);
        let (Some(account), Some(identity)) = (&mut self.account, &self.identity) else { return };
        let own = identity.id;
        if device == own || (account.log.len() as u64) <= account.anchor.0.saturating_add(1) {
            return;
        }
        let name = self.name_of(&device);
        self.note_removal(device, seq);
        self.notice(Notice::DeviceRemoved { device: device.to_hex(), name });
        if !drafted {
            self.alert(AlertKind::Removed, device, author, 1);
        }
    }

    /// The log says that this device was removed: its keys go, the list of clips stays.
    fn removed_by_log(&mut self) {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return };
        let author = account.log.iter().rev().filter_map(|entry| entry.decode_entry().ok()).find_map(|entry| {
            let own = matches!(entry.action, Action::RemoveDevice { device, .. } if device == identity.id);
            own.then_some(entry.author)
        });
        let mut names = account.names.clone();
        let before = self.removed.take().map(|removed| removed.names).unwrap_or_default();
        for (device, name) in before {
            names.entry(device).or_insert(name);
        }
        let (device, names) = (identity.id, names.into_iter().collect());
        let removed = Removed { device, by: author.unwrap_or(device), names };
        self.drop_account();
        self.persist(removed.record());
        self.removed = Some(removed);
        self.clips_revision += 1;
        self.notice(Notice::Removed);
    }

    fn is_removed(&self) -> bool {
        let (Some(account), Some(identity)) = (&self.account, &self.identity) else { return false };
        account.membership.as_ref().is_some_and(|log| log.removed(&identity.id).is_some())
    }
}

/// Whether an entry has the next place, after another one than the newest that is known here.
fn goes_on_elsewhere(log: &Membership, entry: &SignedEntry) -> bool {
    let next = log.seq().checked_add(1);
    let elsewhere = |e: Entry| e.account == log.account() && Some(e.seq) == next && e.prev != log.head();
    entry.decode_entry().is_ok_and(elsewhere)
}
