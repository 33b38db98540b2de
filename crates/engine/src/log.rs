//! The list of devices as far as this one knows it: a chain of signed entries, each of which begins an epoch, the secrets
//! of those epochs, and the names that they seal. It verifies what it is shown, and refuses to decide what is wanted.

mod evidence;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hushclip_crypto::epoch::EpochSecret;
use hushclip_crypto::log::{is_committed, open_grant};
use hushclip_crypto::name::check_name;
use hushclip_crypto::pairing::{Joined, Named, OLDER_EPOCHS, OlderEpoch};
use hushclip_model::Problem;
use hushclip_protocol::frame::Anchor;
use hushclip_protocol::ids::{AccountId, DeviceId, Hash, ItemId};
use hushclip_protocol::limits;
use hushclip_protocol::log::{Action, Change, Entry, LogError, Membership, SignedEntry};
use minicbor::{Decode, Encode};

pub(crate) use evidence::Evidence;

use crate::identity::Identity;
use crate::part::Outputs;
use crate::record::{EVIDENCE, LOG, MEMBERS, RestoreError, delete, put};

/// How long an epoch's secret outlives it: the longest life of an item and a day, milliseconds.
const KEPT_MS: u64 = limits::TTL_S as u64 * 1000 + 24 * 60 * 60 * 1000;
/// How often a device changes the keys because it was shut out, milliseconds.
const LET_IN_MS: u64 = 60 * 60 * 1000;

/// What is known of the list.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    state: State,
    entries: Vec<SignedEntry>,
    /// What the entries come to; `None` until the joiner has fetched them.
    members: Option<Membership>,
    evidence: Vec<Evidence>,
    /// When this device last changed the keys because a member had shut it out.
    let_in_ms: Option<u64>,
}

/// What stands on the disk beside the entries.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct State {
    #[n(0)]
    account: AccountId,
    /// Position and hash of an entry that the log must contain.
    #[n(1)]
    anchor: (u64, Hash),
    #[n(2)]
    secrets: BTreeMap<u64, EpochSecret>,
    /// When each epoch but the newest ended, by this device's clock.
    #[n(3)]
    ended: BTreeMap<u64, u64>,
    /// Epochs of which a member has given this device no secret.
    #[n(4)]
    denied: Vec<u64>,
    #[n(5)]
    names: BTreeMap<DeviceId, String>,
    /// The relay has shown another log: nothing is sent until the person has looked into it.
    #[n(6)]
    forked: bool,
}

/// What an entry has come to that is new here.
#[derive(Debug)]
pub(crate) struct Taken {
    /// What it does to the list, if it is not the first.
    pub(crate) change: Option<Change>,
    pub(crate) author: Option<DeviceId>,
    /// Its author has given this device no secret.
    pub(crate) shut_out: bool,
}

/// Why an entry from the relay was not taken in.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It contradicts an entry that is known.
    Fork(SignedEntry),
    /// It does not verify.
    Bad,
    /// It is of a later protocol version.
    Newer,
    /// It is not the next one.
    Gap,
    /// It is signed by this device, and sealed to a box key that this device never had.
    NotOurs,
}

/// Why there is no secret for an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSecret {
    /// It began before this device came.
    BeforeUs,
    /// It was here, and is forgotten.
    Forgotten,
    /// A member has not given it to this device.
    Denied,
}

impl From<LogError> for Refused {
    fn from(error: LogError) -> Self {
        if matches!(error, LogError::Version(_)) { Self::Newer } else { Self::Bad }
    }
}

impl Log {
    /// A list that begins with this device.
    pub(crate) fn begin(genesis: SignedEntry, secret: EpochSecret, own: DeviceId, name: String) -> Option<Self> {
        let members = Membership::genesis(&genesis).ok()?;
        let mut log = Self::new(members.account(), (0, members.head()));
        log.state.secrets.insert(0, secret);
        log.state.names.insert(own, name);
        log.members = Some(members);
        log.entries.push(genesis);
        Some(log)
    }

    /// One that this device was handed, and is yet to be shown.
    pub(crate) fn handed(joined: Joined, now: u64) -> Self {
        let mut log = Self::new(joined.account, (joined.log_seq, joined.log_head));
        // They have ended already, and are forgotten like any other.
        log.state.ended.extend(joined.older.iter().map(|older| (older.epoch, now)));
        log.state.secrets.extend(joined.older.into_iter().map(|older| (older.epoch, older.secret)));
        // Whoever has no proper name is shown by its identifier.
        let proper = joined.names.into_iter().filter(|named| check_name(&named.name).is_ok());
        log.state.names.extend(proper.map(|named| (named.device, named.name)));
        log
    }

    fn new(account: AccountId, anchor: (u64, Hash)) -> Self {
        let state = State {
            account,
            anchor,
            secrets: BTreeMap::new(),
            ended: BTreeMap::new(),
            denied: Vec::new(),
            names: BTreeMap::new(),
            forked: false,
        };
        Self { state, entries: Vec::new(), members: None, evidence: Vec::new(), let_in_ms: None }
    }

    pub(crate) fn restore(
        state: State,
        entries: Vec<SignedEntry>,
        evidence: Vec<Evidence>,
    ) -> Result<Self, RestoreError> {
        let mut log = Self { state, entries, members: None, evidence, let_in_ms: None };
        if let Some((first, rest)) = log.entries.split_first() {
            let mut members = Membership::genesis(first).map_err(|_| RestoreError)?;
            for entry in rest {
                members.apply(entry).map_err(|_| RestoreError)?;
            }
            if members.account() != log.state.account {
                return Err(RestoreError);
            }
            log.members = Some(members);
        }
        Ok(log)
    }

    /// Writes all of it: it is new.
    pub(crate) fn write_all(&self, out: &mut Outputs) {
        for (seq, entry) in (0..).zip(&self.entries) {
            out.write(put(entry_key(seq), entry));
        }
        self.write(out);
    }

    pub(crate) fn write(&self, out: &mut Outputs) {
        out.write(put(MEMBERS, &self.state));
    }

    /// Deletes all of it, and with it all keys.
    pub(crate) fn forget(self, out: &mut Outputs) {
        for seq in 0..self.len() {
            out.write(delete(entry_key(seq)));
        }
        out.write(delete(MEMBERS));
        out.write(delete(EVIDENCE));
    }

    pub(crate) const fn account(&self) -> AccountId {
        self.state.account
    }

    pub(crate) const fn members(&self) -> Option<&Membership> {
        self.members.as_ref()
    }

    pub(crate) fn is_member(&self, device: &DeviceId) -> bool {
        self.members.as_ref().is_some_and(|log| log.member(device).is_some())
    }

    pub(crate) fn epoch(&self) -> Option<u64> {
        self.members.as_ref().map(Membership::epoch)
    }

    /// How many entries are known.
    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn entry(&self, seq: u64) -> Option<&SignedEntry> {
        self.entries.get(usize::try_from(seq).ok()?)
    }

    pub(crate) fn entries(&self) -> &[SignedEntry] {
        &self.entries
    }

    /// The hash of a known entry.
    pub(crate) fn head_at(&self, seq: u64) -> Option<Hash> {
        self.entry(seq).map(SignedEntry::hash)
    }

    /// Position and hash of the newest entry that this device knows of.
    pub(crate) fn head(&self) -> (u64, Hash) {
        self.members.as_ref().map_or(self.state.anchor, |members| (members.seq(), members.head()))
    }

    /// Whether the log holds the entry that it must contain: for one who came in, the one that says so.
    pub(crate) fn reaches_anchor(&self) -> bool {
        self.head_at(self.state.anchor.0) == Some(self.state.anchor.1)
    }

    /// Whether it has gone on since this device came: what happened before is no news to it.
    pub(crate) fn is_past_anchor(&self) -> bool {
        self.len() > self.state.anchor.0.saturating_add(1)
    }

    /// Takes the next entry in; `None` if it is known.
    pub(crate) fn take(
        &mut self,
        seq: u64,
        entry: SignedEntry,
        identity: &mut Identity,
        now: u64,
        out: &mut Outputs,
    ) -> Result<Option<Taken>, Refused> {
        if let Some(known) = self.head_at(seq) {
            return if known == entry.hash() { Ok(None) } else { Err(Refused::Fork(entry)) };
        }
        if seq != self.len() {
            return Err(Refused::Gap);
        }
        let (next, change) = match self.members.clone() {
            Some(mut members) => match members.apply(&entry) {
                Err(LogError::NotNext) if goes_on_elsewhere(&members, &entry) => return Err(Refused::Fork(entry)),
                change => (members, Some(change?)),
            },
            None => (Membership::genesis(&entry)?, None),
        };
        if next.account() != self.state.account {
            return Err(Refused::Bad);
        }
        let author = entry.decode_entry().ok().map(|entry| entry.author);
        let shut_out = !self.take_secret(&next, &entry, author, identity, now, out)?;
        self.check_older_secret(next.epoch(), &entry, out);
        if let Some(ended) = next.epoch().checked_sub(1).filter(|epoch| self.state.secrets.contains_key(epoch)) {
            self.state.ended.insert(ended, now);
        }
        self.members = Some(next);
        out.write(put(entry_key(seq), &entry));
        self.entries.push(entry);
        if let Some(Change::Added(device)) = change {
            self.learn_name(device);
        }
        self.write(out);
        Ok(Some(Taken { change, author, shut_out }))
    }

    /// Opens what an entry has sealed for this device. Without that the entry is from before it came, or removes it.
    /// Says whether its author has given this device what it must.
    fn take_secret(
        &mut self,
        next: &Membership,
        entry: &SignedEntry,
        author: Option<DeviceId>,
        identity: &mut Identity,
        now: u64,
        out: &mut Outputs,
    ) -> Result<bool, Refused> {
        let (Some(own), epoch) = (next.member(&identity.id), next.epoch()) else { return Ok(true) };
        let renewed = identity.renewed(&own.box_pk);
        let is_own = author == Some(identity.id);
        match open_grant(renewed.as_ref().unwrap_or(&identity.keys), entry) {
            Ok(secret) => {
                if is_own && self.state.denied.contains(&epoch.saturating_sub(1)) {
                    self.let_in_ms = Some(now);
                }
                self.state.secrets.insert(epoch, secret);
            }
            Err(_) if is_own => return Err(Refused::NotOurs),
            // The entry stands all the same: one member must not keep another from what others decide.
            Err(_) if author.is_some() => {
                if !self.state.denied.contains(&epoch) {
                    self.state.denied.push(epoch);
                }
                return Ok(false);
            }
            Err(_) => {}
        }
        // All that was sealed to the old one is open by now, and it is dropped with that.
        if let Some(keys) = renewed {
            identity.renew(keys, now);
            out.write(identity.record());
        }
        Ok(true)
    }

    /// The secret of an epoch of before, as whoever let this device in has handed it over.
    fn check_older_secret(&mut self, epoch: u64, signed: &SignedEntry, out: &mut Outputs) {
        let (Some(secret), Ok(entry)) = (self.state.secrets.get(&epoch), signed.decode_entry()) else { return };
        if !is_committed(secret, &entry) {
            self.state.secrets.remove(&epoch);
            self.state.ended.remove(&epoch);
            out.fail(Problem::WrongOlderKey);
        }
    }

    fn learn_name(&mut self, device: DeviceId) {
        let Some(member) = self.members.as_ref().and_then(|members| members.member(&device)) else { return };
        let Some(secret) = self.state.secrets.get(&member.name_epoch) else { return };
        let key = secret.derive_state_key(&self.state.account, member.name_epoch);
        if let Ok(name) = key.open_name(&device, &member.name) {
            self.state.names.insert(device, name);
        }
    }

    /// The secret of an epoch.
    pub(crate) fn secret(&self, epoch: u64) -> Result<&EpochSecret, NoSecret> {
        self.state.secrets.get(&epoch).ok_or_else(|| {
            if epoch < self.state.anchor.0 {
                NoSecret::BeforeUs
            } else if self.state.denied.contains(&epoch) {
                NoSecret::Denied
            } else {
                NoSecret::Forgotten
            }
        })
    }

    /// The keyed digest of a text, given its plain one.
    pub(crate) fn keyed(&self, epoch: u64, text: &Hash) -> Option<Hash> {
        let secret = self.secret(epoch).ok()?;
        Some(secret.derive_dedup_key(&self.state.account, epoch).digest(text.as_bytes()))
    }

    /// Whether a member has started the newest epoch without giving this device the secret. Done again and again that
    /// would fill the log, so it is not undone more than once an hour.
    pub(crate) fn is_shut_out(&self, now: u64) -> bool {
        let lately = self.let_in_ms.is_some_and(|at| now.abs_diff(at) < LET_IN_MS);
        self.epoch().is_some_and(|epoch| self.state.denied.contains(&epoch)) && !lately
    }

    /// Forgets the secrets under which everything has gone from the relay by now: what was there is here.
    pub(crate) fn forget_old_epochs(&mut self, now: u64, out: &mut Outputs) {
        let state = &mut self.state;
        let oldest = state.secrets.keys().next().copied().unwrap_or_default();
        state.denied.retain(|epoch| *epoch >= oldest);
        let is_old = |at: u64| now >= at.saturating_add(KEPT_MS);
        let old: Vec<u64> = state.ended.iter().filter(|(_, at)| is_old(**at)).map(|(epoch, _)| *epoch).collect();
        for epoch in &old {
            state.secrets.remove(epoch);
            state.ended.remove(epoch);
        }
        if !old.is_empty() {
            self.write(out);
        }
    }

    pub(crate) fn name_of(&self, device: &DeviceId) -> Option<&String> {
        self.state.names.get(device)
    }

    pub(crate) const fn names(&self) -> &BTreeMap<DeviceId, String> {
        &self.state.names
    }

    /// Who has started an epoch.
    pub(crate) fn author_of(&self, epoch: u64) -> Option<DeviceId> {
        self.entry(epoch)?.decode_entry().ok().map(|entry| entry.author)
    }

    /// Who has removed a device.
    pub(crate) fn remover_of(&self, device: &DeviceId) -> Option<DeviceId> {
        let entries = self.entries.iter().rev().filter_map(|entry| entry.decode_entry().ok());
        let mut removals = entries
            .filter(|entry| matches!(&entry.action, Action::RemoveDevice { device: removed, .. } if removed == device));
        removals.next().map(|entry| entry.author)
    }

    /// What a newcomer is handed that begins at these anchors.
    pub(crate) fn hand_over(&self, share_history: bool, anchors: Vec<Anchor>) -> Option<Joined> {
        let members = self.members.as_ref()?;
        // The secrets that open what the relay keeps of the time before, newest first.
        let older =
            self.state.secrets.range(..members.epoch()).rev().take(if share_history { OLDER_EPOCHS } else { 0 });
        // Of members only: those who have left would make it longer without end.
        let named = |device: &DeviceId| Some(Named { device: *device, name: self.state.names.get(device)?.clone() });
        Some(Joined {
            account: self.state.account,
            log_seq: members.seq(),
            log_head: members.head(),
            anchors,
            older: older.map(|(epoch, secret)| OlderEpoch { epoch: *epoch, secret: secret.clone() }).collect(),
            names: members.members().filter_map(|(device, _)| named(device)).collect(),
        })
    }

    pub(crate) const fn is_forked(&self) -> bool {
        self.state.forked
    }

    /// The relay's log is not this one, as it says at `seq`, by this entry if it has passed one on; or as the sender of
    /// an item has signed.
    pub(crate) fn fork(
        &mut self,
        seq: u64,
        theirs: Hash,
        entry: Option<SignedEntry>,
        item: Option<ItemId>,
        now: u64,
        out: &mut Outputs,
    ) {
        let ours = self.head_at(seq).or_else(|| self.members.as_ref().map(Membership::head)).unwrap_or(Hash::ZERO);
        self.evidence.push(Evidence { at_ms: now, seq, ours, theirs, entry, item });
        if self.evidence.len() > evidence::KEPT {
            self.evidence.remove(0);
        }
        out.write(put(EVIDENCE, &self.evidence));
        self.set_forked(true, out);
    }

    /// Whether that was so, until the person says to go on.
    pub(crate) fn set_forked(&mut self, forked: bool, out: &mut Outputs) {
        self.state.forked = forked;
        self.write(out);
    }

    /// Whether an item has stopped this device before. The person wanted to go on, so it does not once more, however
    /// often the relay shows it.
    pub(crate) fn is_passed_over(&self, item: &ItemId) -> bool {
        self.evidence.iter().any(|evidence| evidence.item.as_ref() == Some(item))
    }
}

/// Whether an entry has the next place, after another one than the newest that is known here.
fn goes_on_elsewhere(members: &Membership, entry: &SignedEntry) -> bool {
    let next = members.seq().checked_add(1);
    let elsewhere = |e: Entry| e.account == members.account() && Some(e.seq) == next && e.prev != members.head();
    entry.decode_entry().is_ok_and(elsewhere)
}

fn entry_key(seq: u64) -> String {
    format!("{LOG}{seq:08}")
}
