//! One direction of a path, and what blocks it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use netplay_core::emulator::{NetworkConditions, NetworkEmulator};
use netplay_core::path::{Channel, PathKind};
use netplay_protocol::PeerKey;

/// One direction of a path between two members.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) from: PeerKey,
    pub(super) to: PeerKey,
    pub(super) kind: PathKind,
    pub(super) network: NetworkEmulator<Transmission>,
    /// Reliable packets that wait until the path is healed, oldest first.
    held: VecDeque<Transmission>,
    /// The last datagram and the last reliable packet that were sent, lost or not.
    last: [Option<Vec<u8>>; 2],
}

/// What travels on a wire.
#[derive(Clone, Debug)]
pub(super) enum Transmission {
    Packet(Channel, Vec<u8>),
    /// The last one: the sender closed the path, for this reason.
    Down(&'static str),
}

impl Transmission {
    fn bytes(&self) -> usize {
        match self {
            Self::Packet(_, packet) => packet.len(),
            Self::Down(_) => 0,
        }
    }
}

impl Wire {
    pub(super) fn new(
        (from, to): (PeerKey, PeerKey),
        kind: PathKind,
        conditions: &NetworkConditions,
        seed: u64,
    ) -> Self {
        let network = NetworkEmulator::new(conditions_for(kind, conditions), seed);
        Self { from, to, kind, network, held: VecDeque::new(), last: [None, None] }
    }

    /// Sets the conditions of the network.
    pub(super) fn set(&mut self, now: Duration, conditions: &NetworkConditions) {
        self.network.set_conditions(now, conditions_for(self.kind, conditions));
    }

    pub(super) fn put(&mut self, now: Duration, transmission: Transmission, blocked: bool) {
        if let Transmission::Packet(channel, packet) = &transmission {
            self.last[usize::from(*channel == Channel::Reliable)] = Some(packet.clone());
        }
        match transmission {
            Transmission::Packet(Channel::Datagram, _) if blocked => {}
            Transmission::Packet(Channel::Datagram, _) => {
                self.network.push(now, transmission.bytes(), transmission);
            }
            _ if blocked => self.held.push_back(transmission),
            _ => self.network.push_reliable(now, transmission.bytes(), transmission),
        }
    }

    /// The last packet that was sent.
    pub(super) fn last(&self, channel: Channel) -> Option<&Vec<u8>> {
        self.last[usize::from(channel == Channel::Reliable)].as_ref()
    }

    /// Loses the datagrams in flight and holds reliable packets.
    pub(super) fn interrupt(&mut self) {
        // Packets in flight are older than those that wait already.
        let mut held: VecDeque<_> = self.network.drain_reliable().collect();
        held.append(&mut self.held);
        self.held = held;
    }

    /// Sends the packets that waited.
    pub(super) fn release(&mut self, now: Duration) {
        for transmission in self.held.drain(..) {
            self.network.push_reliable(now, transmission.bytes(), transmission);
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.network.in_flight() + self.held.len()
    }
}

/// What blocks packets.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    /// Sender, receiver and kind of the paths that are cut.
    pub(super) cut: BTreeSet<(PeerKey, PeerKey, PathKind)>,
    /// Peers that nobody receives anything from.
    pub(super) muted: BTreeSet<PeerKey>,
    /// Whether the server is missing.
    pub(super) no_server: bool,
}

impl Obstacles {
    /// Whether packets on this path are blocked.
    pub(super) fn block(&self, from: PeerKey, to: PeerKey, kind: PathKind) -> bool {
        self.muted.contains(&from)
            || self.cut.contains(&(from, to, kind))
            || (self.no_server && kind == PathKind::Relay)
    }
}

/// The conditions on a path of a kind. Relayed packets travel over the server's sockets, which lose and reorder nothing
/// unless too much waits for them.
fn conditions_for(kind: PathKind, conditions: &NetworkConditions) -> NetworkConditions {
    if kind != PathKind::Relay {
        return conditions.clone();
    }
    NetworkConditions {
        latency: conditions.latency + Duration::from_millis(1),
        jitter: conditions.jitter,
        bandwidth: conditions.bandwidth,
        queue: conditions.queue,
        ..NetworkConditions::default()
    }
}
