//! A link in a report.

use serde::{Deserialize, Serialize};

use super::series::LinkSeries;

/// One link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct LinkReport {
    /// The player on the peer; the first one where there are several.
    pub player: u8,
    /// The players on the peer.
    #[serde(default)]
    pub players: Vec<u8>,
    /// The names of these players; empty for one that has none.
    #[serde(default)]
    pub names: Vec<String>,
    /// How packets travel: `direct`, `turn`, `relay` or `memory`.
    pub path: Option<String>,
    /// The kind of the ICE candidate at the local end: `host`, `srflx`, `prflx` or `relay`.
    pub local_candidate: Option<String>,
    /// The kind of the ICE candidate at the peer's end.
    pub remote_candidate: Option<String>,
    /// Smoothed round trip time.
    pub rtt_ms: f64,
    /// Smallest round trip time of the last 10 s.
    pub rtt_min_ms: f64,
    /// Largest smoothed round trip time of the match.
    #[serde(default)]
    pub rtt_max_ms: f64,
    /// Interarrival jitter (RFC 3550).
    pub jitter_ms: f64,
    /// Largest jitter of the match.
    #[serde(default)]
    pub jitter_max_ms: f64,
    /// The fraction of the peer's datagrams that did not arrive, 0 to 1, over the last 2 s.
    pub loss: f32,
    /// Largest loss of the match.
    #[serde(default)]
    pub loss_max: f32,
    /// How good the link is: `good`, `degraded`, `poor` or `lost`.
    pub quality: String,
    /// Datagrams sent. One that travels on two paths counts twice.
    pub datagrams_sent: u64,
    /// Well-formed, new datagrams received.
    pub datagrams_received: u64,
    /// Bytes sent, with the headers of the link and without those below it.
    pub bytes_sent: u64,
    /// Bytes of everything that arrived.
    pub bytes_received: u64,
    /// Packets that were no datagram or message of this version.
    pub dropped_malformed: u64,
    /// Attempts at a connection.
    pub attempts: u64,
    /// The last eight attempts that failed, oldest first.
    #[serde(default)]
    pub attempt_failures: Vec<AttemptFailureReport>,
    /// Inputs of the peer, one for each frame, by the path on which each came first.
    pub inputs_by_path: InputsByPath,
    /// Datagrams with inputs that were sent, by the path they took.
    #[serde(default)]
    pub sent_by_path: InputsByPath,
    /// Every change of path.
    pub path_changes: Vec<PathChangeReport>,
    /// The link over time.
    #[serde(default)]
    pub series: LinkSeries,
}

/// Inputs, or datagrams with inputs, by the path they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct InputsByPath {
    /// Straight to the peer.
    pub direct: u64,
    /// Through a TURN server.
    pub turn: u64,
    /// Through the signaling server.
    pub relay: u64,
}

/// An attempt at a connection that failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct AttemptFailureReport {
    /// When.
    pub at_ms: f64,
    /// Why, in words.
    pub reason: String,
}

/// A change of the primary path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct PathChangeReport {
    /// When.
    pub at_ms: f64,
    /// The path before.
    pub from: String,
    /// The path after.
    pub to: String,
    /// Why, in words.
    pub reason: String,
}
