use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use netplay_core::emulator::{NetworkConditions, NetworkEmulator};
use netplay_core::path::{Channel, PathKind};
use netplay_protocol::PeerKey;

use super::paths::over_tcp;

/// One direction of a path between two members.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) from: PeerKey,
    pub(super) to: PeerKey,
    pub(super) kind: PathKind,
    pub(super) network: NetworkEmulator<Parcel>,
    /// What is reliable and waits for the wire to be mended, oldest first.
    held: VecDeque<Parcel>,
    /// The newest datagram that was sent, and the newest that is reliable, whatever became of them.
    last: [Option<Vec<u8>>; 2],
}

/// What travels on a wire.
#[derive(Clone, Debug)]
pub(super) enum Parcel {
    Datagram(Vec<u8>),
    Reliable(Vec<u8>),
    /// The last: the sender is gone, for this reason.
    Down(&'static str),
}

impl Wire {
    pub(super) fn new(
        (from, to): (PeerKey, PeerKey),
        kind: PathKind,
        conditions: NetworkConditions,
        seed: u64,
    ) -> Self {
        let network = NetworkEmulator::new(conditions, seed);
        Self { from, to, kind, network, held: VecDeque::new(), last: [None, None] }
    }

    /// The network is like this from now on.
    pub(super) fn set(&mut self, conditions: &NetworkConditions) {
        self.network.set_conditions(match self.kind {
            PathKind::Relay => over_tcp(conditions),
            _ => conditions.clone(),
        });
    }

    pub(super) fn put(&mut self, now: Duration, parcel: Parcel, blocked: bool) {
        if let Parcel::Datagram(packet) | Parcel::Reliable(packet) = &parcel {
            let reliable = matches!(parcel, Parcel::Reliable(_));
            self.last[usize::from(reliable)] = Some(packet.clone());
        }
        match parcel {
            Parcel::Datagram(_) if blocked => {}
            Parcel::Datagram(_) => self.network.push(now, parcel),
            _ if blocked => self.held.push_back(parcel),
            _ => self.network.push_reliable(now, parcel),
        }
    }

    /// The newest packet that was sent.
    pub(super) fn last(&self, channel: Channel) -> Option<&Vec<u8>> {
        self.last[usize::from(channel == Channel::Reliable)].as_ref()
    }

    /// Loses the datagrams in flight and holds what is reliable.
    pub(super) fn interrupt(&mut self) {
        let reliable = |parcel: &Parcel| !matches!(parcel, Parcel::Datagram(_));
        // What was in flight is older than what waits already.
        let mut held: VecDeque<_> = self.network.drain().filter(reliable).collect();
        held.append(&mut self.held);
        self.held = held;
    }

    /// Sends what waited.
    pub(super) fn release(&mut self, now: Duration) {
        for parcel in self.held.drain(..) {
            self.network.push_reliable(now, parcel);
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.network.in_flight() + self.held.len()
    }
}

/// What does not get through.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    /// Which kinds of path are cut, from whom to whom.
    pub(super) cut: BTreeSet<(PeerKey, PeerKey, PathKind)>,
    /// Who is not heard by anybody.
    pub(super) muted: BTreeSet<PeerKey>,
    /// There is no server.
    pub(super) no_server: bool,
}

impl Obstacles {
    /// Whether what is sent goes nowhere for now.
    pub(super) fn block(&self, from: PeerKey, to: PeerKey, kind: PathKind) -> bool {
        self.muted.contains(&from)
            || self.cut.contains(&(from, to, kind))
            || (self.no_server && kind == PathKind::Relay)
    }
}
