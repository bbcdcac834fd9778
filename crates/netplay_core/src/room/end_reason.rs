//! Why a room or a match ended.

use crate::transport::LeaveReason;

/// Why a room or a match ended. Each is a sentence for the player.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The transport lost the room, or never got into it.
    #[error("{0}")]
    Transport(#[from] LeaveReason),
    /// The player who sent the invitation is not in the room: the server led elsewhere, or that player left.
    #[error(
        "the player who invited you is not in this room: the invitation is old, or the server is not to be trusted"
    )]
    HostMissing,
    /// No connection to a player could be made.
    #[error("could not connect to player {player}: {detail}", player = player + 1)]
    CannotConnect {
        /// The player, from 0.
        player: usize,
        /// What the last attempt failed with.
        detail: String,
    },
    /// A player plays another game.
    #[error("player {player} plays {theirs:?} and you play {ours:?}: update the older one", player = player + 1)]
    GameDiffers {
        /// The player, from 0.
        player: usize,
        /// The local game.
        ours: String,
        /// The player's game.
        theirs: String,
    },
    /// A player has another build of the game, which registers other things for rollback.
    #[error(
        "player {player} has another build of the game: what it simulates differs, so both need the same version",
        player = player + 1
    )]
    BuildDiffers {
        /// The player, from 0.
        player: usize,
    },
    /// A player's link speaks another version of the protocol.
    #[error("player {player} cannot be played with: {detail}", player = player + 1)]
    ProtocolDiffers {
        /// The player, from 0.
        player: usize,
        /// The versions, in words.
        detail: String,
    },
    /// A player does not keep to the exchange from which the seed of a match is made.
    #[error("player {player} cannot be played with: {detail}", player = player + 1)]
    SeedViolation {
        /// The player, from 0.
        player: usize,
        /// What it did.
        detail: String,
    },
    /// A player left, and nobody is left to play with.
    #[error("player {player} left: {detail}", player = player + 1)]
    PeerLeft {
        /// The player, from 0.
        player: usize,
        /// What the player's game said.
        detail: String,
    },
    /// The connection to a player was lost, and nobody is left to play with.
    #[error("lost the connection to player {player}: {detail}", player = player + 1)]
    PeerLost {
        /// The player, from 0.
        player: usize,
        /// What happened to the connection.
        detail: String,
    },
    /// A player's simulation stood still for too long, and nobody is left to play with.
    #[error("player {player} was dropped: {detail}", player = player + 1)]
    PeerStalled {
        /// The player, from 0.
        player: usize,
        /// What it did.
        detail: String,
    },
    /// The match could not be set up as it is configured.
    #[error("the match could not start: {detail}")]
    CannotStart {
        /// What is wrong with the configuration.
        detail: String,
    },
}

impl EndReason {
    /// The player in it, if there is one.
    pub(super) fn player_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::CannotConnect { player, .. }
            | Self::GameDiffers { player, .. }
            | Self::BuildDiffers { player }
            | Self::ProtocolDiffers { player, .. }
            | Self::SeedViolation { player, .. }
            | Self::PeerLeft { player, .. }
            | Self::PeerLost { player, .. }
            | Self::PeerStalled { player, .. } => Some(player),
            Self::Transport(_) | Self::HostMissing | Self::CannotStart { .. } => None,
        }
    }

    /// The reason without the player, for one who is dropped with it.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::CannotConnect { detail, .. }
            | Self::ProtocolDiffers { detail, .. }
            | Self::SeedViolation { detail, .. }
            | Self::PeerLeft { detail, .. }
            | Self::PeerLost { detail, .. }
            | Self::PeerStalled { detail, .. } => detail.clone(),
            _ => self.to_string(),
        }
    }
}
