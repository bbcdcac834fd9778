//! The messages between a peer and the signaling server: JSON text messages on one WebSocket, at the
//! path [`PATH`].
//!
//! The server begins with a [`ServerMessage::Challenge`]. A peer then sends [`ClientMessage::Join`], or
//! [`ClientMessage::Resume`] when it returns to a room, with a [proof of its key](crate::join_proof). The server answers with [`ServerMessage::Welcome`] or [`ServerMessage::Refused`]; a peer in the matchmaking queue receives
//! [`ServerMessage::Queued`] before that. From then on the server sends the roster and the presence of the members
//! whenever they change, and forwards signals between the peers of a room without reading them.
//!
//! `Join` and `Resume` carry [`VERSION`]. The server refuses other versions with [`Refusal::Version`], a sentence
//! for the player.
//!
//! Instead of joining, a peer can read the list of public rooms: [`ClientMessage::ListRooms`] needs no key.
//!
//! Packets that the server relays ([`RelayHeader`](crate::RelayHeader)) are binary messages on the same WebSocket.

mod access;
mod client;
mod connection_type;
mod ice;
mod refusal;
mod server;

pub use access::{KickRule, ListRooms, Listing, PublicRoom, RoomOptions, RoomPage, RoomState};
pub use client::{
    ClientMessage, DEFAULT_ROOM_SIZE, Entry, GameInfo, Join, Resume, SignedRoster,
    check_local_players,
};
pub use connection_type::ConnectionType;
pub use ice::{IceServer, IceUrlError, IceUrlKind, parse_ice_url};
pub use refusal::Refusal;
pub use server::{Presence, ServerMessage};

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES, SIGNATURE_LINE_BYTES};

/// The version of these messages.
pub const VERSION: u16 = 8;
/// The path of the WebSocket on the server.
pub const PATH: &str = "/netplay";

/// One signal of a WebRTC attempt (JSEP, RFC 8829; trickled candidates, RFC 8838).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A session description that offers, [signed](crate::identity).
    Offer(String),
    /// A session description that answers, [signed](crate::identity).
    Answer(String),
    /// An ICE candidate in the JSON form of `RTCIceCandidateInit`, [signed](crate::identity).
    Candidate(String),
    /// A message of the Noise handshake that agrees on keys for relayed packets, in hexadecimal digits.
    Handshake(String),
}

impl Signal {
    /// Whether the size of the signal is within the limits.
    pub fn fits(&self) -> bool {
        match self {
            Self::Offer(sdp) | Self::Answer(sdp) => sdp.len() <= MAX_SDP_BYTES,
            Self::Candidate(text) => text.len() <= MAX_CANDIDATE_BYTES + SIGNATURE_LINE_BYTES,
            Self::Handshake(text) => text.len() <= MAX_CANDIDATE_BYTES,
        }
    }
}

#[cfg(test)]
mod tests;
