//! What happens to messages, and what is counted.

use netplay_protocol::MessageDelivery;

/// What happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageEvent {
    /// A message of the peer.
    Received {
        /// The number of its type in the local table.
        message_type: u8,
        /// The message.
        message: Vec<u8>,
    },
    /// A reliable message has arrived, whole.
    Delivered {
        /// The message.
        id: u64,
    },
    /// A reliable message is not sent any more. Where the peer broke the rules, restarted or left, it may have arrived
    /// before.
    Failed {
        /// The message.
        id: u64,
        /// Why.
        reason: MessageError,
    },
}

/// Why a message does not arrive. Each is a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The local game knows no such type.
    #[error("the game has not registered this type of messages")]
    NoSuchType,
    /// The peer does not know the type, or in another version.
    #[error("the other player's game does not know this type of messages in this version")]
    NotKnown,
    /// The message is longer than both games allow for its type.
    #[error("a message of {bytes} bytes is longer than the {most} bytes that both games allow")]
    TooLong {
        /// Its length before compression.
        bytes: usize,
        /// The most that both allow.
        most: u32,
    },
    /// Too much waits for its acknowledgement.
    #[error("too many messages wait for the other player: send less, or later")]
    QueueFull,
    /// There is no such peer in the room, or it has left.
    #[error("the other player is not in the room")]
    NoSuchPeer,
    /// The peer broke the rules of messages: none is taken from it and sent to it until its process restarts.
    #[error("the other player's game sent what it must not, and is not heard")]
    PeerMuted,
    /// The peer's process restarted: it knows nothing of what was sent to the one before.
    #[error("the other player's game restarted")]
    PeerRestarted,
}

/// A type that two peers do not both know in the same version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeMismatch {
    /// Its name, as the local game has it.
    pub name: String,
    /// The local version and delivery.
    pub local: (u16, MessageDelivery),
    /// Those of the peer; none if it has no type of that name.
    pub peer: Option<(u16, MessageDelivery)>,
}

/// What is counted of the messages with a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounters {
    /// Messages that were taken to be sent.
    pub sent: u64,
    /// Reliable messages that the peer has acknowledged.
    pub delivered: u64,
    /// Messages of the peer that were given to the game.
    pub received: u64,
    /// Bytes of packets that were sent.
    pub bytes_sent: u64,
    /// Bytes of messages that came, as they travelled, those that came twice included.
    pub bytes_received: u64,
    /// Bytes of messages that were lost and sent again.
    pub bytes_resent: u64,
    /// How often the peer sent a type that the local game does not know.
    pub unknown: u64,
    /// How often it sent something malformed.
    pub malformed: u64,
    /// How often it sent a message that is too long.
    pub oversized: u64,
    /// Packets that were not read, because the peer broke the rules or sends too many.
    pub muted: u64,
}
