//! Names and kinds of paths, and the ICE candidates at their ends.

use std::fmt;

/// Names a path of a link. An id is not used again while the link exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u64);

impl PathId {
    /// The path through the signaling server. A link has at most one.
    pub const RELAY: Self = Self(0);
}

/// How packets travel to a peer. The order of the variants is the order of preference, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKind {
    /// Inside this process.
    Memory,
    /// Straight to the peer (ICE host, server reflexive or peer reflexive candidates).
    Direct,
    /// Through a TURN server (RFC 8656).
    Turn,
    /// Through the signaling server.
    Relay,
}

impl PathKind {
    /// Every kind, best first.
    pub const ALL: [Self; 4] = [Self::Memory, Self::Direct, Self::Turn, Self::Relay];

    /// Whether packets bypass the signaling server.
    pub fn is_peer_to_peer(self) -> bool {
        self != Self::Relay
    }
}

impl fmt::Display for PathKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Direct => "direct",
            Self::Turn => "turn",
            Self::Relay => "relay",
        })
    }
}

/// The type of the ICE candidate at one end of a path (RFC 8445 section 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateKind {
    /// An address of the machine itself.
    Host,
    /// The address that a STUN server saw.
    ServerReflexive,
    /// The address that the other peer saw.
    PeerReflexive,
    /// An address on a TURN server.
    Relay,
}

impl fmt::Display for CandidateKind {
    /// The name that SDP gives it (RFC 8839).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relay => "relay",
        })
    }
}

/// The selected candidate pair of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidates {
    /// The candidate of the local peer.
    pub local: CandidateKind,
    /// The candidate of the remote peer.
    pub remote: CandidateKind,
}
