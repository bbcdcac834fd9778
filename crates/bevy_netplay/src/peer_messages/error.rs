//! [`PeerMessageError`]: why a message does not arrive.

use bevy::prelude::*;
use netplay_core::messages::MessageError;
use thiserror::Error;

/// Why a message does not arrive. Each is a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Reflect, Error)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub enum PeerMessageError {
    /// The type was not registered, or only after the room was joined.
    #[error(
        "this type of messages is not registered: call App::add_peer_message when the app is built"
    )]
    NotRegistered,
    /// serde could not write it.
    #[error("the message cannot be encoded: {0}")]
    NotEncodable(String),
    /// It was written inside the simulation, which runs several times for a frame, and on every peer.
    #[error(
        "messages are not written in NetplayUpdate: a frame is simulated again after a rollback"
    )]
    InSimulation,
    /// This peer is in no room.
    #[error("there is no room to send messages in")]
    NotInRoom,
    /// The peer is not in the room, or has left it.
    #[error("the other player is not in the room")]
    NoSuchPeer,
    /// The peer's game has not registered the type, or another version of it.
    #[error("the other player's game does not know this type of messages in this version")]
    NotKnown,
    /// It is longer than one of the two games allows.
    #[error("a message of {bytes} bytes is longer than the {most} bytes that both games allow")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that both allow.
        most: u32,
    },
    /// More than 4096 messages or 64 MiB wait for their acknowledgement.
    #[error("too many messages wait for the other player: send less, or later")]
    QueueFull,
    /// The peer's game sent what it must not.
    #[error("the other player's game sent what it must not, and is not heard")]
    PeerMuted,
    /// The peer's process restarted: what it had not acknowledged is not sent to the new one.
    #[error("the other player's game restarted")]
    PeerRestarted,
}

impl From<MessageError> for PeerMessageError {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::NotKnown => Self::NotKnown,
            MessageError::TooLong { bytes, most } => Self::TooLong { bytes, most },
            MessageError::QueueFull => Self::QueueFull,
            MessageError::NoSuchPeer => Self::NoSuchPeer,
            MessageError::PeerMuted => Self::PeerMuted,
            MessageError::PeerRestarted => Self::PeerRestarted,
            // The room was joined with fewer types.
            _ => Self::NotRegistered,
        }
    }
}
