//! What happened in a room or match. Read with a `MessageReader`.

use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy::reflect::GetTypeRegistration;
use netplay_core::room;
use netplay_protocol::PeerKey;
use netplay_report::desync::{Difference, Explanation};

use crate::reflect::{OptionalPeerKey, ReflectedPeerKey};
use crate::{
    DoctorFinding, EndReason, LinkPath, LinkQuality, ListedRoom, MatchResult, PeerPresence,
    PlayerHandle, RoomListCursor,
};

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

/// The page that a player plays in is closed, loaded again or left for another one; the page cannot tell which. The match
/// waits: [`PeerBack`] follows if the page is back in time, and [`PlayerDisconnected`] otherwise. While a player is away, no
/// [`PeerInterrupted`] is written; one that was written before ends with [`PeerResumed`].
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerAway {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// How long until the player is dropped ([`NetplayConfig::away_timeout`](crate::NetplayConfig::away_timeout)).
    pub time_left: Duration,
}

/// A player who was [away](PeerAway) is back: the page was loaded again, or is shown again.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerBack {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// How long it was away.
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

/// The machine of a player is too slow for the simulation: for two seconds it could not simulate all of the time. The
/// others wait for it once their prediction windows are full, and then play as slowly as it does, evenly.
/// [`PeerFastEnough`] follows unless the player is [dropped](PlayerDisconnected) or the match ends. A player is dropped
/// that stays below [`NetplayConfig::min_frame_rate`](crate::NetplayConfig::min_frame_rate).
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerTooSlow {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// How many frames per second it simulates.
    pub frame_rate: u32,
}

/// The machine of a player that was [too slow](PeerTooSlow) has been fast enough for two seconds.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerFastEnough {
    /// The player.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
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
/// and match, on both sides. The match goes on, unless [`DesyncConfig::after`](crate::DesyncConfig::after) says
/// otherwise; [`DesyncExplained`] follows.
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

/// What differs after [`DesyncDetected`], once both peers have sent each other what they had, or the other one has not
/// for 10 s. Written once for each player and match, on both sides; the log has the same sentence.
/// [`DesyncBundles`](crate::DesyncBundles) has all of it by then.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct DesyncExplained {
    /// The player whose state differs.
    pub player: PlayerHandle,
    /// The peer that the player plays on.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The frame before which the states differ, as far as it is known.
    pub frame: i32,
    /// The last compared frame before it at which they were equal.
    pub last_equal_frame: Option<i32>,
    /// What differs, in words.
    pub sentence: String,
    /// The type that differs first, as peers call it. None where an entity is missing, or nothing is known.
    pub type_name: Option<String>,
    /// The [`SpawnOrder`](crate::SpawnOrder) of the entity. None for resources and states.
    pub entity: Option<u32>,
    /// The part of the value that differs first; empty for all of it.
    pub field: String,
    /// What this peer has there, in words; a float with its bits.
    pub local: Option<String>,
    /// What the player has there.
    pub remote: Option<String>,
    /// The file that the bundle was written to, if [`DesyncConfig::directory`](crate::DesyncConfig::directory) is set.
    pub file: Option<PathBuf>,
}

impl DesyncExplained {
    pub(crate) fn new(
        player: PlayerHandle,
        peer: PeerKey,
        frame: i32,
        sentence: String,
        file: Option<PathBuf>,
    ) -> Self {
        Self {
            player,
            peer,
            frame,
            last_equal_frame: None,
            sentence,
            type_name: None,
            entity: None,
            field: String::new(),
            local: None,
            remote: None,
            file,
        }
    }

    /// The same with what is known.
    pub(crate) fn with(mut self, explanation: Option<Explanation>) -> Self {
        let Some(Explanation { frame, last_equal_frame, difference, .. }) = explanation else {
            return self;
        };
        self.frame = frame;
        self.last_equal_frame = last_equal_frame;
        self.type_name = difference.type_name().map(str::to_owned);
        match difference {
            Difference::Value { entity, field, ours, theirs, .. } => {
                (self.entity, self.field, self.local, self.remote) = (entity, field, ours, theirs);
            }
            Difference::MissingEntity { entity, .. } => self.entity = Some(entity),
            Difference::MissingValue { entity, .. } => self.entity = entity,
            Difference::Order { entities, .. } => self.entity = entities.first().copied(),
            _ => {}
        }
        self
    }
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

/// Others removed a peer from the room ([`kick`](crate::NetplayCommands::kick)). In a match its player is
/// [dropped](PlayerDisconnected) as well. The peer itself reads [`EndReason::Kicked`].
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct PeerKicked {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// Whether it is kept out of the room.
    pub banned: bool,
}

/// Somebody votes to remove a peer from the room, where the players [vote](crate::KickRule::Vote) on that. The peer itself
/// is not told.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct KickVotes {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// How many want it removed.
    pub votes: u8,
    /// How many are needed.
    pub needed: u8,
}

/// A page of the list of public rooms, which the game has [asked for](crate::NetplayCommands::list_rooms).
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct RoomsListed {
    /// The rooms, the newest first: at most 20.
    pub rooms: Vec<ListedRoom>,
    /// For the page after this one: [`RoomList::after`](crate::RoomList::after) takes it. None if this is the last one.
    pub next: Option<RoomListCursor>,
}

/// The list of public rooms that the game has asked for could not be read.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct RoomListFailed {
    /// Why.
    pub reason: EndReason,
}

/// The doctor has taken every step: [`DoctorReport`](crate::DoctorReport) has them.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct DoctorFinished {
    /// What is wrong. Empty when all is well.
    pub findings: Vec<DoctorFinding>,
}

/// An attempt at a direct connection to a peer has failed, and has shown what is wrong with the network of either side.
/// Packets travel on another path if there is one. Written again only when the finding is another one.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct LinkDiagnosed {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// What is wrong, and what to do. Also in [`PeerLink::finding`](crate::PeerLink::finding).
    pub finding: DoctorFinding,
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

/// A member of the lobby is ready for the next match, or is so no longer.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReadyChanged {
    /// Its place in the room.
    pub place: PlayerHandle,
    /// The peer. It may be this one.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// Whether it is ready.
    pub ready: bool,
}

/// All are ready, or the room's first player wants to start: a countdown to the match begins. How long it still takes is in
/// [`CurrentLobby::countdown`](crate::CurrentLobby::countdown).
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct CountdownStarted {
    /// How many are to play.
    pub players: usize,
    /// How long it lasts.
    pub length: Duration,
}

/// No match starts for now.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct CountdownCancelled {
    /// Why.
    pub reason: CancelReason,
    /// The peer that is the reason. None if the start was taken back.
    #[reflect(remote = OptionalPeerKey)]
    pub peer: Option<PeerKey>,
}

/// Why a countdown was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub enum CancelReason {
    /// A peer left the room, its game restarted, or it cannot be played with.
    Left,
    /// A peer joined the room.
    Joined,
    /// A peer changed its value, or the room's.
    Changed,
    /// A peer is no longer ready.
    NotReady,
    /// The room's first player took the start back.
    Withdrawn,
}

impl From<room::CancelReason> for CountdownCancelled {
    fn from(reason: room::CancelReason) -> Self {
        let (reason, peer) = match reason {
            room::CancelReason::Left(peer) => (CancelReason::Left, Some(peer)),
            room::CancelReason::Joined(peer) => (CancelReason::Joined, Some(peer)),
            room::CancelReason::Changed(peer) => (CancelReason::Changed, Some(peer)),
            room::CancelReason::NotReady(peer) => (CancelReason::NotReady, Some(peer)),
            _ => (CancelReason::Withdrawn, None),
        };
        Self { reason, peer }
    }
}

/// The match is over, and the state is [`NetplayState::Lobby`](crate::NetplayState::Lobby) from now on: the simulation has
/// [ended](crate::NetplayCommands::end_match) it, or nobody else was left in it.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct MatchEnded {
    /// Which match on these links, counted from 1.
    pub epoch: u16,
    /// The frame in which the simulation has ended it: the last one, the same on every peer. None if it has not here: nobody
    /// else was left, or most of the others have ended the match.
    pub frame: Option<i32>,
    /// What the simulation gave: the same on every peer.
    pub result: MatchResult,
}

/// A report was [saved](crate::NetplayCommands::save_report); in a browser, given to the browser to be saved.
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReportSaved {
    /// The files.
    pub files: Vec<String>,
}

/// A report could not be [saved](crate::NetplayCommands::save_report).
#[derive(Message, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Message, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReportNotSaved {
    /// The file that it was to be saved to.
    pub path: String,
    /// Why it is not, in words.
    pub reason: String,
}

pub(crate) fn register(app: &mut App) {
    register_message::<ReportSaved>(app);
    register_message::<ReportNotSaved>(app);
    register_message::<ReadyChanged>(app);
    register_message::<CountdownStarted>(app);
    register_message::<CountdownCancelled>(app);
    register_message::<MatchEnded>(app);
    register_message::<PeerJoined>(app);
    register_message::<PeerLeft>(app);
    register_message::<PeerRefused>(app);
    register_message::<PlayerDisconnected>(app);
    register_message::<PeerInterrupted>(app);
    register_message::<PeerResumed>(app);
    register_message::<PeerAway>(app);
    register_message::<PeerBack>(app);
    register_message::<PeerStalled>(app);
    register_message::<PeerUnstalled>(app);
    register_message::<PeerTooSlow>(app);
    register_message::<PeerFastEnough>(app);
    register_message::<PresenceChanged>(app);
    register_message::<PathChanged>(app);
    register_message::<QualityChanged>(app);
    register_message::<DesyncDetected>(app);
    register_message::<DesyncExplained>(app);
    register_message::<RematchWanted>(app);
    register_message::<PeerKicked>(app);
    register_message::<KickVotes>(app);
    register_message::<RoomsListed>(app);
    register_message::<RoomListFailed>(app);
    register_message::<DoctorFinished>(app);
    register_message::<LinkDiagnosed>(app);
    register_message::<MatchStarted>(app);
    register_message::<RoomEnded>(app);
}

fn register_message<M: Message + GetTypeRegistration>(app: &mut App) {
    app.add_message::<M>().register_type::<M>();
}
