//! Rate limits: token buckets, for devices, invites and addresses. Nothing here is stored. They are kept apart from
//! the mailboxes, so that one that is dropped and comes back finds them as they were.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hushclip_protocol::ids::{DeviceId, InviteId, MailboxId};
use hushclip_protocol::limits;

use crate::peer::Peer;

const MINUTE_MS: u64 = 60_000;
/// How many of each kind are remembered; beyond that, those with full buckets are forgotten, then all.
const REMEMBERED: usize = 10_000;
/// Nameplates that one account may hold at a time, ended invites included, so that nobody takes them all.
const PLATES: usize = 32;

/// An allowance, refilled evenly over a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// How much of the allowance is used up.
    used: u32,
    filled_ms: u64,
    /// Refusals since the bucket was last full.
    excess: u32,
}

impl Bucket {
    /// Takes one from an allowance of `per_minute`, or returns in how many milliseconds there is one.
    pub(crate) fn spend(&mut self, per_minute: u32, now: u64) -> Result<(), u64> {
        let ms_per_token = MINUTE_MS / u64::from(per_minute.max(1));
        let earned = now.saturating_sub(self.filled_ms) / ms_per_token;
        self.used = self.used.saturating_sub(u32::try_from(earned).unwrap_or(u32::MAX));
        if self.used == 0 {
            (self.filled_ms, self.excess) = (now, 0);
        } else {
            self.filled_ms += earned * ms_per_token;
        }
        if self.used < per_minute {
            self.used += 1;
            return Ok(());
        }
        self.excess = self.excess.saturating_add(1);
        Err(ms_per_token)
    }

    /// Whether more was refused than the bucket holds, since it was last full or this last said so.
    pub(crate) fn floods(&mut self, per_minute: u32) -> bool {
        let floods = self.excess > per_minute;
        if floods {
            self.excess = 0;
        }
        floods
    }

    fn is_full(&self, per_minute: u32, now: u64) -> bool {
        now.saturating_sub(self.filled_ms) / (MINUTE_MS / u64::from(per_minute.max(1))) >= u64::from(self.used)
    }
}

/// Buckets of one kind, by owner.
#[derive(Debug)]
struct Buckets<K> {
    per_minute: u32,
    by_key: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, by_key: HashMap::new() }
    }

    fn of(&mut self, key: K, now: u64) -> &mut Bucket {
        let per_minute = self.per_minute;
        make_place(&mut self.by_key, |bucket| !bucket.is_full(per_minute, now));
        self.by_key.entry(key).or_default()
    }

    fn spend(&mut self, key: K, now: u64) -> Result<(), u64> {
        let per_minute = self.per_minute;
        self.of(key, now).spend(per_minute, now)
    }
}

/// If the map is too large, forgets what no longer matters, and everything if that is not enough.
fn make_place<K: Eq + Hash, V>(map: &mut HashMap<K, V>, mut says_something: impl FnMut(&mut V) -> bool) {
    if map.len() >= REMEMBERED {
        map.retain(|_, value| says_something(value));
    }
    if map.len() >= REMEMBERED {
        map.clear();
    }
}

/// What one address may do, whoever it talks to. Each process of a relay keeps its own, so there is no
/// central count.
#[derive(Debug)]
pub struct Gate {
    opened: Buckets<Peer>,
    nameplates: Buckets<Peer>,
    open: HashMap<Peer, usize>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            opened: Buckets::new(limits::SOCKETS_PER_MINUTE),
            nameplates: Buckets::new(limits::NAMEPLATES_PER_MINUTE),
            open: HashMap::new(),
        }
    }
}

impl Gate {
    /// Lets somebody open a socket, [`limits::SOCKETS_PER_MINUTE`], or returns how many milliseconds to wait.
    pub fn open_socket(&mut self, peer: Peer, now: u64) -> Result<(), u64> {
        if peer == Peer::Local { Ok(()) } else { self.opened.spend(peer, now) }
    }

    /// Lets somebody ask for a nameplate, [`limits::NAMEPLATES_PER_MINUTE`].
    pub fn ask_nameplate(&mut self, peer: Peer, now: u64) -> Result<(), u64> {
        if peer == Peer::Local { Ok(()) } else { self.nameplates.spend(peer, now) }
    }

    /// Counts one more open socket; returns `false` if there are already [`limits::SOCKETS_PER_ADDRESS`]. For each
    /// one counted, [`Self::closed`] is called once.
    pub fn hold(&mut self, peer: Peer) -> bool {
        let open = self.open.entry(peer).or_default();
        let has_place = peer == Peer::Local || *open < limits::SOCKETS_PER_ADDRESS;
        *open += usize::from(has_place);
        has_place
    }

    /// An open socket is gone.
    pub fn closed(&mut self, peer: Peer) {
        if let Some(open) = self.open.get_mut(&peer) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.open.remove(&peer);
            }
        }
    }
}

/// Pings on one socket, where no platform answers them itself. A device sends at most three a minute.
#[derive(Debug, Default)]
pub struct Pings(Bucket);

impl Pings {
    /// Takes one more; returns `false` beyond [`limits::FRAMES_PER_MINUTE`], when [`crate::Event::Pinged`] is due.
    pub fn take(&mut self, now: u64) -> bool {
        self.0.spend(limits::FRAMES_PER_MINUTE, now).is_ok()
    }
}

/// What devices, joiners and strangers have used of their allowances, for all mailboxes of a process. It outlives
/// each mailbox: whoever is refused and connects again is still refused. It is forgotten when the process ends, or on
/// Cloudflare the isolate.
#[derive(Debug, Clone, Default)]
pub struct Rates(Arc<Mutex<Used>>);

#[derive(Debug)]
struct Used {
    /// Frames of each device, over all its sockets.
    devices: Buckets<DeviceId>,
    /// Frames of those who have not signed in.
    strangers: Buckets<Peer>,
    /// Failed claims of each invite.
    claims: Buckets<InviteId>,
    /// Claims by number from each address, except those of whoever was first with that invite.
    guesses: Buckets<Peer>,
    /// Nameplates taken from each address.
    takers: Buckets<Peer>,
    /// Nameplates taken by each account, and until when.
    plates: HashMap<MailboxId, BTreeMap<u32, u64>>,
    /// When each device was last woken.
    woken: HashMap<DeviceId, u64>,
}

impl Default for Used {
    fn default() -> Self {
        Self {
            devices: Buckets::new(limits::FRAMES_PER_MINUTE),
            strangers: Buckets::new(limits::STRANGERS_FRAMES_PER_MINUTE),
            claims: Buckets::new(limits::CLAIMS_PER_MINUTE),
            guesses: Buckets::new(limits::CLAIMS_PER_MINUTE),
            takers: Buckets::new(limits::NAMEPLATES_PER_MINUTE),
            plates: HashMap::new(),
            woken: HashMap::new(),
        }
    }
}

/// Too many frames. The device has to wait, or its socket is closed because it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooMany {
    Wait { ms: u64 },
    Flood,
}

impl Rates {
    fn used(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a frame from a device.
    pub(crate) fn device_frame(&self, device: DeviceId, now: u64) -> Result<(), TooMany> {
        frame(self.used().devices.of(device, now), limits::FRAMES_PER_MINUTE, now)
    }

    /// Counts a frame from somebody who has not signed in. `own` is the socket's bucket, for those who cannot be told
    /// apart.
    pub(crate) fn strangers_frame(&self, peer: Peer, own: &mut Bucket, now: u64) -> Result<(), TooMany> {
        frame(own, limits::FRAMES_PER_MINUTE, now)?;
        match peer {
            Peer::Local => Ok(()),
            peer => frame(self.used().strangers.of(peer, now), limits::STRANGERS_FRAMES_PER_MINUTE, now),
        }
    }

    /// Counts a claim that failed.
    pub(crate) fn failed_claim(&self, invite: InviteId, now: u64) -> Result<(), u64> {
        self.used().claims.spend(invite, now)
    }

    /// Counts a claim by number from somebody who has not claimed that invite before.
    pub(crate) fn guess(&self, peer: Peer, now: u64) -> Result<(), u64> {
        if peer == Peer::Local { Ok(()) } else { self.used().guesses.spend(peer, now) }
    }

    /// Whether an account may take one more nameplate, or the same one again.
    pub(crate) fn may_take_plate(&self, mailbox: MailboxId, nameplate: u32, now: u64) -> bool {
        let mut used = self.used();
        let Some(plates) = used.plates.get_mut(&mailbox) else { return true };
        plates.retain(|_, until_ms| *until_ms > now);
        plates.len() < PLATES || plates.contains_key(&nameplate)
    }

    /// Lets an address ask for one more nameplate of its own.
    pub(crate) fn take_plate_from(&self, peer: Peer, now: u64) -> Result<(), u64> {
        if peer == Peer::Local { Ok(()) } else { self.used().takers.spend(peer, now) }
    }

    /// Notes that an account has a nameplate until then.
    pub(crate) fn plate_taken(&self, mailbox: MailboxId, nameplate: u32, until_ms: u64, now: u64) {
        let plates = &mut self.used().plates;
        make_place(plates, |held| held.values().any(|until_ms| *until_ms > now));
        plates.entry(mailbox).or_default().insert(nameplate, until_ms);
    }

    /// Whether a device may be woken now. `noted_ms` is when it was last woken, as far as that is recorded.
    pub(crate) fn wake(&self, device: DeviceId, noted_ms: u64, now: u64) -> bool {
        let woken = &mut self.used().woken;
        let last_ms = woken.get(&device).copied().unwrap_or(0).max(noted_ms);
        if last_ms > 0 && now.saturating_sub(last_ms) < limits::WAKE_MS {
            return false;
        }
        make_place(woken, |last_ms| now.saturating_sub(*last_ms) < limits::WAKE_MS);
        woken.insert(device, now);
        true
    }
}

fn frame(bucket: &mut Bucket, per_minute: u32, now: u64) -> Result<(), TooMany> {
    bucket
        .spend(per_minute, now)
        .map_err(|ms| if bucket.floods(per_minute) { TooMany::Flood } else { TooMany::Wait { ms } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_allowance_and_refills_evenly() {
        let mut bucket = Bucket::default();
        for _ in 0..10 {
            assert_eq!(bucket.spend(10, 1_000_000), Ok(()));
        }
        assert_eq!(bucket.spend(10, 1_000_000), Err(6_000));
        assert_eq!(bucket.spend(10, 1_005_999), Err(6_000));
        assert_eq!(bucket.spend(10, 1_006_000), Ok(()));
        assert_eq!(bucket.spend(10, 1_006_000), Err(6_000));
        assert!(!bucket.floods(10));
        for _ in 0..8 {
            bucket.spend(10, 1_006_000).expect_err("it is empty");
        }
        assert!(bucket.floods(10) && !bucket.floods(10));
        // Full again, and nothing is held against it.
        assert_eq!(bucket.spend(10, 1_066_000), Ok(()));
        assert!(!bucket.floods(10));
        // A clock that is set back gives nothing and breaks nothing.
        assert_eq!(bucket.spend(10, 0), Ok(()));
    }

    fn peer(address: &str) -> Peer {
        Peer::named(Some(address))
    }

    #[test]
    fn addresses_are_counted_one_by_one() {
        let mut gate = Gate::default();
        let mut ask = |address, now| gate.ask_nameplate(peer(address), now);
        for _ in 0..limits::NAMEPLATES_PER_MINUTE {
            assert_eq!(ask("192.0.2.1", 0), Ok(()));
            assert_eq!(ask("2001:db8::1", 0), Ok(()));
            assert_eq!(ask("unknown", 0), Ok(()));
        }
        assert_eq!(ask("192.0.2.1", 0), Err(6_000));
        assert_eq!(ask("::ffff:192.0.2.1", 0), Err(6_000));
        assert_eq!(ask("2001:db8::ffff:2", 0), Err(6_000));
        // Those who cannot be told apart share.
        assert_eq!(ask("hidden", 0), Err(6_000));
        assert_eq!(ask("2001:db8:0:1::1", 0), Ok(()));
        assert_eq!(ask("192.0.2.2", 0), Ok(()));
        assert_eq!(ask("192.0.2.1", 6_000), Ok(()));
        assert_eq!(gate.open_socket(peer("192.0.2.1"), 0), Ok(()));
    }

    #[test]
    fn this_machine_is_not_limited() {
        let mut gate = Gate::default();
        for address in ["127.0.0.1", "::1", "0.0.0.0"] {
            for _ in 0..1000 {
                assert_eq!(gate.open_socket(peer(address), 0), Ok(()));
                assert!(gate.hold(peer(address)));
            }
        }
        assert!(gate.opened.by_key.is_empty());
    }

    #[test]
    fn memory_for_addresses_is_bounded() {
        let mut gate = Gate::default();
        for n in 0..3 * REMEMBERED as u32 {
            let address = Peer::at(std::net::IpAddr::V4((n + (11 << 24)).into()));
            assert_eq!(gate.open_socket(address, 0), Ok(()));
            assert!(gate.opened.by_key.len() <= REMEMBERED);
        }
    }

    #[test]
    fn an_address_holds_only_so_many_sockets_at_once() {
        let mut gate = Gate::default();
        let (one, two) = (peer("192.0.2.1"), peer("192.0.2.2"));
        for _ in 0..limits::SOCKETS_PER_ADDRESS {
            assert!(gate.hold(one));
        }
        assert!(!gate.hold(one) && gate.hold(two));
        gate.closed(one);
        assert!(gate.hold(one) && !gate.hold(one));
        gate.closed(two);
        assert_eq!(gate.open.len(), 1);
    }

    #[test]
    fn strangers_of_one_address_share_over_all_their_sockets() {
        let (rates, one) = (Rates::default(), peer("192.0.2.1"));
        for _ in 0..limits::STRANGERS_FRAMES_PER_MINUTE {
            assert_eq!(rates.strangers_frame(one, &mut Bucket::default(), 0), Ok(()));
        }
        let refused = rates.strangers_frame(one, &mut Bucket::default(), 0);
        assert_eq!(refused, Err(TooMany::Wait { ms: 250 }));
        assert_eq!(rates.strangers_frame(peer("192.0.2.2"), &mut Bucket::default(), 0), Ok(()));
    }

    #[test]
    fn neither_an_account_nor_an_address_takes_all_nameplates() {
        let rates = Rates::default();
        let (account, other) = (MailboxId::from_bytes([1; 16]), MailboxId::from_bytes([2; 16]));
        for nameplate in 1..=PLATES as u32 {
            assert!(rates.may_take_plate(account, nameplate, 0));
            rates.plate_taken(account, nameplate, 600_000, 0);
        }
        assert!(!rates.may_take_plate(account, 99, 0) && rates.may_take_plate(other, 99, 0));
        // It may name one that it has again, and one that has expired does not count.
        assert!(rates.may_take_plate(account, 1, 0) && rates.may_take_plate(account, 99, 600_000));
        // However many accounts it has.
        let one = peer("192.0.2.1");
        for _ in 0..limits::NAMEPLATES_PER_MINUTE {
            assert_eq!(rates.take_plate_from(one, 0), Ok(()));
        }
        assert_eq!(rates.take_plate_from(one, 0), Err(6_000));
        assert_eq!(rates.take_plate_from(peer("192.0.2.2"), 0), Ok(()));
    }

    #[test]
    fn a_device_is_woken_once_a_minute_wherever_it_says_it_is() {
        let (rates, device) = (Rates::default(), DeviceId::from_bytes([1; 16]));
        let start = 1_800_000_000_000;
        assert!(rates.wake(device, 0, start) && !rates.wake(device, 0, start + limits::WAKE_MS - 1));
        assert!(rates.wake(device, 0, start + limits::WAKE_MS));
        // As recorded by an earlier process.
        assert!(!Rates::default().wake(device, start, start + 1));
    }
}
