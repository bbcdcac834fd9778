use serde::{Deserialize, Serialize};

use super::Signal;
use crate::limits::MAX_GAME_ID_BYTES;
use crate::{ConnectionId, PeerKey, Roster, Secret};

/// From a peer to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message of a peer that comes anew.
    Join(Join),
    /// The first message of a peer that lost its socket, or was started anew, and comes back for its seat.
    Resume(Resume),
    /// Pass this on to a peer of my room.
    Signal {
        /// For whom.
        to: PeerKey,
        /// The attempt it belongs to.
        connection: ConnectionId,
        /// What to pass on.
        signal: Signal,
    },
    /// Whether I am in a running match. While anybody in a room is, nobody new is let in.
    Playing {
        /// Whether I am.
        playing: bool,
    },
    /// From now on, carry packets from me to this peer, or no longer. The server carries none that it
    /// was not asked to.
    Relay {
        /// For whom.
        to: PeerKey,
        /// Whether to carry them.
        open: bool,
    },
    /// Are you there? The server answers [`ServerMessage::Pong`](super::ServerMessage::Pong) at once.
    Ping,
    /// I leave the room, or the queue. The seat is free at once; closing the socket without this keeps
    /// it for the grace period.
    Leave,
}

/// How a peer that comes anew wants to be brought into a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// [`VERSION`](super::VERSION) of the client.
    pub version: u16,
    /// Who I am.
    pub key: PeerKey,
    /// Which room.
    pub entry: Entry,
    /// How many players the room is for.
    pub size: u8,
    /// What is played. Rooms and queues are per game.
    #[serde(default)]
    pub game: GameInfo,
    /// The password of the room: whoever makes the room sets it. Not for queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A token (JWT, RFC 7519), for servers that want one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// Which room a peer asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The room with this code, as the player typed it. It is made if it is not there.
    Room(String),
    /// The room with this code, which must be there.
    Existing(String),
    /// A new room, under a code that the server makes up and nobody can guess.
    New,
    /// A room with whoever else waits for the same game, mode and size.
    Queue {
        /// How good the player is, on any scale of the game: the closest are brought together first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skill: Option<i32>,
    },
}

/// What is played in a room. Peers with another game, version or mode are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GameInfo {
    /// The name of the game.
    #[serde(default)]
    pub game: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The mode that is played, such as `ranked`.
    #[serde(default)]
    pub mode: String,
}

impl GameInfo {
    /// Whether every part is within [`MAX_GAME_ID_BYTES`].
    pub fn fits(&self) -> bool {
        [&self.game, &self.version, &self.mode].iter().all(|part| part.len() <= MAX_GAME_ID_BYTES)
    }
}

/// How a peer comes back for its seat: after its socket broke, or after the server or itself was started anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// [`VERSION`](super::VERSION) of the client.
    pub version: u16,
    /// The code of the room, from [`ServerMessage::Welcome`](super::ServerMessage::Welcome).
    pub room: String,
    /// Who I am.
    pub key: PeerKey,
    /// What proves that the seat is mine, from the same `Welcome`.
    pub resume: Secret,
    /// The last roster that the server told: a server that knows nothing of the room, because it was
    /// started anew, makes the room again from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster: Option<SignedRoster>,
    /// My process was started anew: what was signaled to the one before is of no use to me.
    #[serde(default)]
    pub anew: bool,
}

/// A roster with the server's signature, from
/// [`ServerMessage::Roster`](super::ServerMessage::Roster).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRoster {
    /// The roster.
    pub roster: Roster,
    /// HMAC-SHA256 (RFC 2104) of the room's code, what is played and the roster, under a key that only
    /// servers know, in hexadecimal digits.
    pub signature: String,
    /// What is played.
    #[serde(default)]
    pub game: GameInfo,
}
