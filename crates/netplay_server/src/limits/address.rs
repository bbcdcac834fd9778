//! What the limits count as one address.

use std::net::{IpAddr, Ipv4Addr};

/// The prefixes of IPv6 that are limited, from the narrowest on, and how many times the allowance of an address each
/// has. A /64 is the least that a provider assigns to a customer, a /56 and a /48 are what one customer often has
/// (RFC 6177): who has a /48 has 65,536 networks of 64 bits, and must not have as many allowances.
const PREFIXES: [(u8, u32); 3] = [(64, 1), (56, 4), (48, 16)];

/// A client address for the limits: an IPv4 address, or a network of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientAddress {
    V4(Ipv4Addr),
    /// The first bits of the address, as many as the prefix is long; the others are zero.
    V6 {
        network: u64,
        prefix: u8,
    },
}

impl ClientAddress {
    /// The next wider network that has limits as well.
    pub(super) fn wider(self) -> Option<Self> {
        let Self::V6 { network, prefix } = self else { return None };
        let (wider, _) = *PREFIXES.iter().find(|(other, _)| *other < prefix)?;
        Some(Self::V6 { network: network & u64::MAX << (64 - u32::from(wider)), prefix: wider })
    }

    /// How many times the allowance of one address it has.
    pub(super) fn allowance(self) -> u32 {
        let Self::V6 { prefix, .. } = self else { return 1 };
        PREFIXES.iter().find(|(known, _)| *known == prefix).map_or(1, |(_, allowance)| *allowance)
    }

    /// The address as bytes, which no other one has.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::V4(address) => address.octets().to_vec(),
            Self::V6 { network, prefix } => [&network.to_be_bytes()[..], &[prefix]].concat(),
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let (prefix, _) = PREFIXES[0];
                Self::V6 { network: (address.to_bits() >> 64) as u64, prefix }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_in_ipv4_and_a_network_in_ipv6() {
        let of = |text: &str| ClientAddress::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1").wider(), None);
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("2001:db8:1:2::1").to_bytes(), of("2001:db8:1:3::1").to_bytes());
    }

    #[test]
    fn a_network_of_ipv6_is_in_two_wider_ones_with_larger_allowances() {
        let widened = |text: &str| {
            let narrow = ClientAddress::from(text.parse::<IpAddr>().unwrap());
            std::iter::successors(Some(narrow), |it| it.wider()).collect::<Vec<_>>()
        };
        let (one, same_56) = (widened("2001:db8:1:2::1"), widened("2001:db8:1:ff::1"));
        let (same_48, other) = (widened("2001:db8:1:102::1"), widened("2001:db8:2:2::1"));
        let alike = |other: &[ClientAddress]| {
            one.iter().zip(other).map(|(one, other)| one == other).collect::<Vec<_>>()
        };
        assert_eq!(alike(&same_56), [false, true, true]);
        assert_eq!(alike(&same_48), [false, false, true]);
        assert_eq!(alike(&other), [false, false, false]);
        assert_eq!(one.iter().map(|it| it.allowance()).collect::<Vec<_>>(), [1, 4, 16]);
    }
}
