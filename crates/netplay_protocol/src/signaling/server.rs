//! Messages from the server to a peer.

use serde::{Deserialize, Serialize};

use super::{IceServer, Refusal, RoomPage, RoomState, Signal};
use crate::{Challenge, ConnectionId, PeerKey, RoomCode, RoomNonce, Roster, Secret};

/// A message from the server to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message on every connection: what the receiver has to sign to join or to return
    /// ([`join_proof`](crate::join_proof)).
    Challenge {
        /// [`VERSION`](super::VERSION) of the server.
        version: u16,
        /// A number that is sent on no other connection.
        challenge: Challenge,
        /// Names the servers that accept each other's resume tokens. A token begins with it and a full stop, and a client
        /// shows a token to no other server.
        issuer: String,
    },
    /// The receiver waits in the queue. `Welcome` follows when the server has formed a group.
    Queued {
        /// How many peers wait for the same, including the receiver.
        waiting: u32,
    },
    /// The receiver has a slot in a room. `Roster` follows.
    Welcome {
        /// [`VERSION`](super::VERSION) of the server.
        version: u16,
        /// The code of the room, for inviting others and for [`Resume`](super::Resume).
        room: RoomCode,
        /// The incarnation of the room.
        nonce: RoomNonce,
        /// How many players the room is for.
        size: u8,
        /// With how many players a match starts at least, once all say that they are ready. None: matches start when the
        /// room is full.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        least: Option<u8>,
        /// The resume token, for the receiver's return if the socket breaks. It is of use only with the receiver's key.
        resume: Secret,
        /// How long the server keeps the slot after the socket broke, in milliseconds.
        grace_ms: u32,
        /// The STUN and TURN servers to gather candidates from.
        ice_servers: Vec<IceServer>,
        /// Whether the room is open, and who may remove members.
        #[serde(default)]
        state: RoomState,
    },
    /// The state of the room is another one than in `Welcome` or the message of this kind before.
    RoomState(RoomState),
    /// A member was removed from the room. Follows the roster without it.
    Kicked {
        /// Which peer.
        peer: PeerKey,
        /// Whether it is kept out of the room.
        banned: bool,
    },
    /// Somebody voted to remove a member. The member itself is not told.
    KickVotes {
        /// The member.
        peer: PeerKey,
        /// How many want it removed.
        votes: u8,
        /// How many are needed.
        needed: u8,
    },
    /// A page of the list of public rooms, which answers [`ClientMessage::ListRooms`](super::ClientMessage::ListRooms).
    Rooms(RoomPage),
    /// The members of the room. Every member receives it whenever the members change.
    Roster {
        /// Counts the changes of the room: of two rosters, the one with the higher number is newer.
        revision: u64,
        /// The members, connected or away.
        roster: Roster,
        /// When the server signed it, in seconds since 1970.
        issued: u64,
        /// The server's signature. A server that restarted accepts the roster with it
        /// ([`SignedRoster`](super::SignedRoster)).
        signature: String,
    },
    /// A peer of the room lost its socket, returned or left.
    Presence {
        /// Which peer.
        peer: PeerKey,
        /// Its new state.
        presence: Presence,
    },
    /// A signal from a peer of the room.
    Signal {
        /// The sender, as the server knows it.
        from: PeerKey,
        /// The attempt that the signal belongs to.
        connection: ConnectionId,
        /// The signal.
        signal: Signal,
    },
    /// A peer of the room opened or closed the relay to the receiver.
    Relay {
        /// Which peer.
        from: PeerKey,
        /// Whether the relay is open from now on.
        open: bool,
    },
    /// Replaces the STUN and TURN servers of `Welcome`, before their credentials expire.
    IceServers {
        /// The STUN and TURN servers to gather candidates from.
        ice_servers: Vec<IceServer>,
    },
    /// Answers [`ClientMessage::Ping`](super::ClientMessage::Ping).
    Pong,
    /// The server stops soon. Connections stay open until then.
    Draining {
        /// In how many milliseconds at the latest.
        within_ms: u32,
        /// The URL of a server to connect to instead, if one is configured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alternate_server: Option<String>,
    },
    /// The server refuses the peer and closes the socket after this message.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

/// Whether a member of the room is connected to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// The peer is connected.
    Online,
    /// The peer is connected, and its process restarted: the new process knows nothing of earlier signals.
    Restarted,
    /// The peer is disconnected. The server keeps its slot, and signals to it, for the grace period.
    Away,
    /// The same, and the peer closed its connection as browsers do whose page is closed, loaded again or left (WebSocket
    /// close code 1001, RFC 6455, section 7.4.1).
    PageClosed,
    /// The peer left the room.
    Left,
}
