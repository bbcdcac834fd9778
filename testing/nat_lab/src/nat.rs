//! The kinds of NAT, and the nftables rules of each.

use std::net::Ipv4Addr;

/// How a router rewrites and filters UDP (see RFC 4787; the names are those of RFC 3489).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// No NAT: the host has a public address.
    Open,
    /// The same mapping for all destinations, and no filter.
    FullCone,
    /// The same mapping for all destinations. Only addresses that the host has sent to get through.
    PortRestricted,
    /// Another mapping for each destination.
    Symmetric,
    /// No UDP at all. TCP gets out.
    UdpBlocked,
}

impl Nat {
    /// The nftables rules for one host behind the NAT.
    pub(super) fn rules(self, host: Ipv4Addr) -> Vec<String> {
        let mut rules = vec![
            "add table ip nat".to_owned(),
            "add chain ip nat post { type nat hook postrouting priority 100 ; }".to_owned(),
            "add chain ip nat pre { type nat hook prerouting priority -100 ; }".to_owned(),
            "add table ip guard".to_owned(),
            "add chain ip guard incoming { type filter hook input priority 0 ; }".to_owned(),
            "add chain ip guard forwarded { type filter hook forward priority 0 ; }".to_owned(),
            // Unsolicited packets are not tracked: the kernel would otherwise take them for connections of the
            // router's own, and give the host another mapping.
            "add rule ip guard incoming iifname wan ct state new drop".to_owned(),
        ];
        let translate = match self {
            // Each connection gets a random port.
            Self::Symmetric => "masquerade fully-random",
            _ => "masquerade",
        };
        rules.push(format!("add rule ip nat post oifname wan {translate}"));
        match self {
            Self::FullCone => rules
                .push(format!("add rule ip nat pre iifname wan meta l4proto udp dnat to {host}")),
            Self::UdpBlocked => {
                rules.push("add rule ip guard forwarded meta l4proto udp drop".to_owned());
            }
            Self::Open | Self::PortRestricted | Self::Symmetric => {}
        }
        rules
    }
}
