//! What a link reports and counts.

use std::fmt;
use std::time::Duration;

use netplay_protocol::signaling::ConnectionType;

use super::LinkQuality;
use crate::agent::{AttemptReason, PathChange, RelayReason};
use crate::path::{CandidateKind, Candidates, PathId, PathKind};

/// What happened on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent {
    /// The quality changed.
    QualityChanged {
        /// What it was.
        from: LinkQuality,
        /// What it is.
        to: LinkQuality,
    },
    /// Another path became primary.
    PathChanged(PathChange),
    /// What the primary path is, once that is known, and when it has changed.
    ConnectionChanged(Connection),
    /// An attempt at a connection begins, of the local peer.
    AttemptBegun(AttemptReason),
    /// The signaling server is asked to relay packets to the peer. It is asked again where it does not answer.
    RelayRequested(RelayReason),
    /// The signaling server need not relay packets to the peer any more.
    RelayClosed,
    /// Nothing has been heard for [`LinkConfig::silent_after`](super::LinkConfig::silent_after).
    Silent,
    /// Something was heard again.
    Heard {
        /// How long the silence lasted.
        after: Duration,
    },
    /// No path to the peer was found. Attempts go on.
    Unreachable {
        /// Why the last attempt failed, in words.
        reason: String,
    },
    /// The peer has exceeded its [rate limits](super::RateLimitConfig) again and again.
    Flooded,
}

/// What a primary path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The path.
    pub path: PathId,
    /// How packets travel.
    pub kind: PathKind,
    /// The pair of candidates; none for a path that has none, and where they are not known a second after it became
    /// primary.
    pub candidates: Option<Candidates>,
}

impl Connection {
    /// What the signaling server is told of it. None for a path inside this process.
    pub fn connection_type(&self) -> Option<ConnectionType> {
        const HOSTS: Candidates =
            Candidates { local: CandidateKind::Host, remote: CandidateKind::Host };
        match (self.kind, self.candidates) {
            (PathKind::Memory, _) => None,
            (PathKind::Direct, None) => Some(ConnectionType::Direct),
            (PathKind::Direct, Some(HOSTS)) => Some(ConnectionType::Host),
            (PathKind::Direct, Some(_)) => Some(ConnectionType::Reflexive),
            (PathKind::Turn, _) => Some(ConnectionType::Turn),
            (PathKind::Relay, _) => Some(ConnectionType::Relay),
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.candidates {
            Some(Candidates { local, remote }) => write!(f, " ({local} here, {remote} there)"),
            None => Ok(()),
        }
    }
}

/// What a link counts, since it was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Datagrams sent. A datagram that is sent on two paths counts twice.
    pub datagrams_sent: u64,
    /// Well-formed, new datagrams received.
    pub datagrams_received: u64,
    /// Bytes sent, with the headers of the link and without those below it.
    pub bytes_sent: u64,
    /// Bytes of everything that was received, malformed packets included.
    pub bytes_received: u64,
    /// Datagrams that came twice, or so late that duplicates cannot be told from new ones.
    pub duplicates: u64,
    /// Received packets that were no datagram or message of this version.
    pub malformed: u64,
    /// Packets that came while the peer was muted, and were not read.
    pub muted: u64,
    /// Attempts at a connection, the peer's included.
    pub attempts: u64,
}

/// The state of a link at a moment. Estimates are those of the primary path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkStats {
    /// How packets travel; none while there is no primary path.
    pub path: Option<PathKind>,
    /// The candidate pair of the primary path, once it is known.
    pub candidates: Option<Candidates>,
    /// Smoothed round trip time; none before the first acknowledgement.
    pub rtt: Option<Duration>,
    /// The minimum round trip time of the sliding window.
    pub rtt_min: Option<Duration>,
    /// Mean deviation of the arrival spacing.
    pub jitter: Duration,
    /// The fraction of the peer's datagrams that did not arrive, 0 to 1, over the loss window.
    pub loss: f32,
    /// The quality.
    pub quality: LinkQuality,
    /// The counters.
    pub counters: LinkCounters,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_server_is_told_whether_packets_go_straight_and_through_a_nat() {
        use CandidateKind::{Host, PeerReflexive, Relay, ServerReflexive};
        let of = |kind, candidates: Option<(CandidateKind, CandidateKind)>| {
            let candidates = candidates.map(|(local, remote)| Candidates { local, remote });
            Connection { path: PathId(1), kind, candidates }.connection_type()
        };
        for (kind, candidates, expected) in [
            (PathKind::Direct, None, Some(ConnectionType::Direct)),
            (PathKind::Direct, Some((Host, Host)), Some(ConnectionType::Host)),
            (PathKind::Direct, Some((Host, PeerReflexive)), Some(ConnectionType::Reflexive)),
            (PathKind::Direct, Some((ServerReflexive, Host)), Some(ConnectionType::Reflexive)),
            (PathKind::Turn, Some((Relay, Host)), Some(ConnectionType::Turn)),
            (PathKind::Turn, None, Some(ConnectionType::Turn)),
            (PathKind::Relay, None, Some(ConnectionType::Relay)),
            (PathKind::Memory, None, None),
        ] {
            assert_eq!(of(kind, candidates), expected, "{kind} {candidates:?}");
        }
    }
}
