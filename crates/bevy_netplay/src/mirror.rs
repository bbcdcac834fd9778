//! What the core knows of links and peers, for games: mirrors of its enums under names that clash with nothing,
//! which Bevy can reflect.

use std::fmt;

use bevy::prelude::*;
use netplay_core::link::{LinkCounters as CoreCounters, LinkQuality as CoreQuality};
use netplay_core::path::{CandidateKind, Candidates, PathKind};
use netplay_protocol::signaling::{KickRule as CoreKickRule, Presence};
use serde::{Deserialize, Serialize};

/// How packets travel to a peer, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum LinkPath {
    /// Inside this process, as in tests.
    Memory,
    /// Straight to the peer.
    Direct,
    /// Through a TURN server.
    Turn,
    /// Through the signaling server.
    Relay,
}

impl LinkPath {
    /// Whether packets reach the peer without the signaling server.
    pub fn is_peer_to_peer(self) -> bool {
        self != Self::Relay
    }
}

impl fmt::Display for LinkPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PathKind::from(*self).fmt(f)
    }
}

impl From<PathKind> for LinkPath {
    fn from(kind: PathKind) -> Self {
        match kind {
            PathKind::Memory => Self::Memory,
            PathKind::Direct => Self::Direct,
            PathKind::Turn => Self::Turn,
            PathKind::Relay => Self::Relay,
        }
    }
}

impl From<LinkPath> for PathKind {
    fn from(path: LinkPath) -> Self {
        match path {
            LinkPath::Memory => Self::Memory,
            LinkPath::Direct => Self::Direct,
            LinkPath::Turn => Self::Turn,
            LinkPath::Relay => Self::Relay,
        }
    }
}

/// How good a link is, best first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Reflect,
    Serialize,
    Deserialize,
)]
#[reflect(Debug, Default, PartialEq, Hash)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LinkQuality {
    /// A match feels as if it were local.
    #[default]
    Good,
    /// Rollbacks become visible.
    Degraded,
    /// A match is hard to play.
    Poor,
    /// Nothing is heard.
    Lost,
}

impl fmt::Display for LinkQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Degraded => "degraded",
            Self::Poor => "poor",
            Self::Lost => "lost",
        })
    }
}

impl From<CoreQuality> for LinkQuality {
    fn from(quality: CoreQuality) -> Self {
        match quality {
            CoreQuality::Good => Self::Good,
            CoreQuality::Degraded => Self::Degraded,
            CoreQuality::Poor => Self::Poor,
            CoreQuality::Lost => Self::Lost,
        }
    }
}

/// Where a peer of the room is, as far as the signaling server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum PeerPresence {
    /// Connected to the server.
    Online,
    /// Connected to the server after its process was restarted.
    Restarted,
    /// Not connected; the server keeps its place for a while.
    Away,
    /// It left the room.
    Left,
}

impl From<Presence> for PeerPresence {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Online => Self::Online,
            Presence::Restarted => Self::Restarted,
            Presence::Away | Presence::PageClosed => Self::Away,
            Presence::Left => Self::Left,
        }
    }
}

/// Who may remove players from a room. Its creator chooses ([`JoinRoom::kick_rule`](crate::JoinRoom::kick_rule)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, Default, PartialEq, Hash)]
#[non_exhaustive]
pub enum KickRule {
    /// The first player alone: the one with the lowest place of those who are there.
    #[default]
    FirstPlayer,
    /// More than half of the other players together, and at least two.
    Vote,
}

impl From<CoreKickRule> for KickRule {
    fn from(rule: CoreKickRule) -> Self {
        match rule {
            CoreKickRule::FirstPlayer => Self::FirstPlayer,
            CoreKickRule::Vote => Self::Vote,
        }
    }
}

impl From<KickRule> for CoreKickRule {
    fn from(rule: KickRule) -> Self {
        match rule {
            KickRule::FirstPlayer => Self::FirstPlayer,
            KickRule::Vote => Self::Vote,
        }
    }
}

/// What kind of ICE candidate an end of a path is (RFC 8445).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum LinkCandidate {
    /// An address of the machine itself.
    Host,
    /// The address that a STUN server saw.
    ServerReflexive,
    /// The address that the other peer saw.
    PeerReflexive,
    /// An address on a TURN server.
    Relay,
}

impl fmt::Display for LinkCandidate {
    /// The name that SDP gives it (RFC 8839): `host`, `srflx`, `prflx` or `relay`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relay => "relay",
        })
    }
}

impl From<CandidateKind> for LinkCandidate {
    fn from(kind: CandidateKind) -> Self {
        match kind {
            CandidateKind::Host => Self::Host,
            CandidateKind::ServerReflexive => Self::ServerReflexive,
            CandidateKind::PeerReflexive => Self::PeerReflexive,
            CandidateKind::Relay => Self::Relay,
        }
    }
}

/// Both ends of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub struct LinkCandidates {
    /// The local end.
    pub local: LinkCandidate,
    /// The peer's end.
    pub remote: LinkCandidate,
}

impl From<Candidates> for LinkCandidates {
    fn from(candidates: Candidates) -> Self {
        Self { local: candidates.local.into(), remote: candidates.remote.into() }
    }
}

/// What a link has counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LinkCounters {
    /// Datagrams sent. One that travels on two paths counts twice.
    pub datagrams_sent: u64,
    /// Well-formed, new datagrams received.
    pub datagrams_received: u64,
    /// Bytes sent, with the link's headers and without those of the layers below it.
    pub bytes_sent: u64,
    /// Bytes of everything that arrived, malformed or not.
    pub bytes_received: u64,
    /// Datagrams that arrived twice, or so late that it cannot be told.
    pub duplicates: u64,
    /// Packets that were no datagram or message of this version.
    pub malformed: u64,
    /// Packets that were not looked at because the peer had sent too many.
    pub muted: u64,
    /// Attempts at a connection, the peer's included.
    pub attempts: u64,
}

impl From<CoreCounters> for LinkCounters {
    fn from(counters: CoreCounters) -> Self {
        Self {
            datagrams_sent: counters.datagrams_sent,
            datagrams_received: counters.datagrams_received,
            bytes_sent: counters.bytes_sent,
            bytes_received: counters.bytes_received,
            duplicates: counters.duplicates,
            malformed: counters.malformed,
            muted: counters.muted,
            attempts: counters.attempts,
        }
    }
}
