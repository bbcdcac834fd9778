//! The messages between a peer and the signaling server: JSON text frames on one WebSocket, at the
//! path [`PATH`].
//!
//! The first message of a peer is [`ClientMessage::Join`]; the server answers with
//! [`ServerMessage::Welcome`] or [`ServerMessage::Refused`]. From then on the server tells the roster
//! whenever it changes, and passes signals on between the peers of a room. It never reads them.
//!
//! Every `Join` carries [`VERSION`]. A message of a version that is not known is refused by
//! [`Refusal::Version`], a sentence that a player understands.

use serde::{Deserialize, Serialize};

use crate::limits::{
    MAX_CANDIDATE_BYTES, MAX_PLAYERS, MAX_SDP_BYTES, MAX_SIGNALING_BYTES, MIN_PLAYERS,
};
use crate::{ConnectionId, PeerKey, Roster};

/// The version of these messages.
pub const VERSION: u16 = 1;
/// The path of the WebSocket on the server.
pub const PATH: &str = "/netplay";

/// From a peer to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message: bring me to this room, and make it if it is not there.
    Join {
        /// [`VERSION`] of the client.
        version: u16,
        /// The code of the room, as the player typed it. The server checks it.
        room: String,
        /// How many players the room is for.
        size: u8,
        /// Who I am.
        key: PeerKey,
    },
    /// Pass this on to a peer of my room.
    Signal {
        /// For whom.
        to: PeerKey,
        /// The attempt it belongs to.
        connection: ConnectionId,
        /// What to pass on.
        signal: Signal,
    },
    /// I leave the room. Closing the socket says the same, later.
    Leave,
}

/// From the server to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// You are in the room. The roster follows.
    Welcome {
        /// [`VERSION`] of the server.
        version: u16,
        /// The servers that help to find a path.
        ice_servers: Vec<IceServer>,
    },
    /// Who is in the room, told to everybody whenever it changes.
    Roster(Roster),
    /// A peer of your room signals.
    Signal {
        /// From whom: stamped by the server.
        from: PeerKey,
        /// The attempt it belongs to.
        connection: ConnectionId,
        /// What the peer sent.
        signal: Signal,
    },
    /// The server refuses, and closes the socket after this message.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

/// A step of a WebRTC attempt (JSEP, RFC 8829; trickled candidates, RFC 8838).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A session description that offers.
    Offer(String),
    /// A session description that answers.
    Answer(String),
    /// An ICE candidate in the JSON form of `RTCIceCandidateInit`.
    Candidate(String),
}

impl Signal {
    /// Whether the size of the signal is within the limits.
    pub fn fits(&self) -> bool {
        match self {
            Self::Offer(sdp) | Self::Answer(sdp) => sdp.len() <= MAX_SDP_BYTES,
            Self::Candidate(candidate) => candidate.len() <= MAX_CANDIDATE_BYTES,
        }
    }
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
    /// This key is in the room already.
    #[error("this player is in the room already")]
    AlreadyJoined,
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
    #[error("a message was larger than {MAX_SIGNALING_BYTES} bytes")]
    TooLarge,
    /// Nothing was heard for too long.
    #[error("the server heard nothing for too long")]
    TimedOut,
    /// The server stops.
    #[error("the server is shutting down")]
    ShuttingDown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_of_a_message_is_what_other_clients_would_write() {
        let join = r#"{"type":"join","version":1,"room":"ABC","size":2,"key":"00000000000000000000000000000001"}"#;
        let message: ClientMessage = serde_json::from_str(join).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), join);

        let signal = r#"{"type":"signal","from":"00000000000000000000000000000001","connection":"00000000000000ff","signal":{"offer":"v=0"}}"#;
        let message: ServerMessage = serde_json::from_str(signal).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), signal);
    }

    #[test]
    fn a_refusal_is_a_sentence_and_survives_json() {
        let refusal = Refusal::RoomFull { size: 2 };
        assert_eq!(refusal.to_string(), "the room is full: it is for 2 players");
        let json =
            serde_json::to_string(&ServerMessage::Refused { reason: refusal.clone() }).unwrap();
        let back: ServerMessage = serde_json::from_str(&json).unwrap();
        assert_eq!(back, ServerMessage::Refused { reason: refusal });
    }

    #[test]
    fn signals_over_the_limit_do_not_fit() {
        assert!(Signal::Offer("x".repeat(MAX_SDP_BYTES)).fits());
        assert!(!Signal::Offer("x".repeat(MAX_SDP_BYTES + 1)).fits());
        assert!(!Signal::Candidate("x".repeat(MAX_CANDIDATE_BYTES + 1)).fits());
    }
}
