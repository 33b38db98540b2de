//! Rate limits: token buckets, for devices, invites and addresses. Nothing here is stored: whoever
//! waits until a mailbox has slept has waited longer than a bucket takes to fill by what that is worth.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use hushclip_protocol::limits;

const MINUTE_MS: u64 = 60_000;
/// Addresses that are remembered; beyond that, those with full buckets are forgotten, then all.
const ADDRESSES: usize = 10_000;

/// What may still be done, refilled evenly over a minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// How much of the allowance is used up.
    used: u32,
    filled_ms: u64,
    /// Refusals since the bucket was last full.
    excess: u32,
}

impl Bucket {
    /// Takes one from an allowance of so many a minute, or says in how many milliseconds there is one.
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

    /// Whether more was refused than it holds, since the bucket was last full or this was last so.
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

/// What one address may do, whoever it talks to. Each process of a relay keeps its own, so there is no
/// central count. Of IPv6 the first 64 bits are one address, as they are one customer's.
#[derive(Debug, Default)]
pub struct Gate {
    sockets: HashMap<IpAddr, Bucket>,
    nameplates: HashMap<IpAddr, Bucket>,
}

impl Gate {
    /// Lets an address open a socket, [`limits::SOCKETS_PER_MINUTE`], or says how many milliseconds to
    /// wait. What is no address, or this machine's own, stands for nobody in particular and passes.
    pub fn open_socket(&mut self, address: &str, now: u64) -> Result<(), u64> {
        spend(&mut self.sockets, limits::SOCKETS_PER_MINUTE, address, now)
    }

    /// Lets an address ask for a nameplate, [`limits::NAMEPLATES_PER_MINUTE`].
    pub fn ask_nameplate(&mut self, address: &str, now: u64) -> Result<(), u64> {
        spend(&mut self.nameplates, limits::NAMEPLATES_PER_MINUTE, address, now)
    }
}

fn spend(buckets: &mut HashMap<IpAddr, Bucket>, per_minute: u32, address: &str, now: u64) -> Result<(), u64> {
    let Some(customer) = customer(address) else { return Ok(()) };
    if buckets.len() >= ADDRESSES {
        buckets.retain(|_, bucket| !bucket.is_full(per_minute, now));
    }
    if buckets.len() >= ADDRESSES {
        buckets.clear();
    }
    buckets.entry(customer).or_default().spend(per_minute, now)
}

fn customer(address: &str) -> Option<IpAddr> {
    let address = address.trim().parse::<IpAddr>().ok()?.to_canonical();
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
    })
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
        // A clock that is put back gives nothing and breaks nothing.
        assert_eq!(bucket.spend(10, 0), Ok(()));
    }

    #[test]
    fn addresses_are_counted_one_by_one() {
        let mut gate = Gate::default();
        let mut ask = |address, now| gate.ask_nameplate(address, now);
        for _ in 0..limits::NAMEPLATES_PER_MINUTE {
            assert_eq!(ask("192.0.2.1", 0), Ok(()));
            assert_eq!(ask("2001:db8::1", 0), Ok(()));
        }
        assert_eq!(ask("192.0.2.1", 0), Err(6_000));
        assert_eq!(ask("::ffff:192.0.2.1", 0), Err(6_000));
        assert_eq!(ask("2001:db8::ffff:2", 0), Err(6_000));
        assert_eq!(ask("2001:db8:0:1::1", 0), Ok(()));
        assert_eq!(ask("192.0.2.2", 0), Ok(()));
        assert_eq!(ask("192.0.2.1", 6_000), Ok(()));
        assert_eq!(gate.open_socket("192.0.2.1", 0), Ok(()));
    }

    #[test]
    fn whoever_cannot_be_told_apart_is_not_limited() {
        let mut gate = Gate::default();
        for address in ["127.0.0.1", "::1", "", "unknown", "0.0.0.0"] {
            for _ in 0..1000 {
                assert_eq!(gate.open_socket(address, 0), Ok(()));
            }
        }
        assert!(gate.sockets.is_empty());
    }

    #[test]
    fn memory_for_addresses_is_bounded() {
        let mut gate = Gate::default();
        for n in 0..3 * ADDRESSES as u32 {
            let address = IpAddr::V4((n + (11 << 24)).into()).to_string();
            assert_eq!(gate.open_socket(&address, 0), Ok(()));
            assert!(gate.sockets.len() <= ADDRESSES);
        }
    }
}
