use serde::{Deserialize, Serialize};

use super::{Refusal, Signal};
use crate::{ConnectionId, PeerKey, RoomCode, Roster, Secret};

/// From the server to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// You wait for others to play with. `Welcome` follows when there are enough.
    Queued {
        /// How many wait for the same, you included.
        waiting: u32,
    },
    /// You are in the room. The roster follows.
    Welcome {
        /// [`VERSION`](super::VERSION) of the server.
        version: u16,
        /// The code of the room: to invite others, and to resume.
        room: RoomCode,
        /// What proves that your seat is yours, should you lose the socket.
        resume: Secret,
        /// For how long your seat is kept then, in milliseconds.
        grace_ms: u32,
        /// The servers that help to find a path.
        ice_servers: Vec<IceServer>,
    },
    /// Who is in the room, told to everybody whenever it changes.
    Roster {
        /// Counts the changes of the room: of two rosters, the one with the higher number is newer.
        revision: u64,
        /// Who has a seat, present or away.
        roster: Roster,
        /// What makes the roster believable to a server that was started anew
        /// ([`SignedRoster`](super::SignedRoster)).
        signature: String,
    },
    /// A peer of your room lost its socket, came back or left.
    Presence {
        /// Which peer.
        peer: PeerKey,
        /// Where it is now.
        presence: Presence,
    },
    /// A peer of your room signals.
    Signal {
        /// From whom: stamped by the server.
        from: PeerKey,
        /// The attempt it belongs to.
        connection: ConnectionId,
        /// What the peer sent.
        signal: Signal,
    },
    /// A peer of your room asked the server to carry its packets to you, or no longer to.
    Relay {
        /// Which peer.
        from: PeerKey,
        /// Whether they are carried.
        open: bool,
    },
    /// Use these from now on: the credentials of the ones before are about to expire.
    IceServers {
        /// The servers that help to find a path.
        ice_servers: Vec<IceServer>,
    },
    /// I am here: the answer to [`ClientMessage::Ping`](super::ClientMessage::Ping).
    Pong,
    /// This server is about to stop. Whoever is connected stays so until then.
    Draining {
        /// In how many milliseconds at the latest.
        within_ms: u32,
        /// The URL of a server to go to instead, if this one knows of any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        elsewhere: Option<String>,
    },
    /// The server refuses, and closes the socket after this message.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

/// Where a peer of the room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected to the server.
    Online,
    /// Connected to the server, and its process was started anew: what was signaled to the one before is lost.
    Anew,
    /// Not connected: its seat is kept for a while, and so are signals to it.
    Away,
    /// Gone: its seat is free.
    Left,
}

/// A STUN (RFC 8489) or TURN (RFC 8656) server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// Its URLs, such as `stun:stun.example.org:3478`.
    pub urls: Vec<String>,
    /// The user name, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The credential, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}
