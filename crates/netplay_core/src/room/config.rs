//! The settings of a room, fixed when it is joined.

use std::time::Duration;

use netplay_protocol::PeerKey;

use crate::link::LinkConfig;
use crate::path::PathPolicy;

/// The settings of a room. The caller keeps them within their bounds and provides everything random.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The key of the local peer.
    pub local_peer: PeerKey,
    /// Tells this process from the ones before it under the same key: at random and not 0.
    pub incarnation: u32,
    /// The name and version of the game. Peers that play another one end the room.
    pub game: String,
    /// A hash of what is registered for rollback. Peers with another one end the room.
    pub registered: u64,
    /// Frames per second of the simulation. Peers with another rate end the room.
    pub frame_rate: usize,
    /// The size of one player's input in a datagram, in bytes.
    pub input_bytes: usize,
    /// How many frames a local input waits before it takes effect.
    pub input_delay: usize,
    /// How many frames the simulation may run ahead of the last confirmed one.
    pub max_prediction: usize,
    /// How many frames lie between two checksums that peers compare.
    pub checksum_interval: u32,
    /// After how long without a sign of life a player is dropped from the match.
    pub disconnect_timeout: Duration,
    /// The thresholds of links.
    pub link: LinkConfig,
    /// Which paths may carry packets.
    pub policy: PathPolicy,
    /// The player who sent the invitation, and must be in the room.
    pub host: Option<PeerKey>,
    /// What the local player wants to be called; empty for nothing.
    pub name: String,
}

impl RoomConfig {
    /// How long a frame lasts.
    pub fn frame_duration(&self) -> Duration {
        Duration::from_secs(1) / self.frame_rate.clamp(1, 1000) as u32
    }
}
