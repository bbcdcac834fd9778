//! Why a room or match ended: one flat enum, in [`LastEndReason`] and in the message
//! [`RoomEnded`](crate::messages::RoomEnded).

mod conversion;

use bevy::prelude::*;
use netplay_protocol::signaling::Refusal;

use crate::PlayerHandle;

/// Why the last room ended. None until a room has ended, and again from the next
/// [`join_room`](crate::NetplayCommands::join_room) or [`play_alone`](crate::NetplayCommands::play_alone) on.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
pub struct LastEndReason(
    /// The reason. Written by bevy_netplay when the state becomes [`Ended`](crate::NetplayState::Ended).
    pub Option<EndReason>,
);

/// Why a room or match ended. Each is a sentence that a player understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// The [`JoinRoom`](crate::JoinRoom) is not one that can be joined, or the match not one that can be [played
    /// alone](crate::NetplayCommands::play_alone).
    #[error("{detail}")]
    BadRequest {
        /// What is wrong with it.
        detail: String,
    },
    /// The local player left.
    #[error("left the room")]
    Left,
    /// The address of the server is not one.
    #[error("{server:?} is not a server address: it should look like ws://host:port or wss://host")]
    BadServerAddress {
        /// The address as it was given.
        server: String,
    },
    /// The server could not be reached.
    #[error("cannot reach the server {server} ({detail}): check the address and your connection")]
    ServerUnreachable {
        /// The address that was tried.
        server: String,
        /// What the attempt failed with.
        detail: String,
    },
    /// The connection to the server was lost before everybody was connected.
    #[error("lost the server before the match could start ({detail}): join again")]
    ServerLost {
        /// What happened to the connection.
        detail: String,
    },
    /// The server speaks another version of signaling.
    #[error("{}", Refusal::Version { server: *server, client: *client })]
    ServerVersionDiffers {
        /// The server's version.
        server: u16,
        /// The version of this game's bevy_netplay.
        client: u16,
    },
    /// The room code is not one.
    #[error("{}", Refusal::BadRoomCode)]
    BadRoomCode,
    /// The size is not one that a room can have.
    #[error("{}", Refusal::BadRoomSize { size: *size })]
    BadRoomSize {
        /// The size that was asked for.
        size: u8,
    },
    /// There is no such room, or there is one with another password: the server does not tell which.
    #[error("{}", Refusal::NoSuchRoom)]
    NoSuchRoom,
    /// The server requires a password for every room.
    #[error("{}", Refusal::PasswordRequired)]
    PasswordRequired,
    /// Another game, version or mode is played in the room.
    #[error("this room plays {game} {version} {mode}: join with the same game and version")]
    RoomPlaysOtherGame {
        /// The name of the game that is played there.
        game: String,
        /// Its version.
        version: String,
        /// Its mode.
        mode: String,
    },
    /// The room has another size than the one that was asked for.
    #[error("{}", Refusal::RoomSizeDiffers { size: *size, asked: *asked })]
    RoomSizeDiffers {
        /// The size of the room.
        size: u8,
        /// The size that was asked for.
        asked: u8,
    },
    /// All players of the room are there.
    #[error("{}", Refusal::RoomFull { size: *size })]
    RoomFull {
        /// The size of the room.
        size: u8,
    },
    /// The first player has closed the room: it admits no new players.
    #[error("{}", Refusal::RoomClosed)]
    RoomClosed,
    /// This player, or another one of the same network, was removed from this room for good.
    #[error("{}", Refusal::Banned)]
    Banned,
    /// Others removed this player from the room.
    #[error("{}", Refusal::Kicked { banned: *banned })]
    Kicked {
        /// Whether it cannot come back to the room.
        banned: bool,
    },
    /// A match is running in the room.
    #[error("{}", Refusal::Locked)]
    MatchRunning,
    /// The player is in the room already.
    #[error("{}", Refusal::AlreadyJoined)]
    AlreadyJoined,
    /// The player joined again over another connection.
    #[error("{}", Refusal::Superseded)]
    ConnectedElsewhere,
    /// The server requires a token, and it is missing, expired, forged or for something else.
    #[error("{}", Refusal::Unauthorized { detail: detail.clone() })]
    Unauthorized {
        /// What is wrong with the token.
        detail: String,
    },
    /// Too many requests in too short a time.
    #[error(
        "{}",
        Refusal::RateLimited { what: what.clone(), retry_after_ms: *retry_after_ms }
    )]
    RateLimited {
        /// What there were too many of, such as `messages`.
        what: String,
        /// After how long it is worth trying again, in milliseconds.
        retry_after_ms: u32,
    },
    /// Too many at the same time, from one address.
    #[error("{}", Refusal::TooMany { what: what.clone() })]
    TooMany {
        /// What there are too many of, such as `connections` or `rooms`.
        what: String,
    },
    /// The server is about to stop and takes no new players.
    #[error("{}", Refusal::Draining)]
    ServerDraining,
    /// The server stops.
    #[error("{}", Refusal::ShuttingDown)]
    ServerShuttingDown,
    /// The server refused for a reason that has no variant of its own.
    #[error("{detail}")]
    Refused {
        /// The server's sentence.
        detail: String,
    },
    /// The player who sent the invitation is not in the room: the server led elsewhere, or that player left.
    #[error(
        "the player who invited you is not in this room: the invitation is old, or the server is not to be trusted"
    )]
    HostMissing,
    /// No connection to a player could be made.
    #[error("could not connect to {player}: {detail}")]
    CannotConnect {
        /// The player.
        player: PlayerHandle,
        /// What the last attempt failed with.
        detail: String,
    },
    /// The other player plays another game.
    #[error("{player} plays {theirs:?} and you play {ours:?}: update the older one")]
    GameDiffers {
        /// The player.
        player: PlayerHandle,
        /// The local game ([`NetplayConfig::game`](crate::NetplayConfig::game)).
        ours: String,
        /// The player's game.
        theirs: String,
    },
    /// The same game, but built to roll back other types.
    #[error(
        "{player} has another build of the game: what it simulates differs, so both need the same version"
    )]
    BuildDiffers {
        /// The player.
        player: PlayerHandle,
    },
    /// The other player's bevy_netplay speaks another version.
    #[error("{player} cannot be played with: {detail}")]
    ProtocolDiffers {
        /// The player.
        player: PlayerHandle,
        /// The versions, in words.
        detail: String,
    },
    /// A player left.
    #[error("{player} left: {detail}")]
    PeerLeft {
        /// The player.
        player: PlayerHandle,
        /// The reason that the player's game gave.
        detail: String,
    },
    /// The connection to a player was lost.
    #[error("lost the connection to {player}: {detail}")]
    PeerLost {
        /// The player.
        player: PlayerHandle,
        /// What happened to the connection.
        detail: String,
    },
    /// The simulation of a player stood still for longer than
    /// [`NetplayConfig::stall_timeout`](crate::NetplayConfig::stall_timeout).
    #[error("{player} was dropped: {detail}")]
    PeerStalled {
        /// The player.
        player: PlayerHandle,
        /// What it did.
        detail: String,
    },
    /// The states of this peer and a player's differ, and [`DesyncConfig::after`](crate::DesyncConfig::after) ends the
    /// match then.
    #[error(
        "{player} and you saw different matches from frame {frame} on: that is an error of the game, and the match is over"
    )]
    Desync {
        /// The player.
        player: PlayerHandle,
        /// The first compared frame at which they differ.
        frame: i32,
    },
    /// A player does not keep to the exchange from which the seed of a match is made: its game is modified.
    #[error("{player} cannot be played with: {detail}")]
    SeedViolation {
        /// The player.
        player: PlayerHandle,
        /// What it did.
        detail: String,
    },
    /// ggrs refused to make a session of the configuration, or the players could not agree on a seed.
    #[error("the match could not start: {detail}")]
    CannotStart {
        /// What ggrs does not accept, or the players do not agree on.
        detail: String,
    },
}
