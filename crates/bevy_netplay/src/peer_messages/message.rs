//! What a game reads: messages of peers, and what became of its own.

use bevy::prelude::*;
use netplay_protocol::PeerKey;

use super::{PeerMessage, PeerMessageError, PeerMessageId};
use crate::PlayerHandle;
use crate::reflect::ReflectedPeerKey;

/// A message of a peer. Read with a `MessageReader`, and outside of the simulation: it comes at another frame on every
/// peer.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct FromPeer<T: PeerMessage> {
    /// The peer that sent it.
    pub peer: PeerKey,
    /// Its player; none if it has none.
    pub player: Option<PlayerHandle>,
    /// The message. A peer can send whatever its type allows: check it like any input from outside.
    pub message: T,
}

/// A reliable message has arrived at a peer, whole.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerMessageDelivered {
    /// The message, as [`PeerMessageWriter::write`](super::PeerMessageWriter::write) named it.
    pub id: PeerMessageId,
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
}

/// A reliable message is not sent to a peer any more. Where the peer restarted, left or broke the rules, it may have arrived
/// before. When the room ends or is left, nothing more is told of what was on its way.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerMessageFailed {
    /// The message, as [`PeerMessageWriter::write`](super::PeerMessageWriter::write) named it.
    pub id: PeerMessageId,
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// Why.
    pub reason: PeerMessageError,
}
