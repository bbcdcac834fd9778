use bevy::prelude::*;
use netplay_transport::LeaveReason;

/// Where we are on the way to a match.
#[derive(States, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum NetplayState {
    /// In no room.
    #[default]
    Offline,
    /// On the way to the signaling server.
    Connecting,
    /// In a room, waiting for players and for connections to them.
    Lobby,
    /// Everybody is connected and agrees on what is played; the match is about to start.
    Synchronizing,
    /// In a match.
    Playing,
    /// Out of the room, for this reason.
    Ended(EndReason),
}

/// Why a room or match ended. Each is a sentence that a player understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// What was asked for cannot be joined.
    #[error("{0}")]
    BadRoom(String),
    /// The transport lost the room, or never got in.
    #[error("{0}")]
    Transport(#[from] LeaveReason),
    /// The room is without the player who invited us: the server led us elsewhere, or that player left.
    #[error(
        "the player who invited you is not in this room: the invitation is old, or the server is not to be trusted"
    )]
    HostMissing,
    /// No connection to a player could be made.
    #[error("could not connect to player {player}: {detail}", player = player + 1)]
    CannotConnect {
        /// The seat of the player, counted from 0.
        player: usize,
        /// What the last attempt failed with.
        detail: String,
    },
    /// The other player plays another game.
    #[error("player {player} plays {theirs:?} and you play {ours:?}: update the older one", player = player + 1)]
    GameDiffers {
        /// The seat of the player, counted from 0.
        player: usize,
        /// Our game.
        ours: String,
        /// Their game.
        theirs: String,
    },
    /// The same game, but built to roll back other things.
    #[error(
        "player {player} has another build of the game: what it simulates differs, so both need the same version",
        player = player + 1
    )]
    BuildDiffers {
        /// The seat of the player, counted from 0.
        player: usize,
    },
    /// The other player's netplay speaks another version.
    #[error("player {player} cannot be played with: {detail}", player = player + 1)]
    ProtocolDiffers {
        /// The seat of the player, counted from 0.
        player: usize,
        /// The versions, in words.
        detail: String,
    },
    /// A player left.
    #[error("player {player} left: {detail}", player = player + 1)]
    PeerLeft {
        /// The seat of the player, counted from 0.
        player: usize,
        /// What the player's game said.
        detail: String,
    },
    /// Nothing was heard of a player for too long.
    #[error("lost the connection to player {player}: {detail}", player = player + 1)]
    PeerLost {
        /// The seat of the player, counted from 0.
        player: usize,
        /// What happened to the connection.
        detail: String,
    },
    /// ggrs refused to make a session of the configuration.
    #[error("the match could not start: {0}")]
    CannotStart(String),
}
