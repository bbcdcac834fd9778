//! [`EmulatedDirection`]: all that one machine sends, or all that it receives.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_protocol::PeerKey;

use super::bottleneck::Bottleneck;
use super::{NetworkConditions, NetworkEmulator};
use crate::path::{Channel, PathId};

/// How many packets of one path may be on their way. It bounds what a peer that sends without end can occupy: more
/// datagrams are lost, and with more reliable packets all that is on its way on the path arrives at once.
const MOST_IN_FLIGHT: usize = 4096;

/// One direction of the emulated network of a machine: its access link, which all paths share, and the paths behind it.
///
/// ```text
///                               ┌──► path: loss, jitter, latency ──►
/// push ──► queue, bandwidth ────┼──► path                        ──►  pop
///          of the machine       └──► path                        ──►
/// ```
#[derive(Debug)]
pub struct EmulatedDirection<T> {
    seed: u64,
    all: NetworkConditions,
    peers: BTreeMap<PeerKey, NetworkConditions>,
    access: Bottleneck<Packet<T>>,
    paths: BTreeMap<Path, NetworkEmulator<T>>,
    /// How many paths there were: each has a random sequence of its own.
    made: u64,
}

type Path = (PeerKey, PathId);

/// A packet at the access link.
#[derive(Clone, Debug)]
struct Packet<T> {
    path: Path,
    channel: Channel,
    bytes: usize,
    content: T,
}

/// A packet that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulatedArrival<T> {
    /// When.
    pub at: Duration,
    /// The other peer.
    pub peer: PeerKey,
    /// The path.
    pub path: PathId,
    /// What was pushed.
    pub content: T,
}

impl<T: Clone> EmulatedDirection<T> {
    /// A perfect network without a packet in it. Which packets are lost depends on the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            all: NetworkConditions::perfect(),
            peers: BTreeMap::new(),
            access: Bottleneck::new(),
            paths: BTreeMap::new(),
            made: 0,
        }
    }

    /// The network is like this from now on: to or from all peers but those with conditions of their own. What
    /// happens to packets on their way is said at [`NetworkEmulator::set_conditions`].
    pub fn set(
        &mut self,
        now: Duration,
        all: NetworkConditions,
        peers: BTreeMap<PeerKey, NetworkConditions>,
    ) {
        self.advance(now);
        self.all = all.bounded();
        self.peers = peers;
        self.access.set(now, self.all.bandwidth, self.all.queue);
        self.advance(now);
        for ((peer, _), network) in &mut self.paths {
            network.set_conditions(now, conditions(&self.all, &self.peers, *peer));
        }
    }

    /// Whether a packet on a path arrives at once: nothing is emulated there and nothing is on its way. Then it need
    /// not be pushed.
    pub fn is_open(&self, peer: PeerKey, path: PathId) -> bool {
        let is_open = match self.paths.get(&(peer, path)) {
            Some(network) => network.is_open(),
            None => self.peers.get(&peer).unwrap_or(&self.all).is_perfect(),
        };
        is_open && self.access.is_open()
    }

    /// Whether something is on its way on a path.
    pub fn holds(&self, peer: PeerKey, path: PathId) -> bool {
        let network = self.paths.get(&(peer, path));
        network.is_some_and(|network| network.in_flight() > 0)
            || self.access.iter().any(|packet| packet.path == (peer, path))
    }

    /// Sends a packet of so many bytes on a path.
    pub fn push(
        &mut self,
        now: Duration,
        (peer, path): (PeerKey, PathId),
        channel: Channel,
        bytes: usize,
        content: T,
    ) {
        let is_reliable = channel == Channel::Reliable;
        let in_flight = self.paths.get(&(peer, path)).map_or(0, NetworkEmulator::in_flight);
        if in_flight + self.access.len() >= MOST_IN_FLIGHT {
            if !is_reliable {
                return;
            }
            self.arrive_at_once(now, (peer, path));
        }
        let packet = Packet { path: (peer, path), channel, bytes, content };
        self.access.push(now, bytes, is_reliable, packet);
        self.advance(now);
    }

    /// The next packet that has arrived by `now`, in the order of arrival.
    pub fn pop(&mut self, now: Duration) -> Option<EmulatedArrival<T>> {
        self.advance(now);
        self.paths.values_mut().for_each(|network| network.advance(now));
        let due =
            |(path, network): (&Path, &NetworkEmulator<T>)| Some((network.next_due()?, *path));
        let (at, (peer, path)) =
            self.paths.iter().filter_map(due).min().filter(|(at, _)| *at <= now)?;
        let content = self.paths.get_mut(&(peer, path))?.pop(now)?;
        Some(EmulatedArrival { at, peer, path, content })
    }

    /// When the next packet arrives at the earliest; none if there is none.
    pub fn next_due(&self) -> Option<Duration> {
        let paths = self.paths.values().filter_map(NetworkEmulator::next_due);
        paths.chain(self.access.next_due()).min()
    }

    /// Takes out everything that is on its way on a path, in order, and forgets the path.
    pub fn close(&mut self, peer: PeerKey, path: PathId) -> Vec<T> {
        let network = self.paths.remove(&(peer, path));
        let mut out: Vec<T> = network.into_iter().flat_map(|mut it| it.drain()).collect();
        let waiting = self.access.extract(|packet| packet.path == (peer, path));
        out.extend(waiting.into_iter().map(|packet| packet.content));
        out
    }

    /// The paths that something was sent on.
    pub fn paths(&self) -> Vec<(PeerKey, PathId)> {
        let waiting = self.access.iter().map(|packet| packet.path);
        let mut paths: Vec<Path> = self.paths.keys().copied().chain(waiting).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// Has what got through the access link by `now` travel on.
    fn advance(&mut self, now: Duration) {
        while let Some((at, packet)) = self.access.pop(now) {
            let network = self.network(packet.path);
            match packet.channel {
                Channel::Datagram => network.push(at, packet.bytes, packet.content),
                Channel::Reliable => network.push_reliable(at, packet.bytes, packet.content),
            }
        }
    }

    fn network(&mut self, path: Path) -> &mut NetworkEmulator<T> {
        let Self { seed, all, peers, paths, made, .. } = self;
        paths.entry(path).or_insert_with(|| {
            let seed = seed.wrapping_add(made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            *made += 1;
            NetworkEmulator::new(conditions(all, peers, path.0), seed)
        })
    }

    /// Has everything on a path arrive now.
    fn arrive_at_once(&mut self, now: Duration, path: Path) {
        let waiting = self.access.extract(|packet| packet.path == path);
        let waiting = waiting.into_iter().map(|packet| packet.content);
        self.network(path).arrive_at_once(now, waiting);
    }
}

/// The conditions on a path to a peer, behind the access link.
fn conditions(
    all: &NetworkConditions,
    peers: &BTreeMap<PeerKey, NetworkConditions>,
    peer: PeerKey,
) -> NetworkConditions {
    match peers.get(&peer) {
        Some(own) => own.clone(),
        None => NetworkConditions { bandwidth: None, ..all.clone() },
    }
}
