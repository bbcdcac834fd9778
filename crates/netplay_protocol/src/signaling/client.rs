//! Messages from a peer to the server.

use serde::{Deserialize, Serialize};

use super::{ConnectionType, ListRooms, Refusal, RoomOptions, Signal};
use crate::join_proof::{JoinAction, KeyProof};
use crate::limits::{MAX_GAME_ID_BYTES, MAX_LOCAL_PLAYERS};
use crate::{ConnectionId, PeerKey, RoomNonce, Roster, Secret};

/// A message from a peer to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message of a peer that joins a room or a queue.
    Join(Join),
    /// The first message of a peer that returns to its slot in a room, because its socket broke or its process
    /// restarted.
    Resume(Resume),
    /// Forwards a signal to a peer of the sender's room.
    Signal {
        /// The receiver.
        to: PeerKey,
        /// The attempt that the signal belongs to.
        connection: ConnectionId,
        /// The signal.
        signal: Signal,
    },
    /// Tells whether the sender is in a running match. The server admits no new peer to a room while a member
    /// of it is.
    Playing {
        /// Whether the sender is in a running match.
        playing: bool,
    },
    /// Opens or closes the relay from the sender to a peer. The server carries packets only on open relays.
    Relay {
        /// The receiver of the packets.
        to: PeerKey,
        /// Whether the relay is open from now on.
        open: bool,
    },
    /// Tells that packets to a peer travel on a connection of this type, for the statistics of the server. The
    /// [impolite](PeerKey::is_polite_to) peer of the two tells it, once for each type.
    Connected {
        /// The other peer.
        to: PeerKey,
        /// How packets travel.
        path: ConnectionType,
    },
    /// Asks to remove a member from the room, or votes for it: the room's [`KickRule`](super::KickRule) decides. Without
    /// the right to it the message changes nothing.
    Kick {
        /// The member.
        peer: PeerKey,
        /// Whether its key and its address are to be kept out of the room from then on.
        ban: bool,
    },
    /// Opens or closes the room for new peers. Only the [first player](crate::Roster::first_player) can; from others the
    /// message changes nothing.
    Open {
        /// Whether the room admits new peers.
        open: bool,
    },
    /// Asks for a page of the list of public rooms. Only before the sender joins; it needs no proof of a key.
    ListRooms(ListRooms),
    /// Asks for a sign of life. The server answers [`ServerMessage::Pong`](super::ServerMessage::Pong) at once.
    Ping,
    /// Leaves the room or the queue and frees the slot at once. The server keeps the slot for the grace period
    /// when a socket closes without this message.
    Leave,
}

/// The size of the room that a [`Join`] without a size creates, and of the queue that it enters.
pub const DEFAULT_ROOM_SIZE: u8 = 2;

/// A peer's request to join a room or a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// [`VERSION`](super::VERSION) of the client.
    pub version: u16,
    /// The key of the sender, and the proof that the sender has it.
    pub proof: KeyProof,
    /// Which room.
    pub entry: Entry,
    /// How many players the room is for. A room that exists refuses another size than its own; without a size
    /// the peer takes the room as it is. A room or queue without a size is for [`DEFAULT_ROOM_SIZE`] players.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u8>,
    /// How many players the sender brings.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub players: u8,
    /// With how many players a match of the room starts at least, once all say that they are ready. The peer that creates
    /// the room sets it. None: matches start when the room is full. A room that exists refuses a join with a size and
    /// another number than its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u8>,
    /// The game. Peers of different games share neither rooms nor queues.
    #[serde(default)]
    pub game: GameInfo,
    /// The password of the room, which the peer that creates the room sets. Queues have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A token (JWT, RFC 7519), for servers that require one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// What the peer that creates a room sets besides.
    #[serde(default, skip_serializing_if = "RoomOptions::is_default")]
    pub options: RoomOptions,
}

/// Refuses a peer that brings players to a room of this size and leaves no place for another peer.
///
/// # Errors
///
/// [`Refusal::BadLocalPlayers`] where that is so, and where it brings none or too many.
pub fn check_local_players(players: u8, size: u8) -> Result<(), Refusal> {
    match (1..=MAX_LOCAL_PLAYERS).contains(&players) && players < size {
        true => Ok(()),
        false => Err(Refusal::BadLocalPlayers { players, size }),
    }
}

const fn one() -> u8 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(players: &u8) -> bool {
    *players == 1
}

impl Join {
    /// The name of the sender by its key.
    pub fn peer(&self) -> PeerKey {
        self.proof.claimed_peer()
    }
}

impl Resume {
    /// The name of the sender by its key.
    pub fn peer(&self) -> PeerKey {
        self.proof.claimed_peer()
    }

    /// What the proof is for.
    pub fn action(&self) -> JoinAction<'_> {
        JoinAction::Resume(&self.room)
    }
}

impl Entry {
    /// What the proof of a join is for.
    pub fn action(&self) -> JoinAction<'_> {
        match self {
            Self::Room(code) => JoinAction::Room(code),
            Self::Existing(code) => JoinAction::Existing(code),
            Self::New => JoinAction::New,
            Self::Queue { .. } => JoinAction::Queue,
        }
    }
}

/// Which room a peer asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The room with this code, as the player typed it. The server creates the room if it does not exist.
    Room(String),
    /// The room with this code, which must exist.
    Existing(String),
    /// A new room, under a random code that nobody can guess.
    New,
    /// A new room, with peers that wait for the same game, mode and size.
    Queue {
        /// How good the player is, on a scale of the game's choice. Players with close skills are matched first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skill: Option<i32>,
    },
}

/// The game that a room or queue is for. A room refuses peers with another game, version or mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GameInfo {
    /// The name of the game.
    #[serde(default)]
    pub game: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Its mode, such as `ranked`.
    #[serde(default)]
    pub mode: String,
}

impl GameInfo {
    /// Whether every part is within [`MAX_GAME_ID_BYTES`].
    pub fn fits(&self) -> bool {
        [&self.game, &self.version, &self.mode].iter().all(|part| part.len() <= MAX_GAME_ID_BYTES)
    }
}

/// A peer's request to return to its slot in a room, after its socket broke, its process restarted or the server
/// restarted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// [`VERSION`](super::VERSION) of the client.
    pub version: u16,
    /// The code of the room, from [`ServerMessage::Welcome`](super::ServerMessage::Welcome).
    pub room: String,
    /// The key of the sender, and the proof that the sender has it.
    pub proof: KeyProof,
    /// The resume token from the same `Welcome`. The server issued it to the owner of that key, and it is worth nothing
    /// without the key.
    pub resume: Secret,
    /// The last roster that the sender received. A server that does not know the room, because it restarted,
    /// restores the room from the newest roster that it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster: Option<SignedRoster>,
    /// Whether the sender's process restarted. The server then discards the signals that it kept for the
    /// previous process.
    #[serde(default)]
    pub restarted: bool,
}

/// A roster with the server's signature, from
/// [`ServerMessage::Roster`](super::ServerMessage::Roster).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRoster {
    /// The roster.
    pub roster: Roster,
    /// The incarnation of the room.
    pub nonce: RoomNonce,
    /// Counts the changes of the room.
    pub revision: u64,
    /// When the server signed it, in seconds since 1970. Servers refuse a roster that is too old.
    pub issued: u64,
    /// HMAC-SHA256 (RFC 2104) of the room's code, the game and everything above, under a key that only servers
    /// know, in hexadecimal digits.
    pub signature: String,
    /// The game of the room.
    #[serde(default)]
    pub game: GameInfo,
}
