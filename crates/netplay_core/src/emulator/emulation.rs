//! How the network of one machine is emulated: both directions, and what differs for single peers.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use netplay_protocol::PeerKey;

use super::{BadConditions, NetworkConditions};

/// How the network of one machine is emulated. The default is perfect in both directions.
///
/// As text these are [conditions](NetworkConditions) after a direction, separated by semicolons: `out:` for what this
/// machine sends, `in:` for what it receives, `both:` for both. Conditions without a direction are those of `out:`.
/// `out@KEY:` and so on are those of one peer, with the 32 hexadecimal digits of its key.
///
/// ```
/// use netplay_core::emulator::{NetworkConditions, NetworkEmulation};
///
/// let wifi: NetworkEmulation = "wifi".parse().unwrap();
/// assert_eq!(wifi, NetworkEmulation::outgoing(NetworkConditions::wifi()));
/// let mobile: NetworkEmulation = "both:mobile".parse().unwrap();
/// assert_eq!(mobile, NetworkEmulation::both(NetworkConditions::mobile()));
/// let lossy: NetworkEmulation = "out:latency_ms=50;in:loss=0.1".parse().unwrap();
/// assert_eq!(lossy.to_string(), "latency_ms=50;in:loss=0.1");
/// ```
///
/// Figures are one way, and those of two machines add up: where both emulate `latency_ms=50` in their outgoing
/// direction, a round trip takes 100 ms; where both do so in both directions, it takes 200 ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkEmulation {
    /// What this machine sends.
    pub outgoing: NetworkConditions,
    /// What this machine receives.
    pub incoming: NetworkConditions,
    /// What is different on the way to and from single peers, instead of the above. Only the
    /// [bandwidth](NetworkConditions::bandwidth) of the above is that of the machine, which all peers share: a peer's
    /// own bandwidth is a second narrow place behind it, on each path to that peer.
    pub peers: BTreeMap<PeerKey, PeerConditions>,
}

/// What is different on the way to and from one peer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeerConditions {
    /// What this machine sends to the peer; none for nothing different.
    pub outgoing: Option<NetworkConditions>,
    /// What this machine receives from the peer; none for nothing different.
    pub incoming: Option<NetworkConditions>,
}

impl NetworkEmulation {
    /// What this machine sends is emulated. Two machines that do the same have the conditions in both directions.
    pub fn outgoing(conditions: NetworkConditions) -> Self {
        Self { outgoing: conditions, ..Self::default() }
    }

    /// What this machine receives is emulated.
    pub fn incoming(conditions: NetworkConditions) -> Self {
        Self { incoming: conditions, ..Self::default() }
    }

    /// Both directions are emulated, by this machine alone.
    pub fn both(conditions: NetworkConditions) -> Self {
        Self { outgoing: conditions.clone(), incoming: conditions, peers: BTreeMap::new() }
    }

    /// The conditions on the way to a peer.
    pub fn to_peer(&self, peer: PeerKey) -> &NetworkConditions {
        let own = self.peers.get(&peer).and_then(|peer| peer.outgoing.as_ref());
        own.unwrap_or(&self.outgoing)
    }

    /// The conditions on the way from a peer.
    pub fn from_peer(&self, peer: PeerKey) -> &NetworkConditions {
        let own = self.peers.get(&peer).and_then(|peer| peer.incoming.as_ref());
        own.unwrap_or(&self.incoming)
    }

    /// Whether nothing is emulated.
    pub fn is_perfect(&self) -> bool {
        let peers = self.peers.values().flat_map(|it| it.outgoing.iter().chain(&it.incoming));
        [&self.outgoing, &self.incoming].into_iter().chain(peers).all(NetworkConditions::is_perfect)
    }
}

impl From<NetworkConditions> for NetworkEmulation {
    fn from(conditions: NetworkConditions) -> Self {
        Self::outgoing(conditions)
    }
}

impl FromStr for NetworkEmulation {
    type Err = BadConditions;

    fn from_str(text: &str) -> Result<Self, BadConditions> {
        let mut emulation = Self::default();
        let mut set = Vec::new();
        for part in text.split(';').map(str::trim) {
            let (direction, conditions) = part.split_once(':').unwrap_or(("out", part));
            let direction = direction.trim();
            let bad = || BadConditions::Direction(direction.to_owned());
            let (way, peer) = match direction.split_once('@') {
                Some((way, key)) => (way, Some(key.parse::<PeerKey>().map_err(|_| bad())?)),
                None => (direction, None),
            };
            let [sends, receives] = match way {
                "out" => [true, false],
                "in" => [false, true],
                "both" => [true, true],
                _ => return Err(bad()),
            };
            let conditions: NetworkConditions = conditions.parse()?;
            for is_outgoing in
                [true, false].into_iter().filter(|out| [receives, sends][usize::from(*out)])
            {
                if set.contains(&(peer, is_outgoing)) {
                    return Err(BadConditions::Twice(direction.to_owned()));
                }
                set.push((peer, is_outgoing));
                *emulation.slot(peer, is_outgoing) = conditions.clone();
            }
        }
        Ok(emulation)
    }
}

impl NetworkEmulation {
    /// Where the conditions of a direction are, of all peers or of one.
    fn slot(&mut self, peer: Option<PeerKey>, is_outgoing: bool) -> &mut NetworkConditions {
        let own = peer.map(|peer| self.peers.entry(peer).or_default());
        match (own, is_outgoing) {
            (None, true) => &mut self.outgoing,
            (None, false) => &mut self.incoming,
            (Some(own), true) => own.outgoing.get_or_insert_default(),
            (Some(own), false) => own.incoming.get_or_insert_default(),
        }
    }
}

/// The text that is read as this emulation.
impl fmt::Display for NetworkEmulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outgoing, incoming, peers } = self;
        if outgoing == incoming {
            write!(f, "both:{outgoing}")?;
        } else {
            write!(f, "{outgoing}")?;
            if *incoming != NetworkConditions::default() {
                write!(f, ";in:{incoming}")?;
            }
        }
        for (peer, PeerConditions { outgoing, incoming }) in peers {
            match (outgoing, incoming) {
                (Some(outgoing), Some(incoming)) if outgoing == incoming => {
                    write!(f, ";both@{peer}:{outgoing}")?;
                }
                _ => {
                    for (way, conditions) in [("out", outgoing), ("in", incoming)] {
                        if let Some(conditions) = conditions {
                            write!(f, ";{way}@{peer}:{conditions}")?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
