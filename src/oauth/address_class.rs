//! What an address says about who is behind it.

// Addresses as values; `core` has nothing that could reach the network.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks from which hosted clients are known to come: name, first address, leading bits that count.
const HOSTED: [(&str, Ipv4Addr, u32); 1] = [("Anthropic", Ipv4Addr::new(160, 79, 104, 0), 21)];
/// RFC 6598: shared by carriers, and taken by Tailscale for its members.
const SHARED: (Ipv4Addr, u32) = (Ipv4Addr::new(100, 64, 0, 0), 10);
/// Tailscale's own part of the unique local addresses.
const TAILSCALE: [u16; 3] = [0xfd7a, 0x115c, 0xa1e0];

/// A class of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressClass {
    /// This machine, or a proxy on it that was not named.
    Loopback,
    /// The network at home (RFC 1918, RFC 4193, link-local).
    Lan,
    /// A carrier's shared addresses, or a VPN such as Tailscale.
    Shared,
    /// The network of a vendor whose clients run there.
    Hosted(&'static str),
    /// Anywhere else.
    Public,
}

impl AddressClass {
    /// The class of an address; IPv4 in IPv6 clothes is undressed first.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(v4: Ipv4Addr) -> Self {
        if v4.is_loopback() {
            return Self::Loopback;
        }
        if v4.is_private() || v4.is_link_local() {
            return Self::Lan;
        }
        if is_in(v4, SHARED.0, SHARED.1) {
            return Self::Shared;
        }
        let hosted = HOSTED.iter().find(|(_, first, bits)| is_in(v4, *first, *bits));
        hosted.map_or(Self::Public, |(name, _, _)| Self::Hosted(name))
    }

    fn of_v6(v6: Ipv6Addr) -> Self {
        if v6.is_loopback() {
            Self::Loopback
        } else if v6.segments().starts_with(&TAILSCALE) {
            Self::Shared
        } else if v6.is_unique_local() || v6.is_unicast_link_local() {
            Self::Lan
        } else {
            Self::Public
        }
    }

    /// In a few words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Loopback => "this machine",
            Self::Lan => "local network",
            Self::Shared => "CGNAT or VPN",
            Self::Hosted(name) => name,
            Self::Public => "internet",
        }
    }

    /// True where somebody's own device is, and no vendor's server.
    pub fn is_near(self) -> bool {
        match self {
            Self::Loopback | Self::Lan | Self::Shared => true,
            Self::Hosted(_) | Self::Public => false,
        }
    }
}

/// True when both are one place as far as can be told: one address, one vendor, or one household's IPv6.
pub fn are_one_place(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    match (AddressClass::of(one), AddressClass::of(other)) {
        (AddressClass::Hosted(vendor), AddressClass::Hosted(same)) => vendor == same,
        _ => one == other || household(one).is_some_and(|network| household(other) == Some(network)),
    }
}

/// The network that a provider gives to one line: devices change their address within it all day.
fn household(address: IpAddr) -> Option<u64> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 64).ok(),
    }
}

fn is_in(address: Ipv4Addr, first: Ipv4Addr, bits: u32) -> bool {
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or_default();
    address.to_bits() & mask == first.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> AddressClass {
        AddressClass::of(text.parse().unwrap())
    }

    #[test]
    fn each_network_has_its_class_up_to_its_edges() {
        use AddressClass::{Hosted, Lan, Loopback, Public, Shared};
        for (address, expected) in [
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("::1", Loopback),
            ("10.0.0.1", Lan),
            ("172.31.255.255", Lan),
            ("172.32.0.1", Public),
            ("192.168.1.5", Lan),
            ("169.254.0.1", Lan),
            ("fe80::1", Lan),
            ("fd00::1", Lan),
            ("100.63.255.255", Public),
            ("100.64.0.0", Shared),
            ("100.127.255.255", Shared),
            ("100.128.0.0", Public),
            ("fd7a:115c:a1e0::5", Shared),
            ("160.79.103.255", Public),
            ("160.79.104.0", Hosted("Anthropic")),
            ("160.79.111.255", Hosted("Anthropic")),
            ("160.79.112.0", Public),
            ("203.0.113.9", Public),
            ("2001:db8::1", Public),
            ("::ffff:192.168.1.5", Lan),
            ("::ffff:160.79.104.9", Hosted("Anthropic")),
        ] {
            assert_eq!(class(address), expected, "{address}");
        }
    }

    #[test]
    fn a_vendor_and_a_household_are_one_place_and_neighbours_are_not() {
        let one = |a: &str, b: &str| are_one_place(a.parse().unwrap(), b.parse().unwrap());
        assert!(one("160.79.104.1", "160.79.111.9") && one("203.0.113.9", "::ffff:203.0.113.9"));
        assert!(one("2001:db8:1:2::a", "2001:db8:1:2:ffff::b"));
        assert!(!one("2001:db8:1:2::a", "2001:db8:1:3::a") && !one("203.0.113.9", "203.0.113.10") && !one("10.0.0.1", "10.0.0.2"));
        assert!(!one("160.79.104.1", "160.79.112.1"));
    }
}
