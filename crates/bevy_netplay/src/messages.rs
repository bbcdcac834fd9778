//! What happened in a room or match. Read with a `MessageReader`.

use std::time::Duration;

use bevy::prelude::*;
use bevy::reflect::GetTypeRegistration;
use netplay_protocol::PeerKey;

use crate::reflect::ReflectedPeerKey;
use crate::{EndReason, LinkPath, LinkQuality, PeerPresence, PlayerHandle};

/// A peer is connected.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerJoined {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
}

/// A peer is no longer connected.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerLeft {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// Why, in words.
    pub reason: String,
}

/// A peer of the lobby cannot be played with: it plays another game or build, breaks the rules, or there is no
/// connection to it. No match starts while it stays. In a room for two, or if the peer is the host, the room ends
/// instead.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerRefused {
    /// The player that it would be.
    pub player: PlayerHandle,
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// Why: a sentence for the player.
    pub reason: String,
}

/// A player has been dropped from the match, which goes on: from the frame after `frame` on the player's input is
/// the default one and [`Inputs::is_disconnected`](crate::Inputs::is_disconnected) is true, on every peer alike.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlayerDisconnected {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The last frame whose input it gave; -1 if it gave none.
    pub frame: i32,
    /// Why, in words.
    pub reason: String,
}

/// Nothing has been heard of a player for a while. The match goes on if the player comes back in time.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerInterrupted {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// How long until the player is dropped.
    pub time_left: Duration,
}

/// An interrupted player is back.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerResumed {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// How long nothing was heard.
    pub after: Duration,
}

/// The simulation of a player stands still, although its link is alive: its clock is paused, or its game runs no
/// frames. Everybody waits for it. Written within a second; [`PeerUnstalled`] follows unless the player is
/// [dropped](PlayerDisconnected) or the match ends. A player who itself waits for another one does not stall, and one
/// that nothing is heard of is [interrupted](PeerInterrupted).
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerStalled {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The last frame whose input it gave; -1 if it gave none.
    pub frame: i32,
    /// How long until the player is dropped ([`NetplayConfig::stall_timeout`](crate::NetplayConfig::stall_timeout));
    /// none if it is not.
    pub time_left: Option<Duration>,
}

/// The simulation of a [stalled](PeerStalled) player goes on.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerUnstalled {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// How long it stood still.
    pub after: Duration,
}

/// A peer of the room lost its connection to the signaling server, came back to it or left the room. A
/// match that is running does not need the server.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PresenceChanged {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// Where it is now.
    pub presence: PeerPresence,
}

/// Packets to a peer travel another way.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PathChanged {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The path before.
    pub from: LinkPath,
    /// The path now.
    pub to: LinkPath,
    /// Why, in words.
    pub reason: String,
}

/// The quality of a link is another.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct QualityChanged {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// What it was.
    pub from: LinkQuality,
    /// What it is.
    pub to: LinkQuality,
}

/// The states of this peer and another one differ: the simulation is not deterministic. Written once for each player
/// and match, on both sides. The match goes on.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct DesyncDetected {
    /// The player whose state differs.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The first compared frame at which they differ. The cause is earlier, by at most
    /// [`NetplayConfig::checksum_interval`](crate::NetplayConfig::checksum_interval) frames.
    pub frame: i32,
    /// The local checksum of that frame.
    pub local: u64,
    /// The player's checksum of that frame.
    pub remote: u64,
    /// The last compared frame before it at which they were equal; none if no frame before it was compared, as in a
    /// match that was set up differently or was rejoined.
    pub last_equal_frame: Option<i32>,
}

/// A player wants a rematch.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct RematchWanted {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
}

/// A match starts: frame 0 follows.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct MatchStarted {
    /// Which match on these links, counted from 1.
    pub epoch: u16,
}

/// The room ended: the state is [`NetplayState::Ended`](crate::NetplayState::Ended) from now on. Not written when the
/// game itself [leaves](crate::NetplayCommands::leave_room).
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct RoomEnded {
    /// Why. Also in [`LastEndReason`](crate::LastEndReason).
    pub reason: EndReason,
}

pub(crate) fn register(app: &mut App) {
    register_message::<PeerJoined>(app);
    register_message::<PeerLeft>(app);
    register_message::<PeerRefused>(app);
    register_message::<PlayerDisconnected>(app);
    register_message::<PeerInterrupted>(app);
    register_message::<PeerResumed>(app);
    register_message::<PeerStalled>(app);
    register_message::<PeerUnstalled>(app);
    register_message::<PresenceChanged>(app);
    register_message::<PathChanged>(app);
    register_message::<QualityChanged>(app);
    register_message::<DesyncDetected>(app);
    register_message::<RematchWanted>(app);
    register_message::<MatchStarted>(app);
    register_message::<RoomEnded>(app);
}

fn register_message<M: Message + GetTypeRegistration>(app: &mut App) {
    app.add_message::<M>().register_type::<M>();
}
