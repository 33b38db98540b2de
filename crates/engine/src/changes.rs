//! What this device wants in the log: who goes, who comes, new keys. One entry at a time is on its way, and the same one
//! is sent again, restarts included, while the log has not gone on: a relay that had two for one place could show each
//! to another device, and both are signed. It refuses to make entries.

use hushclip_protocol::frame::ToRelay;
use hushclip_protocol::ids::{DeviceId, Hash};
use hushclip_protocol::log::{Membership, SignedEntry};
use minicbor::{Decode, Encode};

use crate::part::Outputs;
use crate::record::{self, REMOVING, delete, put};

/// How long to wait before an entry that the relay did not take is tried again, milliseconds; doubled each time.
const RETRY_MS: u64 = 2_000;
/// Longest wait.
const RETRY_MAX_MS: u64 = 10 * 60_000;
/// How long the relay may take to answer, milliseconds.
pub(crate) const ANSWER_MS: u64 = 30_000;
/// How long a removal waits for what was missed to be fetched, milliseconds.
const REMOVAL_MS: u64 = 10_000;
/// After how long a removal waits once more, milliseconds.
const REMOVAL_STALE_MS: u64 = 5 * 60_000;
/// How many entries for one place are remembered.
const DRAFTS: usize = 256;
/// How long a removal may take, on a line, before it is said that the relay has not recorded it, milliseconds.
const UNSAVED_MS: u64 = 30_000;

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

/// What is wanted, and what is on its way.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Devices that the person wants out.
    removing: Vec<DeviceId>,
    /// Entries that this device has made and that may be on their way still.
    drafts: Vec<Draft>,
    appending: Option<Appending>,
    /// How often in a row the relay has not taken an entry of this device.
    refused: u32,
    /// When the next one is tried.
    retry_at: Option<u64>,
    removal: RemovalWatch,
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

/// An entry on its way to the relay.
#[derive(Debug)]
struct Appending {
    wanted: Wanted,
    entry: Hash,
    /// When the relay must have answered.
    answer_by: u64,
}

/// What the clock says of removals that are wanted.
#[derive(Debug, Default)]
struct RemovalWatch {
    /// When one is tried though not everything that was missed is here.
    by: Option<u64>,
    /// When it must be recorded, or it is said that it is not.
    due: Option<u64>,
    /// The relay has not recorded it, and that is said.
    unsaved: bool,
    /// The person has put that away, for so long.
    quiet: Option<u64>,
}

impl Changes {
    pub(crate) fn restore(removing: Vec<DeviceId>, drafts: Vec<Draft>) -> Self {
        Self { removing, drafts, ..Self::default() }
    }

    /// This device is in no account any more.
    pub(crate) fn forget(&mut self, out: &mut Outputs) {
        *self = Self::default();
        out.write(delete(record::DRAFTS));
        out.write(delete(REMOVING));
    }

    /// Another line begins, on which nothing was refused.
    pub(crate) fn begin_line(&mut self) {
        (self.appending, self.retry_at) = (None, None);
    }

    /// The person wants a device out, at once.
    pub(crate) fn want_out(&mut self, device: DeviceId, out: &mut Outputs) {
        if !self.goes(&device) {
            self.removing.push(device);
        }
        out.write(put(REMOVING, &self.removing));
    }

    /// Nobody shall wait for what was refused before.
    pub(crate) const fn hurry(&mut self) {
        self.retry_at = None;
    }

    /// Whether the person wants a device out.
    pub(crate) fn goes(&self, device: &DeviceId) -> bool {
        self.removing.contains(device)
    }

    /// A member that is to go. Meanwhile nothing is sent: it could read it.
    pub(crate) fn going(&self, members: &Membership) -> Option<DeviceId> {
        self.removing.iter().find(|device| members.member(device).is_some()).copied()
    }

    /// A device is out of the log; whether that was wanted here.
    pub(crate) fn went(&mut self, device: &DeviceId, out: &mut Outputs) -> bool {
        let was_wanted = self.goes(device);
        if was_wanted {
            self.removing.retain(|other| other != device);
            // Another one that is wanted has its own time.
            self.removal = RemovalWatch::default();
            out.write(put(REMOVING, &self.removing));
        }
        was_wanted
    }

    /// Whether a removal may be appended now, `complete` if everything is here. It waits a moment for what was missed,
    /// so as not to cut off what the device that goes has sent in time; and no longer, because it may have sent it to
    /// hold that off.
    pub(crate) fn may_remove(&mut self, complete: bool, now: u64) -> bool {
        let latest = now + REMOVAL_MS;
        // What was set long ago was for what had been missed then.
        let by = self.removal.by.filter(|by| by + REMOVAL_STALE_MS > now).unwrap_or(latest);
        self.removal.by = Some(by);
        complete || by <= now || by > latest
    }

    /// Sends a new entry of this device for the place after `head`, or the one that was made for it before. Says whether
    /// there is one.
    pub(crate) fn append(
        &mut self,
        wanted: Wanted,
        head: Hash,
        make: impl FnOnce() -> Option<SignedEntry>,
        now: u64,
        out: &mut Outputs,
    ) -> bool {
        let known = self.drafts.iter().find(|draft| (draft.wanted, draft.head) == (wanted, head));
        let entry = if let Some(draft) = known {
            draft.entry.clone()
        } else {
            let Some(entry) = make() else { return false };
            // The others cannot stand any more.
            self.drafts.retain(|draft| draft.head == head);
            // Who is to go can have one more made at each try.
            if self.drafts.len() == DRAFTS {
                self.drafts.remove(0);
            }
            self.drafts.push(Draft { wanted, head, entry: entry.clone() });
            out.write(put(record::DRAFTS, &self.drafts));
            entry
        };
        self.send(wanted, entry, now, out);
        true
    }

    /// Sends an entry, if none is on its way.
    pub(crate) fn send(&mut self, wanted: Wanted, entry: SignedEntry, now: u64, out: &mut Outputs) {
        if self.appending.is_none() {
            self.appending = Some(Appending { wanted, entry: entry.hash(), answer_by: now + ANSWER_MS });
            out.send(ToRelay::LogAppend(entry));
        }
    }

    /// Whether this device has made an entry, and not a copy of its keys.
    pub(crate) fn is_drafted(&self, entry: &SignedEntry) -> bool {
        self.drafts.iter().any(|draft| draft.entry.hash() == entry.hash())
    }

    pub(crate) const fn is_appending(&self) -> bool {
        self.appending.is_some()
    }

    /// What the entry does that is on its way and stands among these.
    pub(crate) fn answered(&self, entries: &[SignedEntry]) -> Option<Wanted> {
        let appending = self.appending.as_ref()?;
        entries.iter().any(|entry| entry.hash() == appending.entry).then_some(appending.wanted)
    }

    /// What was on its way is not any more; what it was.
    pub(crate) fn lose_answer(&mut self) -> Option<Wanted> {
        self.appending.take().map(|appending| appending.wanted)
    }

    /// Nothing is tried for a while; how long.
    pub(crate) fn put_off(&mut self, now: u64) -> u64 {
        let wait = (RETRY_MS << self.refused.min(16)).min(RETRY_MAX_MS);
        self.refused = self.refused.saturating_add(1);
        self.retry_at = Some(now + wait);
        wait
    }

    /// Nothing is tried before this either.
    pub(crate) fn put_off_until(&mut self, at: Option<u64>) {
        self.retry_at = self.retry_at.max(at);
    }

    /// The log has gone on.
    pub(crate) const fn went_through(&mut self) {
        (self.refused, self.retry_at) = (0, None);
    }

    /// Nothing is tried until later.
    pub(crate) fn waits(&self, now: u64) -> bool {
        self.retry_at.is_some_and(|at| at > now && at <= now + RETRY_MAX_MS)
    }

    /// When something is tried again.
    pub(crate) const fn retry_at(&self) -> Option<u64> {
        self.retry_at
    }

    /// Whether what is on its way has been so for too long.
    pub(crate) fn is_overdue(&self, now: u64) -> bool {
        let waits = |appending: &Appending| appending.answer_by > now && appending.answer_by <= now + ANSWER_MS;
        self.appending.as_ref().is_some_and(|appending| !waits(appending))
    }

    /// When there is something to do for what is wanted: by when the answer is due, or when a change is tried.
    pub(crate) fn next_due(&self, now: u64) -> Option<u64> {
        let change = [self.retry_at, self.removal.by].into_iter().flatten().filter(|at| *at > now).min();
        self.appending.as_ref().map_or(change, |sent| Some(sent.answer_by).filter(|at| *at > now))
    }

    /// On a line, a removal has so long to be recorded, whatever the relay answers, and however often it hangs up.
    pub(crate) fn watch_removal(&mut self, now: u64) {
        self.removal.due.get_or_insert(now + UNSAVED_MS);
    }

    /// The relay has refused one.
    pub(crate) const fn removal_refused(&mut self, now: u64) {
        (self.removal.due, self.removal.quiet) = (Some(now), None);
    }

    /// The relay has had its time to record a removal, or has refused it.
    fn removal_is_unsaved(&self, now: u64) -> bool {
        self.removal.unsaved || self.removal.due.is_some_and(|at| at <= now || at > now + UNSAVED_MS)
    }

    /// Whether that is shown, before all else; the person may put it away for a while.
    pub(crate) fn shows_removal(&self, now: u64) -> bool {
        let quiet = self.removal.quiet.is_some_and(|at| at > now && at <= now + RETRY_MAX_MS);
        self.removal_is_unsaved(now) && !quiet
    }

    /// Whether that is to be told, once.
    pub(crate) fn tell_removal(&mut self, now: u64) -> bool {
        self.removal_is_unsaved(now) && !std::mem::replace(&mut self.removal.unsaved, true)
    }

    /// The person has put it away for a while.
    pub(crate) const fn quiet_removal(&mut self, now: u64) {
        self.removal.quiet = Some(now + RETRY_MAX_MS);
    }

    /// When what is shown of a removal changes.
    pub(crate) fn next_removal_news(&self, now: u64) -> Option<u64> {
        [self.removal.due, self.removal.quiet].into_iter().flatten().filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use hushclip_crypto::keys::DeviceKeys;
    use hushclip_crypto::log::make_genesis;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn entry(seed: u64) -> SignedEntry {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        make_genesis(&DeviceKeys::make(&mut rng), "Laptop", &mut rng).expect("an entry").0
    }

    #[test]
    fn one_place_has_one_entry_however_often_it_is_tried() {
        let mut changes = Changes::default();
        let out = &mut Outputs::default();
        assert!(changes.append(Wanted::Rekey, Hash::ZERO, || Some(entry(1)), NOW, out));
        changes.lose_answer();
        assert!(changes.append(Wanted::Rekey, Hash::ZERO, || panic!("there is one"), NOW, out));
        assert!(changes.is_drafted(&entry(1)) && !changes.is_drafted(&entry(2)));
        assert_eq!(changes.answered(&[entry(1)]), Some(Wanted::Rekey));
        let next = entry(1).hash();
        changes.lose_answer();
        changes.append(Wanted::Rekey, next, || Some(entry(3)), NOW, out);
        assert!(!changes.is_drafted(&entry(1)), "its place is taken");
    }

    #[test]
    fn what_is_refused_is_tried_less_and_less_often() {
        let mut changes = Changes::default();
        assert_eq!([0; 3].map(|_| changes.put_off(NOW)), [RETRY_MS, 2 * RETRY_MS, 4 * RETRY_MS]);
        assert!(changes.waits(NOW) && !changes.waits(NOW + 4 * RETRY_MS));
        assert!(!changes.waits(NOW - 10 * RETRY_MAX_MS), "the clock was put back");
        changes.went_through();
        assert_eq!((changes.waits(NOW), changes.put_off(NOW)), (false, RETRY_MS));
    }

    #[test]
    fn a_removal_waits_for_what_was_missed_but_not_for_ever() {
        let mut changes = Changes::default();
        assert!(changes.may_remove(true, NOW));
        assert!(!changes.may_remove(false, NOW) && changes.next_due(NOW) == Some(NOW + REMOVAL_MS));
        assert!(changes.may_remove(false, NOW + REMOVAL_MS));
        assert!(!changes.may_remove(false, NOW + REMOVAL_MS + REMOVAL_STALE_MS), "that was for something else");
    }

    #[test]
    fn a_removal_that_is_not_recorded_is_told_once_and_shown_until_it_is_put_away() {
        let mut changes = Changes::default();
        changes.watch_removal(NOW);
        assert!(!changes.tell_removal(NOW) && !changes.shows_removal(NOW));
        let late = NOW + UNSAVED_MS;
        assert!(changes.tell_removal(late) && !changes.tell_removal(late) && changes.shows_removal(late));
        changes.quiet_removal(late);
        assert!(!changes.shows_removal(late) && changes.next_removal_news(late) == Some(late + RETRY_MAX_MS));
        assert!(changes.shows_removal(late + RETRY_MAX_MS));
    }
}
