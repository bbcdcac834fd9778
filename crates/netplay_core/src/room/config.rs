//! The settings of a room, fixed when it is joined.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use netplay_protocol::{Identity, MessageTypes, PeerKey};

use crate::link::LinkConfig;
use crate::match_::DelayBounds;
use crate::path::PathPolicy;

/// The settings of a room. The caller keeps them within their bounds and provides everything random.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The key of the local peer.
    pub local_peer: PeerKey,
    /// The identity of the local peer, which signs its inputs.
    pub identity: Identity,
    /// Tells this process from the ones before it under the same key: at random and not 0.
    pub incarnation: u32,
    /// What the local peer's parts of the seeds of matches are made of.
    pub entropy: Entropy,
    /// The name and version of the game. A peer that plays another one is [refused](super::RoomEvent::PeerRefused).
    pub game: String,
    /// A hash of what is registered for rollback. A peer with another one is refused.
    pub registered: u64,
    /// Frames per second of the simulation. A peer with another rate is refused.
    pub frame_rate: usize,
    /// What a player's input is where the player gives none: encoded, with a last byte 0, which tells that the player
    /// is not disconnected. Every input has its length, at most [`MAX_INPUT_BYTES`](crate::match_::MAX_INPUT_BYTES).
    /// A peer with another one is refused.
    pub default_input: Vec<u8>,
    /// How many frames a local input waits before it takes effect, at most
    /// [`MAX_INPUT_DELAY`](crate::match_::MAX_INPUT_DELAY).
    pub input_delay: DelayBounds,
    /// How many frames the simulation may run ahead of the last confirmed one, at most
    /// [`MAX_PREDICTION`](crate::match_::MAX_PREDICTION). 0 is lockstep: a frame is simulated when it is confirmed.
    pub max_prediction: usize,
    /// In how many datagrams in a row a changed input is sent, whatever is acknowledged: 1 to
    /// [`MAX_INPUT_REDUNDANCY`](crate::match_::MAX_INPUT_REDUNDANCY).
    pub input_redundancy: u8,
    /// After how long without a sign of life a player is dropped from the match.
    pub disconnect_timeout: Duration,
    /// For how long a player is waited for that has said that its page goes away. The page may be closed or loaded again.
    pub away_timeout: Duration,
    /// After how long a player is dropped from the match whose simulation stands still although its link is alive.
    /// None: never.
    pub stall_timeout: Option<Duration>,
    /// How many frames per second a player must simulate at least, to be in the match while the others wait for it; 0:
    /// any number.
    pub min_frame_rate: usize,
    /// The thresholds of links.
    pub link: LinkConfig,
    /// Which paths may carry packets.
    pub policy: PathPolicy,
    /// The player who sent the invitation, and must be in the room.
    pub host: Option<PeerKey>,
    /// Whether the local peer resumes the place that an earlier process of it had in the room. Only then a match that
    /// others say is running is rejoined.
    pub resumes: bool,
    /// How long the countdown to a match lasts, in a room in which players say that they are ready.
    pub countdown: Duration,
    /// What the local players want to be called, in their order; empty for nothing.
    pub names: Vec<String>,
    /// The types of messages that the game knows.
    pub messages: Arc<MessageTypes>,
}

/// 32 random bytes of this room in this process, which nobody else can know. Its debug text hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Entropy(pub [u8; 32]);

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

impl RoomConfig {
    /// How long a frame lasts.
    pub fn frame_duration(&self) -> Duration {
        Duration::from_secs(1) / self.frame_rate.clamp(1, 1000) as u32
    }
}
