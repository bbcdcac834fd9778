use std::fmt;
use std::str::FromStr;

use netplay_protocol::RelayChannel;

/// Names a path of a link, as long as the link lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u64);

impl PathId {
    /// The path through the signaling server. There is at most one on a link.
    pub const RELAY: Self = Self(0);
}

/// How packets travel to a peer, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKind {
    /// Inside this process.
    Memory,
    /// Straight to the peer (ICE host, server reflexive or peer reflexive candidates).
    Direct,
    /// Through a TURN server.
    Turn,
    /// Through the signaling server.
    Relay,
}

impl PathKind {
    /// Whether the signaling server has no part in it.
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

/// Which paths may carry packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathPolicy {
    /// Whatever works.
    #[default]
    Any,
    /// Only straight to the peer.
    Direct,
    /// Only through a TURN server.
    Turn,
    /// Only through the signaling server.
    Relay,
}

impl PathPolicy {
    /// Whether packets may travel through the signaling server.
    pub fn allows_relay(self) -> bool {
        matches!(self, Self::Any | Self::Relay)
    }

    /// Whether there may be WebRTC connections.
    pub fn allows_attempts(self) -> bool {
        self != Self::Relay
    }
}

/// The text is not a [`PathPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a path policy: use any, direct, turn or relay")]
pub struct BadPathPolicy(String);

impl FromStr for PathPolicy {
    type Err = BadPathPolicy;

    fn from_str(text: &str) -> Result<Self, BadPathPolicy> {
        match text {
            "any" => Ok(Self::Any),
            "direct" => Ok(Self::Direct),
            "turn" => Ok(Self::Turn),
            "relay" => Ok(Self::Relay),
            other => Err(BadPathPolicy(other.to_owned())),
        }
    }
}

/// The two channels of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Unordered, never retransmitted: inputs.
    Datagram,
    /// Ordered, retransmitted until it arrives or the path is closed: everything else.
    Reliable,
}

impl From<RelayChannel> for Channel {
    fn from(channel: RelayChannel) -> Self {
        match channel {
            RelayChannel::Datagram => Self::Datagram,
            RelayChannel::Reliable => Self::Reliable,
        }
    }
}

impl From<Channel> for RelayChannel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Datagram => Self::Datagram,
            Channel::Reliable => Self::Reliable,
        }
    }
}
