use std::net::Ipv4Addr;

/// How a router rewrites and filters UDP (RFC 4787 has the words for it; the names are those of RFC 3489).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// None: the host has an address of the internet.
    Open,
    /// One mapping for all, and whoever sends to it gets through.
    FullCone,
    /// One mapping for all; only whom the host has sent to gets through.
    PortRestricted,
    /// Another mapping for each address that the host sends to.
    Symmetric,
    /// No UDP at all. TCP gets out.
    UdpBlocked,
}

impl Nat {
    /// The rules of nftables that make it, for one host behind it.
    pub(super) fn rules(self, host: Ipv4Addr) -> Vec<String> {
        let mut rules = vec![
            "add table ip nat".to_owned(),
            "add chain ip nat post { type nat hook postrouting priority 100 ; }".to_owned(),
            "add chain ip nat pre { type nat hook prerouting priority -100 ; }".to_owned(),
            "add table ip guard".to_owned(),
            "add chain ip guard incoming { type filter hook input priority 0 ; }".to_owned(),
            "add chain ip guard forwarded { type filter hook forward priority 0 ; }".to_owned(),
            // What nobody asked for is forgotten at once: the kernel would otherwise take it for a
            // connection of the router's own, and give the host another mapping.
            "add rule ip guard incoming iifname wan ct state new drop".to_owned(),
        ];
        let translate = match self {
            // Which port a host gets depends on nothing but chance, for each connection anew.
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
