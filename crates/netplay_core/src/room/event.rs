//! The events of a room, for its driver and the game.

use std::time::Duration;

use netplay_protocol::signaling::Presence;
use netplay_protocol::{PeerKey, RoomCode, Secret};

use super::EndReason;
use crate::agent::PathChange;
use crate::link::LinkQuality;

/// Something that happened in a room. Players are numbered from 0 in the order of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// The local peer waits in the matchmaking queue.
    Queued {
        /// How many wait for the same, the local peer included.
        waiting: u32,
    },
    /// The server admitted the local peer to a room.
    Joined {
        /// The code of the room.
        room: RoomCode,
        /// How many players the room is for.
        size: u8,
        /// What brings the local peer back to its slot after a restart. None where the server keeps no slots.
        resume_token: Option<Secret>,
    },
    /// The room waits for players, for connections to them, or for their agreement on what is played.
    Lobby,
    /// Every player is connected and agrees, or the local peer rejoins a match: it is about to start.
    Synchronizing,
    /// A match starts now. The driver sets the simulation up for it.
    StartMatch(MatchStart),
    /// A peer is connected.
    PeerJoined {
        /// The peer.
        peer: PeerKey,
    },
    /// A peer left, or was disconnected.
    PeerLeft {
        /// The peer.
        peer: PeerKey,
        /// Why: a sentence.
        reason: String,
    },
    /// A peer of the lobby cannot be played with. Nothing is taken from it until it joins again, or its game restarts;
    /// without it the room is not complete, so no match starts while it stays. A room for two ends instead, and so does
    /// one of which the peer is the [host](super::RoomConfig::host).
    PeerRefused {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// Why: what the room would end with if nobody else were in it.
        reason: EndReason,
    },
    /// A player was dropped from the match, which goes on without it.
    PlayerDisconnected {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// The last frame whose input the player gave itself; -1 if it gave none.
        frame: i32,
        /// Why: a sentence.
        reason: String,
    },
    /// Nothing was heard of a peer for a while.
    PeerInterrupted {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// How long until the player is disconnected.
        time_left: Duration,
    },
    /// An interrupted peer is heard again.
    PeerResumed {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// How long nothing was heard.
        after: Duration,
    },
    /// A peer's simulation stands still, although its link is alive: its clock is paused, or its game runs no frames.
    /// The others wait for it. [`Self::PeerUnstalled`] follows unless the player is dropped or the match ends.
    PeerStalled {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// The last frame whose input it gave; -1 if it gave none.
        frame: i32,
        /// How long until the player is dropped; none if it is not.
        time_left: Option<Duration>,
    },
    /// The simulation of a peer that was reported as stalled goes on.
    PeerUnstalled {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// How long it stood still.
        after: Duration,
    },
    /// A peer lost its connection to the signaling server, came back to it or left.
    PresenceChanged {
        /// The peer.
        peer: PeerKey,
        /// Where it is now.
        presence: Presence,
    },
    /// Packets to a peer take another path.
    PathChanged {
        /// The peer.
        peer: PeerKey,
        /// From which path to which, and why.
        change: PathChange,
    },
    /// The quality of a link changed.
    QualityChanged {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// The quality before.
        from: LinkQuality,
        /// The quality now.
        to: LinkQuality,
    },
    /// The state of a player differs from the local one. Told once for each player and match.
    Desync {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
        /// The first compared frame at which they differ.
        frame: i32,
        /// The local checksum of that frame.
        local: u64,
        /// The player's checksum of that frame.
        remote: u64,
        /// The last compared frame before it at which they were equal, if any was compared.
        last_equal_frame: Option<i32>,
    },
    /// A player votes for a rematch.
    RematchWanted {
        /// The peer.
        peer: PeerKey,
        /// The player.
        player: usize,
    },
    /// The room ended. No event follows.
    Ended(EndReason),
}

/// A match that starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchStart {
    /// Counts the matches of a room, from 1.
    pub epoch: u16,
    /// The peers who play, in the order of the players.
    pub players: Vec<PeerKey>,
    /// The local player.
    pub local_player: usize,
    /// The same on every peer, different for every match.
    pub seed: u64,
    /// How many frames a local input waits before it takes effect, when the match begins. A player who rejoins begins
    /// with the delay that its first input had, so that it gives the inputs of its log for the same frames again; once
    /// it has caught up, the delay becomes the one in [`RoomConfig::input_delay`](super::RoomConfig::input_delay).
    pub input_delay: usize,
}
