//! What the driver does with WebRTC stacks.

use netplay_protocol::signaling::IceServer;
use netplay_protocol::{ConnectionId, PeerKey};

use super::{AttemptSignal, Role};

/// A command about one attempt, or about the connection that came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptCommand {
    /// Begin an attempt.
    Start {
        /// The other peer.
        peer: PeerKey,
        /// The attempt's id. The path that comes of it has the same number.
        connection: ConnectionId,
        /// Which side the local peer is.
        role: Role,
        /// The STUN and TURN servers to gather candidates from.
        ice_servers: Vec<IceServer>,
    },
    /// Hand a signal of the peer to an attempt. It is well formed, and comes in order.
    Signal {
        /// The peer that sent it.
        peer: PeerKey,
        /// To which attempt.
        connection: ConnectionId,
        /// The signal.
        signal: AttemptSignal,
    },
    /// Give an attempt up, or close its connection. Nothing is to be reported of it any more.
    Close {
        /// The other peer.
        peer: PeerKey,
        /// Which attempt.
        connection: ConnectionId,
    },
}
