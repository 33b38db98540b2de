//! Who is asking, as far as limits on addresses are concerned.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use minicbor::{Decode, Encode};

/// Whose allowance a request uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(flat)]
pub enum Peer {
    /// This machine itself. It has no limits of this kind.
    #[n(0)]
    Local,
    /// A customer's network: an IPv4 address, or the first 64 bits of an IPv6 address.
    #[n(1)]
    Network(#[n(0)] IpAddr),
    /// Somebody whom a proxy names by something that is not an address. All of them share one allowance.
    #[n(2)]
    Unknown,
}

impl Peer {
    /// Whoever is at this address.
    pub fn at(address: IpAddr) -> Self {
        let address = address.to_canonical();
        if address.is_loopback() || address.is_unspecified() {
            return Self::Local;
        }
        Self::Network(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
        })
    }

    /// Whoever the platform says is at this address. Without an address, it is this machine itself.
    pub fn named(address: Option<&str>) -> Self {
        address.map_or(Self::Local, |address| parse(address).map_or(Self::Unknown, Self::at))
    }

    /// Whoever is behind these proxies: of everything in `X-Forwarded-For`, on one line or several, the last address
    /// that is not a trusted proxy. Anybody could have written what stands before it.
    pub fn behind<'h>(
        connected: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'h [u8]>,
        is_proxy: impl Fn(IpAddr) -> bool,
    ) -> Self {
        let is_trusted = |address: IpAddr| {
            let address = address.to_canonical();
            address.is_loopback() || is_proxy(address)
        };
        let mut nearest = connected;
        if !is_trusted(connected) {
            return Self::at(connected);
        }
        for line in forwarded.rev() {
            let Ok(line) = str::from_utf8(line) else { return Self::Unknown };
            for hop in line.rsplit(',').map(str::trim).filter(|hop| !hop.is_empty()) {
                let Some(address) = parse(hop) else { return Self::Unknown };
                // Coming from a proxy on another machine, this means that machine itself, or is a lie.
                if is_loopback(address) && !is_loopback(nearest) {
                    return Self::Unknown;
                }
                nearest = address;
                if !is_trusted(address) {
                    return Self::at(address);
                }
            }
        }
        Self::at(nearest)
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// An address, with or without a port, as proxies write it.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn behind(connected: &str, lines: &[&str]) -> Peer {
        let proxies = [ip("10.0.0.2"), ip("10.0.0.3")];
        Peer::behind(ip(connected), lines.iter().map(|line| line.as_bytes()), |address| proxies.contains(&address))
    }

    #[test]
    fn the_last_hop_that_is_no_proxy_is_who_asks() {
        let stranger = Peer::at(ip("192.0.2.1"));
        for lines in [
            &["192.0.2.1"][..],
            &["198.51.100.1, 192.0.2.1"],
            &["198.51.100.1", "192.0.2.1"],
            &["192.0.2.1, 10.0.0.3", "10.0.0.2"],
            &["nonsense, 192.0.2.1,10.0.0.3,"],
            &["::ffff:192.0.2.1"],
            &["192.0.2.1:4711"],
            &["\"[::ffff:192.0.2.1]:4711\""],
        ] {
            assert_eq!(behind("127.0.0.1", lines), stranger, "{lines:?}");
            assert_eq!(behind("::ffff:10.0.0.2", lines), stranger, "{lines:?}");
        }
    }

    #[test]
    fn nobody_names_himself_and_nonsense_is_no_way_out() {
        // What a stranger says who does not come through a proxy.
        assert_eq!(behind("192.0.2.7", &["127.0.0.1"]), Peer::at(ip("192.0.2.7")));
        for line in ["unknown", "_hidden", "192.0.2.1 evil", "192.0.2.1, x", "[::1", "1.2.3"] {
            assert_eq!(behind("127.0.0.1", &["127.0.0.1", line]), Peer::Unknown, "{line}");
        }
        assert_eq!(Peer::behind(ip("127.0.0.1"), [&b"\xff"[..]].into_iter(), |_| false), Peer::Unknown);
        // Somebody in a trusted network who is not a proxy.
        for lines in [&["127.0.0.1, 10.0.0.3"][..], &["::1, 10.0.0.3", "10.0.0.2"], &["127.0.0.1"]] {
            assert_eq!(behind("10.0.0.2", lines), Peer::Unknown, "{lines:?}");
        }
        assert_eq!((Peer::named(Some("?")), Peer::named(None)), (Peer::Unknown, Peer::Local));
    }

    #[test]
    fn this_machine_is_local_and_a_network_is_one() {
        assert_eq!(behind("127.0.0.1", &[]), Peer::Local);
        assert_eq!(behind("::1", &["127.0.0.1"]), Peer::Local);
        assert_eq!(behind("10.0.0.2", &[]), Peer::Network(ip("10.0.0.2")));
        let network = Peer::named(Some("2001:db8::ffff:2"));
        assert_eq!(network, Peer::named(Some("[2001:db8::1]:80")));
        assert_ne!(network, Peer::named(Some("2001:db8:0:1::1")));
    }
}
