//! Why the server refuses a peer.

use serde::{Deserialize, Serialize};

use super::GameInfo;
use crate::ServerName;
use crate::limits::{
    MAX_GAME_ID_BYTES, MAX_LISTING_INFO_BYTES, MAX_LISTING_NAME_BYTES, MAX_LOCAL_PLAYERS,
    MAX_PLAYERS, MIN_PLAYERS,
};

/// Why the server refuses a peer. Each `Display` text is a sentence for the player.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The client speaks another version of the signaling protocol.
    #[error(
        "the server speaks signaling version {server}, this game version {client}: update the older one"
    )]
    Version {
        /// The server's version.
        server: u16,
        /// The client's version.
        client: u16,
    },
    /// The text is not a room code.
    #[error("that is not a room code: check the code you were given")]
    BadRoomCode,
    /// No room can have this size.
    #[error("a room is for {MIN_PLAYERS} to {MAX_PLAYERS} players, not {size}")]
    BadRoomSize {
        /// The requested size.
        size: u8,
    },
    /// No peer brings so many players to such a room.
    #[error(
        "one machine brings 1 to {MAX_LOCAL_PLAYERS} players, and at least one other has to fit: {players} cannot join a \
         room for {size}"
    )]
    BadLocalPlayers {
        /// How many the peer brings.
        players: u8,
        /// The size of the room.
        size: u8,
    },
    /// The name, version or mode of the game is too long.
    #[error("the name, version and mode of a game have at most {MAX_GAME_ID_BYTES} bytes each")]
    BadGame,
    /// The room does not exist, or it has another password. The server does not tell which.
    #[error("there is no such room, or the password is wrong: check the code and the password")]
    NoSuchRoom,
    /// The server requires a password for every room.
    #[error("this server requires a password for every room: set one")]
    PasswordRequired,
    /// The room is for another game, version or mode.
    #[error(
        "this room plays {} {} {}: join with the same game and version",
        .game.game, .game.version, .game.mode
    )]
    GameDiffers {
        /// The game of the room.
        game: GameInfo,
    },
    /// The room exists with another size.
    #[error(
        "this room is for {size} players, not {asked}: join with {size}, or without naming a number"
    )]
    RoomSizeDiffers {
        /// The size of the room.
        size: u8,
        /// The requested size.
        asked: u8,
    },
    /// The room exists and starts its matches with other numbers of players.
    #[error(
        "matches in this room start {}, and not {}: join without naming a number",
        when(*.least),
        when(*.asked)
    )]
    RoomStartDiffers {
        /// With how many players a match of the room starts at least. None: when it is full.
        least: Option<u8>,
        /// What the peer asked for.
        asked: Option<u8>,
    },
    /// There is no place for the players that the peer brings.
    #[error("the room is full: it is for {size} players")]
    RoomFull {
        /// The size of the room.
        size: u8,
    },
    /// The first player has closed the room.
    #[error("this room is closed and admits no new players: ask its first player to open it")]
    RoomClosed,
    /// The peer, or another one of its address, was removed from this room for good.
    #[error(
        "this player, or one of the same network, was removed from this room and cannot come back to it"
    )]
    Banned,
    /// The members of the room removed the peer.
    #[error("{}", match banned {
        true => "you were removed from the room and cannot come back to it",
        false => "you were removed from the room",
    })]
    Kicked {
        /// Whether it is kept out of the room.
        banned: bool,
    },
    /// The name or the info of a public room is too long.
    #[error(
        "the name of a public room has at most {MAX_LISTING_NAME_BYTES} bytes, its info {MAX_LISTING_INFO_BYTES}"
    )]
    BadListing,
    /// A match is running in the room.
    #[error("a match is running in this room: wait until it is over")]
    Locked,
    /// A peer with this key is in the room already.
    #[error("this player is in the room already")]
    AlreadyJoined,
    /// The server does not keep a slot for the peer that wants to resume, or the resume token is wrong.
    #[error("the room no longer keeps a place for this player: join again")]
    CannotResume,
    /// The peer did not prove that it has the key that it names.
    #[error("this player did not prove to the server who it is: start the game again")]
    KeyNotProven,
    /// The peer reached the server by a name that is not one of the server's.
    #[error(
        "the game reached this server as {asked}, which is none of the server's names: its operator adds \
         that to public_names, or has the proxy pass the Host header on unchanged"
    )]
    WrongServerName {
        /// The name that the peer dialled.
        asked: ServerName,
    },
    /// The peer returned on another socket, which replaces this one.
    #[error("this player is connected on another connection")]
    Superseded,
    /// The server requires a token, and it is missing, expired, forged or for something else.
    #[error("the server does not let this player in ({detail}): sign in again")]
    Unauthorized {
        /// What is wrong with the token. Never the token itself.
        detail: String,
    },
    /// The peer exceeded a rate limit.
    #[error("too many {what} in a short time: wait {} s and try again", retry_after_ms.div_ceil(1000))]
    RateLimited {
        /// What the limit counts, such as `messages`.
        what: String,
        /// When to try again, in milliseconds from now.
        retry_after_ms: u32,
    },
    /// One address has reached the limit of something it may have at the same time.
    #[error("too many {what} from this address: close some and try again")]
    TooMany {
        /// What the limit counts, such as `connections` or `rooms`.
        what: String,
    },
    /// A message arrived before `Join`, or `Join` arrived twice.
    #[error("the game sent its signaling messages in the wrong order")]
    OutOfOrder,
    /// The server could not parse a message.
    #[error("the server did not understand a message: {detail}")]
    Malformed {
        /// What is wrong with it.
        detail: String,
    },
    /// A message was larger than the limit.
    #[error("a message was larger than the server accepts")]
    TooLarge,
    /// The peer was silent for too long.
    #[error("the server received nothing from this player for too long")]
    TimedOut,
    /// The peer did not read what the server sent for too long.
    #[error("the connection is too slow for what the server has to send")]
    TooSlow,
    /// The server stops soon and admits no new peers.
    #[error("the server admits no new players: try another one")]
    Draining,
    /// The server stops now.
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// When a match starts, in words.
fn when(least: Option<u8>) -> String {
    match least {
        None => "when the room is full".to_owned(),
        Some(least) => format!("with at least {least} players who are ready"),
    }
}
