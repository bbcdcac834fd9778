//! Peers in one process: a signaling server and a network made of a seed.
//!
//! A [`MemoryHub`] is what a server and the network between the peers are outside: it keeps rooms by
//! code, agrees the roster, refuses whom a server would refuse, and carries packets through one
//! [`NetworkEmulator`](netplay_core::emulator::NetworkEmulator) for each direction of each path. An attempt
//! makes a path of the kind [`Memory`](PathKind::Memory); the relay is a path beside it. A
//! [`MemoryTransport`] is one peer's end of it.
//!
//! Time is what the transports are polled with: the hub's clock is the furthest that any peer has come,
//! so nothing sleeps and everything repeats by seed. Signaling takes no time. A peer's last reliable
//! packets arrive before others learn that it is gone.
//!
//! For tests, paths can be [cut](MemoryHub::cut), peers [muted](MemoryHub::mute) and packets
//! [injected](MemoryHub::inject).

mod controls;
mod packets;
mod paths;
mod state;
mod transport;
mod wire;

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
/// assert!(matches!(first.next_event(), Some(TransportEvent::Joined { .. })));
/// ```
#[derive(Clone, Debug)]
pub struct MemoryHub {
    state: Arc<Mutex<State>>,
}

impl MemoryHub {
    /// A hub without rooms, whose network is like this in every direction.
    pub fn new(conditions: NetworkConditions, seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(conditions, seed))) }
    }

    /// Joins a room, making it if it is not there. A peer that is refused gets a transport whose only
    /// event is [`Left`](crate::TransportEvent::Left). A queue is one room per
    /// size. The request's servers, game, password, token and policy mean nothing here.
    pub fn join(&self, request: &JoinRequest) -> MemoryTransport {
        let member = self.state().join(request);
        MemoryTransport::new(self.clone(), member)
    }

    /// The network from one peer to another is like this from now on, whether they joined already or
    /// not.
    pub fn set_conditions(&self, from: PeerKey, to: PeerKey, conditions: NetworkConditions) {
        self.state().set_conditions(from, to, conditions);
    }

    /// The network is like this in every direction from now on.
    pub fn set_all_conditions(&self, conditions: NetworkConditions) {
        self.state().set_all_conditions(conditions);
    }

    /// How long an attempt takes from now on, of those that are begun. Default no time at all.
    pub fn set_attempts_take(&self, time: Duration) {
        self.state().attempts_take = time;
    }

    /// Cuts every path between two peers: what is in flight or sent from now on does not arrive, in both
    /// directions. Reliable packets wait until [`Self::heal`]; attempts fail.
    pub fn cut(&self, a: PeerKey, b: PeerKey) {
        for kind in [PathKind::Memory, PathKind::Relay] {
            self.cut_path(a, b, kind);
            self.cut_path(b, a, kind);
        }
    }

    /// Mends what [`Self::cut`] cut. Reliable packets that waited are on their way now.
    pub fn heal(&self, a: PeerKey, b: PeerKey) {
        for kind in [PathKind::Memory, PathKind::Relay] {
            self.heal_path(a, b, kind);
            self.heal_path(b, a, kind);
        }
    }

    /// Cuts what one peer sends to another on paths of a kind, [`Memory`](PathKind::Memory) or
    /// [`Relay`](PathKind::Relay).
    pub fn cut_path(&self, from: PeerKey, to: PeerKey, kind: PathKind) {
        self.state().cut(from, to, kind);
    }

    /// Mends what [`Self::cut_path`] cut.
    pub fn heal_path(&self, from: PeerKey, to: PeerKey, kind: PathKind) {
        self.state().heal(from, to, kind);
    }

    /// Closes every connection between two peers. What the server carries goes on.
    pub fn reset(&self, a: PeerKey, b: PeerKey) {
        self.state().reset(a, b);
    }

    /// Whether there is a signaling server. Without it nothing is relayed and every attempt fails.
    pub fn set_server(&self, there: bool) {
        self.state().set_server(there);
    }

    /// Nothing that this peer sends from now on arrives anywhere, though it hears the others. Reliable
    /// packets wait until [`Self::unmute`].
    pub fn mute(&self, peer: PeerKey) {
        self.state().mute(peer);
    }

    /// The peer is heard again. Reliable packets that waited are on their way now.
    pub fn unmute(&self, peer: PeerKey) {
        self.state().unmute(peer);
    }

    /// The process of a peer ends: its paths go down when what it had sent has arrived.
    pub fn crash(&self, peer: PeerKey) {
        self.state().crash(peer);
    }

    /// Hands a packet of any content and size to `to` when it polls next, as if it came from `from`.
    /// Neither network conditions nor limits apply. Does nothing if `to` is in no room.
    pub fn inject(&self, from: PeerKey, to: PeerKey, channel: Channel, packet: Vec<u8>) {
        self.state().inject(from, to, channel, packet);
    }

    /// The newest packet that a peer sent to another on a channel, whatever became of it: what a test bends
    /// before it [injects](Self::inject) it.
    pub fn last_packet(&self, from: PeerKey, to: PeerKey, channel: Channel) -> Option<Vec<u8>> {
        self.state().last_packet(from, to, channel)
    }

    /// How many packets are on their way or wait for a link to be mended.
    pub fn in_flight(&self) -> usize {
        self.state().in_flight()
    }

    /// Exclusive use of the state. A panic elsewhere does not make it wrong: every change is complete
    /// before anything can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
