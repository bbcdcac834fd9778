//! The messages between a peer and the signaling server: JSON text messages on one WebSocket, at the
//! path [`PATH`].
//!
//! The first message of a peer is [`ClientMessage::Join`], or [`ClientMessage::Resume`] when it has been
//! in the room before. The server answers with [`ServerMessage::Welcome`] or [`ServerMessage::Refused`];
//! who asked to be matched hears [`ServerMessage::Queued`] first. From then on the server tells the
//! roster and who is present whenever they change, and passes signals on between the peers of a room. It
//! never reads them.
//!
//! `Join` and `Resume` carry [`VERSION`]. A message of a version that is not known is refused by
//! [`Refusal::Version`], a sentence that a player understands.
//!
//! Packets between peers that the server carries ([`RelayHeader`](crate::RelayHeader)) are binary
//! messages on the same WebSocket.

mod client;
mod refusal;
mod server;

pub use client::{ClientMessage, Entry, GameInfo, Join, Resume, SignedRoster};
pub use refusal::Refusal;
pub use server::{IceServer, Presence, ServerMessage};

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES};

/// The version of these messages.
pub const VERSION: u16 = 4;
/// The path of the WebSocket on the server.
pub const PATH: &str = "/netplay";

/// A step of a WebRTC attempt (JSEP, RFC 8829; trickled candidates, RFC 8838).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A session description that offers, [signed](crate::identity).
    Offer(String),
    /// A session description that answers, [signed](crate::identity).
    Answer(String),
    /// An ICE candidate in the JSON form of `RTCIceCandidateInit`.
    Candidate(String),
    /// A message of the handshake by which two peers agree on keys for what the server carries, in
    /// hexadecimal digits.
    Handshake(String),
}

impl Signal {
    /// Whether the size of the signal is within the limits.
    pub fn fits(&self) -> bool {
        match self {
            Self::Offer(sdp) | Self::Answer(sdp) => sdp.len() <= MAX_SDP_BYTES,
            Self::Candidate(text) | Self::Handshake(text) => text.len() <= MAX_CANDIDATE_BYTES,
        }
    }
}

#[cfg(test)]
mod tests;
