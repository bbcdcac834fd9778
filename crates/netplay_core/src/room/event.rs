//! The events of a room, for its driver and the game.

use std::time::Duration;

use netplay_protocol::signaling::{Presence, RoomState};
use netplay_protocol::{LobbyValues, PeerKey, RoomCode, Secret};

use super::{CancelReason, EndReason};
use crate::agent::PathChange;
use crate::doctor::Finding;
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
        /// With how many players a match starts at least, once all are ready. None if it starts when the room is full.
        least: Option<u8>,
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
        /// The first player of the peer.
        player: usize,
        /// Why: what the room would end with if nobody else were in it.
        reason: EndReason,
    },
    /// A player was dropped from the match, which goes on without it.
    PlayerDisconnected {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
        /// How many players its peer brings: those with the handles that follow are dropped as well.
        count: u8,
        /// The last frame whose input the player gave itself; -1 if it gave none.
        frame: i32,
        /// Why: a sentence.
        reason: String,
    },
    /// Nothing was heard of a peer for a while.
    PeerInterrupted {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
        /// How long until the player is disconnected.
        time_left: Duration,
    },
    /// An attempt at a connection has shown what is wrong with the network of either side. Not told again while it stays
    /// the same.
    LinkDiagnosed {
        /// The peer.
        peer: PeerKey,
        /// What is wrong, and what to do.
        finding: Finding,
    },
    /// An interrupted peer is heard again.
    PeerResumed {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
        /// How long nothing was heard.
        after: Duration,
    },
    /// The page that a peer runs in is closed, loaded again or left for another one. Its place in the match is kept for a
    /// while. [`Self::PeerBack`] follows if it comes back in time.
    PeerAway {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
        /// How long until the player is disconnected.
        time_left: Duration,
    },
    /// A peer that went away is back: its page was loaded again, or is shown again.
    PeerBack {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
        /// How long it was away.
        after: Duration,
    },
    /// A peer's simulation stands still, although its link is alive: its clock is paused, or its game runs no frames.
    /// The others wait for it. [`Self::PeerUnstalled`] follows unless the player is dropped or the match ends.
    PeerStalled {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
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
        /// The first player of the peer.
        player: usize,
        /// How long it stood still.
        after: Duration,
    },
    /// The machine of a peer is too slow for the simulation. The others wait for it once their prediction windows are
    /// full. [`Self::PeerFastEnough`] follows unless the player is dropped or the match ends.
    PeerTooSlow {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
        /// How many frames per second it simulates.
        frame_rate: u32,
    },
    /// The machine of a peer that was too slow is fast enough again.
    PeerFastEnough {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
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
        /// The first player of the peer.
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
        /// The first player of the peer.
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
    /// What the room is like, where that is not the default or has changed: whether it is open, and who may remove
    /// members.
    StateChanged(RoomState),
    /// A member was removed from the room by others.
    PeerKicked {
        /// The peer.
        peer: PeerKey,
        /// Whether it is kept out of the room.
        banned: bool,
    },
    /// Somebody votes for the removal of a member.
    KickVotes {
        /// The member.
        peer: PeerKey,
        /// How many want it removed.
        votes: u8,
        /// How many are needed.
        needed: u8,
    },
    /// A player votes for a rematch.
    RematchWanted {
        /// The peer.
        peer: PeerKey,
        /// The first player of the peer.
        player: usize,
    },
    /// Something that [`Room::lobby`](super::Room::lobby) shows has changed.
    LobbyChanged,
    /// A member of the lobby is ready for the next match, or is so no longer.
    ReadyChanged {
        /// The peer.
        peer: PeerKey,
        /// Its place in the room.
        player: usize,
        /// Whether it is ready.
        ready: bool,
    },
    /// All are ready, or the room's first player wants to start: a countdown to the match begins.
    CountdownStarted {
        /// How many players are to play.
        players: usize,
        /// How long it lasts.
        length: Duration,
    },
    /// No match starts for now.
    CountdownCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// The match is over, and the room is in its lobby again.
    MatchEnded {
        /// The match.
        epoch: u16,
        /// The frame with which the simulation has ended it. None if the local simulation has not: most of the others
        /// have ended the match, or nobody else was left in it.
        frame: Option<i32>,
    },
    /// The room ended. No event follows.
    Ended(EndReason),
}

/// A match that starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchStart {
    /// Counts the matches of a room, from 1.
    pub epoch: u16,
    /// The peers who play, in the order of their players.
    pub players: Vec<PeerKey>,
    /// How many players each of them brings.
    pub player_counts: Vec<u8>,
    /// The local peer: its index in `players`.
    pub local_player: usize,
    /// The same on every peer, different for every match.
    pub seed: u64,
    /// The values of the lobby that it starts with, the same on every peer.
    pub lobby: LobbyValues,
    /// How many frames a local input waits before it takes effect, when the match begins. A player who rejoins begins
    /// with the delay that its first input had, so that it gives the inputs of its log for the same frames again; once
    /// it has caught up, the delay becomes the one in [`RoomConfig::input_delay`](super::RoomConfig::input_delay).
    pub input_delay: usize,
}

impl RoomEvent {
    /// The players in it: a room knows them by the places of their peers, and the game by their handles.
    pub(super) fn players_mut(&mut self) -> impl Iterator<Item = &mut usize> {
        let (player, reason) = match self {
            Self::PeerRefused { player, reason, .. } => (Some(player), reason.player_mut()),
            Self::Ended(reason) => (reason.player_mut(), None),
            Self::PlayerDisconnected { player, .. }
            | Self::PeerInterrupted { player, .. }
            | Self::PeerResumed { player, .. }
            | Self::PeerAway { player, .. }
            | Self::PeerBack { player, .. }
            | Self::PeerStalled { player, .. }
            | Self::PeerUnstalled { player, .. }
            | Self::PeerTooSlow { player, .. }
            | Self::PeerFastEnough { player, .. }
            | Self::QualityChanged { player, .. }
            | Self::Desync { player, .. }
            | Self::RematchWanted { player, .. } => (Some(player), None),
            // Its place is that in the room, who plays a match or not.
            Self::ReadyChanged { .. }
            | Self::Queued { .. }
            | Self::Joined { .. }
            | Self::Lobby
            | Self::Synchronizing
            | Self::StartMatch(_)
            | Self::PeerJoined { .. }
            | Self::PeerLeft { .. }
            | Self::PresenceChanged { .. }
            | Self::PathChanged { .. }
            | Self::LinkDiagnosed { .. }
            | Self::StateChanged(_)
            | Self::PeerKicked { .. }
            | Self::KickVotes { .. }
            | Self::LobbyChanged
            | Self::CountdownStarted { .. }
            | Self::CountdownCancelled { .. }
            | Self::MatchEnded { .. } => (None, None),
        };
        player.into_iter().chain(reason)
    }
}
