//! What happened in a room or match. Read them with a `MessageReader`.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::link::Quality;
use netplay_protocol::PeerKey;
use netplay_protocol::signaling::Presence;
use netplay_transport::PathKind;

/// A peer is connected.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct PeerJoined {
    /// The peer.
    pub peer: PeerKey,
}

/// A peer is no longer connected.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct PeerLeft {
    /// The peer.
    pub peer: PeerKey,
    /// Why, in words.
    pub reason: String,
}

/// A player has been dropped from the match, which goes on without it: from the frame after `frame` on it
/// presses nothing, and [`Inputs::is_gone`](crate::Inputs::is_gone) says so, on every machine alike.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct PlayerDropped {
    /// The seat of the player.
    pub player: usize,
    /// The last frame whose input it gave; -1 if it gave none.
    pub frame: i32,
    /// Why, in words.
    pub reason: String,
}

/// Nothing has been heard of a player for a while. The match goes on if the player comes back in time.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct PeerInterrupted {
    /// The seat of the player.
    pub player: usize,
    /// How long until the player counts as gone.
    pub time_left: Duration,
}

/// An interrupted player is back.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct PeerResumed {
    /// The seat of the player.
    pub player: usize,
    /// How long nothing was heard.
    pub after: Duration,
}

/// A peer of the room lost its connection to the signaling server, came back to it or left the room. A
/// match that is running does not need the server.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct PresenceChanged {
    /// The peer.
    pub peer: PeerKey,
    /// Where it is now.
    pub presence: Presence,
}

/// Packets to a peer travel another way.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct PathChanged {
    /// The peer.
    pub peer: PeerKey,
    /// The path before.
    pub from: PathKind,
    /// The path now.
    pub to: PathKind,
    /// Why, in words.
    pub reason: String,
}

/// The quality of a link is another.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct QualityChanged {
    /// The seat of the player.
    pub player: usize,
    /// What it was.
    pub from: Quality,
    /// What it is.
    pub to: Quality,
}

/// The state of two peers differs at a frame: the simulation is not deterministic.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct DesyncDetected {
    /// The seat of the player whose state differs from ours.
    pub player: usize,
    /// The frame at which it was noticed. The cause is earlier, at most the checksum interval.
    pub frame: i32,
    /// Our checksum, if this side compared.
    pub local: Option<u64>,
    /// Their checksum.
    pub remote: u64,
}

/// A player wants a rematch.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct RematchWanted {
    /// The seat of the player.
    pub player: usize,
}

/// A match starts: frame 0 follows.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct MatchStarted {
    /// Which match on these links, counted from 1.
    pub epoch: u16,
}

pub(crate) fn register(app: &mut App) {
    app.add_message::<PeerJoined>()
        .add_message::<PeerLeft>()
        .add_message::<PlayerDropped>()
        .add_message::<PeerInterrupted>()
        .add_message::<PeerResumed>()
        .add_message::<PresenceChanged>()
        .add_message::<PathChanged>()
        .add_message::<QualityChanged>()
        .add_message::<DesyncDetected>()
        .add_message::<RematchWanted>()
        .add_message::<MatchStarted>();
}
