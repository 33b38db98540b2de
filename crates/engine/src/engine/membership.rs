//! Connects the membership log to the line and the other parts: fetches it and compares it at each sign-in, completes it
//! at a relay that has lost some of it, and tells the parts what an entry says.

use hushclip_crypto::log::make_genesis;
use hushclip_model::{Notice, Problem};
use hushclip_protocol::error::ErrorCode;
use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, Hash, ItemId};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Change, SignedEntry};
use rand_core::CryptoRng;

use super::Engine;
use crate::changes::Wanted;
use crate::identity::Identity;
use crate::line::Phase;
use crate::log::{Log, Refused, Taken};
use crate::notices::{Alert, AlertKind};
use crate::pairing::proper_name;
use crate::part::Outputs;
use crate::relay::Relay;
use crate::state::{Account, Removed};

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
    short_at: Option<u64>,
    /// A member has signed that it knows an entry at this position.
    pub(crate) named: Option<(DeviceId, u64)>,
    /// The position of an entry that the relay had before and is given again.
    mends: u64,
    /// How often in a row entries were asked for and none came that goes on with the log.
    pub(crate) in_vain: u8,
}

impl Engine {
    /// The log of the account, if this device is in one.
    pub(super) fn log(&self) -> Option<&Log> {
        self.account.as_ref().map(|account| &account.log)
    }

    pub(super) fn change_log_state<T>(&mut self, act: impl FnOnce(&mut Log, &mut Outputs) -> T) -> Option<T> {
        let mut out = Outputs::default();
        let done = act(&mut self.account.as_mut()?.log, &mut out);
        self.carry_out(out);
        Some(done)
    }

    pub(super) fn create_account(
        &mut self,
        relay: &str,
        name: &str,
        token: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Problem> {
        if let Some(account) = self.account.as_mut().filter(|account| account.is_usable()) {
            // The relay has taken what an earlier try left just before it was asked to take this.
            let is_meant = account.left_over && Relay::choose(relay).is_ok_and(|relay| relay == account.relay);
            account.left_over = false;
            return if is_meant { Ok(()) } else { Err(Problem::AlreadyMember) };
        }
        if self.joins.is_under_way() {
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
        let identity = Identity::make(&name, self.now, rng);
        let Ok((genesis, secret)) = make_genesis(&identity.keys, &name, rng) else { return Ok(()) };
        let Some(log) = Log::begin(genesis, secret, identity.id, name) else { return Ok(()) };
        self.persist(identity.record());
        self.identity = Some(identity);
        self.begin_account(Account { token: token.to_owned(), ..Account::new(relay, log) });
        self.notices.dismiss_problem();
        self.connect();
        Ok(())
    }

    /// This device is in an account now.
    pub(super) fn begin_account(&mut self, account: Account) {
        let mut out = Outputs::default();
        account.log.write_all(&mut out);
        self.outbox.begin(self.now, &mut out);
        self.account = Some(account);
        self.persist_account();
        self.persist_place();
        self.carry_out(out);
    }

    pub(super) fn pull_log(&mut self) {
        let from = self.log().map_or(0, Log::len);
        self.log_sync.is_newest = false;
        self.line.expect_entries(self.now, self.is_newcomer());
        self.send(&ToRelay::LogPull { from });
    }

    /// Asks once more, but not for ever.
    fn pull_log_in_vain(&mut self, rng: &mut dyn CryptoRng) {
        self.log_sync.in_vain += 1;
        if self.log_sync.in_vain > IN_VAIN { self.hang_up(rng) } else { self.pull_log() }
    }

    /// The relay has refused a clip because of entries that this device does not know.
    pub(super) fn pull_longer_log(&mut self) {
        if self.is_told_anew_of_entries() {
            self.pull_log();
        } else {
            self.line.pause(WITHHELD_MS, self.now);
        }
    }

    /// The same of an entry.
    pub(super) fn append_was_late(&mut self) {
        if self.is_told_anew_of_entries() {
            self.changes.lose_answer();
            self.pull_log();
        } else {
            self.append_refused(ErrorCode::LogConflict);
        }
    }

    /// Otherwise the relay has said so before, and has not shown any.
    fn is_told_anew_of_entries(&mut self) -> bool {
        let known = self.log().map(Log::len);
        std::mem::replace(&mut self.log_sync.short_at, known) != known
    }

    /// Compares the relay's log head with ours, then catches up.
    pub(super) fn check_welcome_log(&mut self, seq: u64, head: Hash, rng: &mut dyn CryptoRng) {
        self.log_sync.is_newest = false;
        let newcomer = self.is_newcomer();
        let Some(log) = self.log() else { return };
        if log.members().is_none() || newcomer {
            return self.pull_log();
        }
        let ((own_seq, own_head), known) = (log.head(), log.head_at(seq));
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
        let next = seq.checked_add(1).and_then(|seq| self.log()?.entry(seq));
        if let Some(entry) = next.cloned() {
            self.log_sync.mends = seq.saturating_add(1);
            let now = self.now;
            return self.changes(|changes, out| changes.send(Wanted::Mend, entry, now, out));
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
        } else if !self.changes.is_appending() && !self.changes.waits(self.now) {
            self.mend_log(last);
        } else if !self.changes.is_appending() {
            self.line.pause_until(self.changes.retry_at().unwrap_or(self.now), self.now);
        }
    }

    pub(super) fn log_entries(
        &mut self,
        from: u64,
        entries: Vec<SignedEntry>,
        has_more: bool,
        rng: &mut dyn CryptoRng,
    ) {
        // While connecting they show a removed device that it is one.
        let listens = matches!(self.line.phase(), Phase::Connecting | Phase::CatchingUp | Phase::Online);
        if !listens || self.joins.is_under_way() {
            return;
        }
        self.line.entries_came();
        let answered = self.changes.answered(&entries);
        let (came, last) = (!entries.is_empty(), from.saturating_add(entries.len() as u64).saturating_sub(1));
        let before = self.log().map_or(0, Log::len);
        for (seq, entry) in (from..=u64::MAX).zip(entries) {
            match self.log_entry(seq, entry) {
                Ok(()) => {}
                Err(Refused::Fork(_) | Refused::Bad | Refused::NotOurs) if self.is_newcomer() => {
                    return self.join_failed(Problem::JoinMisled);
                }
                Err(Refused::Fork(entry)) => return self.stop_forked(seq, entry.hash(), Some(entry)),
                Err(Refused::Bad | Refused::NotOurs) => return self.halt(Problem::BadLog),
                Err(Refused::Newer) => return self.halt(Problem::NewerAccount),
                Err(Refused::Gap) if self.line.phase() == Phase::Connecting => return,
                Err(Refused::Gap) => return self.pull_log_in_vain(rng),
            }
        }
        let grew = self.log().map_or(0, Log::len) > before;
        self.persist_account();
        self.retract_withheld();
        if self.is_removed() {
            return self.removed_by_log();
        }
        if self.line.phase() == Phase::Connecting {
            if has_more && came && grew {
                // Each page is another answer of the relay.
                self.line.proceeds(self.now);
                self.pull_log();
            } else if has_more && came {
                self.pull_log_in_vain(rng);
            }
            return;
        }
        if answered.is_some() {
            self.change_went_through();
        }
        if grew || answered.is_some() {
            self.changes.lose_answer();
            self.log_sync.in_vain = 0;
        }
        if has_more && came {
            return if grew { self.pull_log() } else { self.pull_log_in_vain(rng) };
        }
        if self.log_sync.mending {
            return self.go_on_mending(answered == Some(Wanted::Mend), last);
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
        let (own, drafted) = (identity.id, self.changes.is_drafted(&entry));
        let mut out = Outputs::default();
        let taken = account.log.take(seq, entry, identity, self.now, &mut out);
        self.carry_out(out);
        if matches!(taken, Err(Refused::NotOurs)) {
            self.inbox(|inbox, out| inbox.cloned_here(own, out));
        }
        let Some(Taken { change, author, shut_out }) = taken? else { return Ok(()) };
        if let Some(account) = &mut self.account {
            account.epoch_items = 0;
        }
        self.change_went_through();
        if author == Some(own) && !drafted {
            self.inbox(|inbox, out| inbox.cloned_here(own, out));
        }
        match (change, author) {
            (Some(Change::Added(device)), Some(author)) => self.device_added(device, author, drafted),
            (Some(Change::Removed(device)), Some(author)) => self.device_removed(seq, device, author, drafted),
            _ => {}
        }
        if let Some(author) = author.filter(|_| shut_out) {
            self.count_up_alert(AlertKind::BadKeys, author);
        }
        Ok(())
    }

    /// Something cannot be read for want of a secret, and that is told of whoever has started its epoch.
    pub(super) fn tell_bad_keys(&mut self, epoch: u64) {
        let Some(author) = self.log().and_then(|log| log.author_of(epoch)) else { return };
        if !self.notices.has_about(AlertKind::BadKeys, author) {
            self.count_up_alert(AlertKind::BadKeys, author);
        }
    }

    fn device_added(&mut self, device: DeviceId, author: DeviceId, drafted: bool) {
        let Some(log) = self.log() else { return };
        let (name, is_news) = (log.name_of(&device).cloned().unwrap_or_default(), log.is_past_anchor());
        if self.own_id() == Some(device) {
            return self.notice(Notice::Joined);
        }
        if !is_news {
            return;
        }
        let is_asked = drafted && self.invites.let_in() == Some(device);
        self.inbox(|inbox, out| inbox.starts(device, out));
        self.notice(Notice::DeviceAdded { device: device.to_hex(), name });
        if !is_asked {
            self.alert(AlertKind::Joined, device, author, 1);
        }
        // It was to be let in, and the person has thought better of it before the relay had recorded that.
        if drafted && !is_asked {
            self.changes(|changes, out| changes.want_out(device, out));
            self.watch_removal();
        }
    }

    fn device_removed(&mut self, seq: u64, device: DeviceId, author: DeviceId, drafted: bool) {
        if self.invites.let_in() == Some(device) {
            // Its welcome has nobody to go to, and it is not added once more.
            self.cancel_invite();
        }
        self.relay.online.remove(&device);
        self.relay.delivered.remove(&device);
        self.clips_revision += 1;
        if self.changes(|changes, out| changes.went(&device, out)) && self.line.is_signed_in() {
            self.watch_removal();
        }
        if self.own_id() == Some(device) || !self.log().is_some_and(Log::is_past_anchor) {
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
        let (Some(log), Some(identity)) = (self.log(), &self.identity) else { return };
        let (device, author) = (identity.id, log.remover_of(&identity.id));
        let mut names = log.names().clone();
        let before = self.removed.take().map(|removed| removed.names).unwrap_or_default();
        for (device, name) in before {
            names.entry(device).or_insert(name);
        }
        let removed = Removed { device, by: author.unwrap_or(device), names: names.into_iter().collect() };
        self.drop_account();
        self.persist(removed.record());
        self.removed = Some(removed);
        self.clips_revision += 1;
        self.notice(Notice::Removed);
    }

    fn is_removed(&self) -> bool {
        let (Some(log), Some(identity)) = (self.log(), &self.identity) else { return false };
        log.members().is_some_and(|members| members.removed(&identity.id).is_some())
    }

    /// The relay's log is not the one this device knows. That ends all sending until the person has looked into it.
    pub(super) fn stop_forked(&mut self, seq: u64, theirs: Hash, entry: Option<SignedEntry>) {
        let now = self.now;
        self.change_log_state(|log, out| log.fork(seq, theirs, entry, None, now, out));
        self.halt(Problem::Fork);
    }

    /// A member has signed what it sent under another log than this device knows.
    pub(super) fn forked_at_item(&mut self, item: ItemId, seq: u64, theirs: Hash) {
        let now = self.now;
        self.change_log_state(|log, out| log.fork(seq, theirs, None, Some(item), now, out));
        self.halt(Problem::Fork);
    }

    /// The person wants to go on with this relay. What this device knows of the log still has to hold.
    pub(super) fn resume_by_hand(&mut self) {
        if self.change_log_state(|log, out| log.set_forked(false, out)).is_none() {
            return;
        }
        self.halted_for_good = false;
        self.notices.dismiss_problem();
        self.connect();
    }

    /// A member has signed that it knows an entry which the relay does not show. Whoever it lets in or
    /// removes, nothing more is sent to the devices of before.
    pub(super) fn note_withheld(&mut self, device: DeviceId, seq: u64) {
        let write = self.notices.count_at_least(AlertKind::LogWithheld, device, seq, self.now);
        self.persist_all(write);
    }

    /// Whether the relay keeps log entries back, and the person has not put that away.
    pub(super) fn log_is_withheld(&self) -> bool {
        self.notices.has(AlertKind::LogWithheld)
    }

    /// Takes it back where the log has come, or where the device that said so is gone.
    fn retract_withheld(&mut self) {
        let Some(members) = self.account.as_ref().and_then(|account| account.log.members()) else { return };
        let holds = |alert: &Alert| alert.count > members.seq() && members.member(&alert.device).is_some();
        let write = self.notices.keep(AlertKind::LogWithheld, holds);
        self.persist_all(write);
    }
}
