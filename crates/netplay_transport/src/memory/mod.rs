//! Peers in one process: a signaling server and a network, simulated from a seed.
//!
//! A [`MemoryHub`] replaces both the server and the network between the peers. It keeps rooms by code and their
//! rosters, refuses what a server would refuse, and sends packets through one
//! [`NetworkEmulator`](netplay_core::emulator::NetworkEmulator) for each direction of each path. An attempt makes a
//! path of the kind [`Memory`](PathKind::Memory); the relay is a path beside it. A [`MemoryTransport`] is the end of
//! the hub that one peer holds.
//!
//! Time is passed in when a transport is polled. The hub's clock is the latest time of any peer, so nothing sleeps and
//! every run repeats by seed. Signaling takes no time. The last reliable packets of a peer arrive before the others
//! see its paths go down.
//!
//! For tests, paths can be [cut](MemoryHub::cut), peers [muted](MemoryHub::mute) and packets
//! [injected](MemoryHub::inject).

mod access;
mod controls;
mod packets;
mod paths;
mod state;
mod transport;
mod wire;

use std::hash::Hasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netplay_core::emulator::NetworkConditions;
use netplay_core::path::{Channel, PathKind};
use netplay_protocol::PeerKey;

use crate::JoinRequest;
use state::State;

pub use transport::MemoryTransport;

/// A signaling server and the network between peers, in one process. Clones are the same hub.
///
/// ```
/// use netplay_core::emulator::NetworkConditions;
/// use netplay_protocol::Identity;
/// use netplay_transport::memory::MemoryHub;
/// use netplay_protocol::signaling::Entry;
/// use netplay_transport::{JoinRequest, Transport, TransportEvent};
/// use std::time::Duration;
///
/// let hub = MemoryHub::new(NetworkConditions::wifi(), 1);
/// let request = |name: u8| {
///     JoinRequest::new(Entry::Room("ABC".into()), 2, Identity::from_secret(&[name; 32]))
/// };
/// let mut first = hub.join(&request(1));
/// let _second = hub.join(&request(2));
/// first.poll(Duration::ZERO);
/// assert!(matches!(first.poll_event(), Some(TransportEvent::Joined { .. })));
/// ```
#[derive(Clone, Debug)]
pub struct MemoryHub {
    state: Arc<Mutex<State>>,
}

impl MemoryHub {
    /// A hub without rooms. These are the conditions in every direction.
    pub fn new(conditions: NetworkConditions, seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(conditions, seed))) }
    }

    /// Joins a room, or creates it. A peer that is refused gets a transport whose only event is
    /// [`Left`](crate::TransportEvent::Left). A queue is one room for each size. The servers, game, password, token, room
    /// options and policy of the request are ignored: the member with the lowest place may remove others and close the
    /// room.
    pub fn join(&self, request: &JoinRequest) -> MemoryTransport {
        let member = self.state().join(request);
        MemoryTransport::new(self.clone(), member)
    }

    /// A hash of every packet that any peer has sent so far, and when: a seed that is played again gives the same one.
    pub fn traffic_hash(&self) -> u64 {
        self.state().sent.finish()
    }

    /// Sets the conditions from one peer to another, whether they have joined or not.
    pub fn set_conditions(&self, from: PeerKey, to: PeerKey, conditions: NetworkConditions) {
        self.state().set_conditions(from, to, conditions);
    }

    /// Sets the conditions in every direction.
    pub fn set_all_conditions(&self, conditions: NetworkConditions) {
        self.state().set_all_conditions(conditions);
    }

    /// Sets how long an attempt that begins from now on takes. The default is zero.
    pub fn set_attempts_take(&self, time: Duration) {
        self.state().attempts_take = time;
    }

    /// Cuts every path between two peers, in both directions: datagrams in flight and later ones are lost. Reliable
    /// packets wait until [`Self::heal`]; attempts fail.
    pub fn cut(&self, a: PeerKey, b: PeerKey) {
        for kind in [PathKind::Memory, PathKind::Relay] {
            self.cut_path(a, b, kind);
            self.cut_path(b, a, kind);
        }
    }

    /// Undoes [`Self::cut`]. Reliable packets that waited are sent.
    pub fn heal(&self, a: PeerKey, b: PeerKey) {
        for kind in [PathKind::Memory, PathKind::Relay] {
            self.heal_path(a, b, kind);
            self.heal_path(b, a, kind);
        }
    }

    /// Cuts one direction of the paths of a kind, [`Memory`](PathKind::Memory) or [`Relay`](PathKind::Relay).
    pub fn cut_path(&self, from: PeerKey, to: PeerKey, kind: PathKind) {
        self.state().cut(from, to, kind);
    }

    /// Undoes [`Self::cut_path`].
    pub fn heal_path(&self, from: PeerKey, to: PeerKey, kind: PathKind) {
        self.state().heal(from, to, kind);
    }

    /// Closes every connection between two peers, but not the relay.
    pub fn reset(&self, a: PeerKey, b: PeerKey) {
        self.state().reset(a, b);
    }

    /// Sets whether there is a signaling server. Without it nothing is relayed and every attempt fails.
    pub fn set_server(&self, there: bool) {
        self.state().set_server(there);
    }

    /// Blocks everything that a peer sends, but not what the others send to it. Its reliable packets wait until
    /// [`Self::unmute`].
    pub fn mute(&self, peer: PeerKey) {
        self.state().mute(peer);
    }

    /// Undoes [`Self::mute`]. Reliable packets that waited are sent.
    pub fn unmute(&self, peer: PeerKey) {
        self.state().unmute(peer);
    }

    /// Ends the process of a peer: its paths go down once what it had sent has arrived.
    pub fn crash(&self, peer: PeerKey) {
        self.state().crash(peer);
    }

    /// Delivers a packet of any content and size to `to` at its next poll, as if `from` had sent it. Neither network
    /// conditions nor limits apply. Does nothing if `to` is in no room.
    pub fn inject(&self, from: PeerKey, to: PeerKey, channel: Channel, packet: Vec<u8>) {
        self.state().inject(from, to, channel, packet);
    }

    /// The last packet that a peer sent to another on a channel, lost or not. Tests modify it and
    /// [inject](Self::inject) it.
    pub fn last_packet(&self, from: PeerKey, to: PeerKey, channel: Channel) -> Option<Vec<u8>> {
        self.state().last_packet(from, to, channel)
    }

    /// The number of packets that are in flight or wait for a path to be healed.
    pub fn in_flight(&self) -> usize {
        self.state().in_flight()
    }

    /// Locks the state. A panic elsewhere does not make it inconsistent: every change is complete before anything can
    /// panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
