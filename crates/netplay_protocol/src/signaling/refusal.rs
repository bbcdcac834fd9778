use serde::{Deserialize, Serialize};

use super::GameInfo;
use crate::limits::{MAX_GAME_ID_BYTES, MAX_PLAYERS, MIN_PLAYERS};

/// Why the server does not serve a peer. Each is a sentence that a player understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The client speaks another version.
    #[error(
        "the server speaks signaling version {server}, this game version {client}: update the older one"
    )]
    Version {
        /// The server's version.
        server: u16,
        /// The client's version.
        client: u16,
    },
    /// The room code is not one.
    #[error("that is not a room code: check the code you were given")]
    BadRoomCode,
    /// The size is not one a room can have.
    #[error("a room is for {MIN_PLAYERS} to {MAX_PLAYERS} players, not {size}")]
    BadRoomSize {
        /// The size that was asked for.
        size: u8,
    },
    /// The name, version or mode of the game is too long.
    #[error("the name, version and mode of a game have at most {MAX_GAME_ID_BYTES} bytes each")]
    BadGame,
    /// There is no such room, or there is one with another password: which of the two is not told.
    #[error("there is no such room, or its password is another: check the code and the password")]
    NoSuchRoom,
    /// The server wants every room to have a password.
    #[error("this server wants a password for every room: set one")]
    PasswordWanted,
    /// Another game, version or mode is played in the room.
    #[error(
        "this room plays {} {} {}: join with the same game and version",
        .game.game, .game.version, .game.mode
    )]
    GameDiffers {
        /// What is played there.
        game: GameInfo,
    },
    /// The room exists with another size.
    #[error("this room is for {size} players: join with that number")]
    RoomSizeDiffers {
        /// The size of the room.
        size: u8,
    },
    /// Nobody else fits in.
    #[error("the room is full: it is for {size} players")]
    RoomFull {
        /// The size of the room.
        size: u8,
    },
    /// A match is running in the room.
    #[error("a match is running in this room: wait until it is over")]
    Locked,
    /// This key is in the room already.
    #[error("this player is in the room already")]
    AlreadyJoined,
    /// The seat that was to be resumed is gone, or was somebody else's.
    #[error("the seat in the room is gone: join again")]
    SeatGone,
    /// The player came back on another socket, and this one is no longer needed.
    #[error("this player is connected from elsewhere")]
    Superseded,
    /// A token is wanted, and is missing, expired, forged or for something else.
    #[error("the server does not let this player in ({detail}): sign in again")]
    Unauthorized {
        /// What is wrong with the token. Never the token itself.
        detail: String,
    },
    /// Too much in too short a time.
    #[error("too many {what} in a short time: wait {} s and try again", retry_after_ms.div_ceil(1000))]
    RateLimited {
        /// What there were too many of, such as `messages`.
        what: String,
        /// After how long it is worth trying again, in milliseconds.
        retry_after_ms: u32,
    },
    /// Too many at the same time, from one address.
    #[error("too many {what} from this address: close some and try again")]
    TooMany {
        /// What there are too many of, such as `connections` or `rooms`.
        what: String,
    },
    /// Something came before `Join`, or `Join` came twice.
    #[error("the game sent its signaling messages in the wrong order")]
    OutOfOrder,
    /// A message was not understood.
    #[error("the server did not understand a message: {detail}")]
    Malformed {
        /// What was wrong with it.
        detail: String,
    },
    /// A message was larger than the limit.
    #[error("a message was larger than the server takes")]
    TooLarge,
    /// Nothing was heard for too long.
    #[error("the server heard nothing for too long")]
    TimedOut,
    /// What the server sent was not read for too long.
    #[error("the connection is too slow for what the server has to send")]
    TooSlow,
    /// The server is about to stop and takes nobody new.
    #[error("the server takes no new players: try another one")]
    Draining,
    /// The server stops.
    #[error("the server is shutting down")]
    ShuttingDown,
}
