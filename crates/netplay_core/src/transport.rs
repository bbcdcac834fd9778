//! The interface between a room and its transport: the request that joins a room, what the transport is asked to do
//! about paths, and what it reports.
//!
//! A transport (`netplay_transport`) carries out each [`TransportRequest`] and reports each [`TransportEvent`]. The
//! path agent emits the requests that the transport takes, and links take the events that it reports: nothing is
//! wrapped on the way.

mod options;

use std::time::Duration;

use crate::doctor::Finding;
use crate::path::{Candidates, Channel, PathId, PathKind, PathPolicy};
use netplay_protocol::join_proof::{JoinAction, JoinContext};
use netplay_protocol::signaling::{
    ClientMessage, ConnectionType, Entry, GameInfo, Join, Presence, Refusal, Resume, RoomOptions,
    RoomState, VERSION,
};
use netplay_protocol::{Challenge, Identity, PeerKey, RoomCode, Roster, Secret, ServerName};

pub use options::{IceSource, TransportOptions};

/// What a peer wants to join. The caller provides all randomness.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// The signaling servers, such as `ws://127.0.0.1:3536`. The peer joins on the first one that lets it in; after a
    /// loss the servers are tried in turn. A server cannot send the peer to any that is neither in this list nor on its
    /// own host.
    pub servers: Vec<String>,
    /// The room or the queue.
    pub entry: Entry,
    /// How many players the room is for. Without a size the peer takes the room as it is, and a new room is for
    /// [`DEFAULT_ROOM_SIZE`](netplay_protocol::signaling::DEFAULT_ROOM_SIZE) players.
    pub size: Option<u8>,
    /// How many players the local peer brings.
    pub players: u8,
    /// With how many players a match starts at least, once all are ready: of a room that the peer creates. None: when
    /// the room is full.
    pub least: Option<u8>,
    /// The identity of the local peer.
    pub identity: Identity,
    /// What is played. Rooms and queues are per game.
    pub game: GameInfo,
    /// The password of the room. The peer that creates the room sets it.
    pub password: Option<Secret>,
    /// A token, for servers that want one.
    pub token: Option<Secret>,
    /// What the peer sets of a room that it creates, besides size and password.
    pub room_options: RoomOptions,
    /// Resumes the place in the room of an earlier process of the same peer, which had the token from its
    /// [`TransportEvent::Joined`]. If the server no longer knows it, the peer joins like any other.
    pub resume_token: Option<Secret>,
    /// The kinds of path that packets may take.
    pub policy: PathPolicy,
    /// What the game sets of the connections.
    pub options: TransportOptions,
    /// The seed of attempt ids and of the backoff.
    pub seed: u64,
}

impl LeaveReason {
    /// Whether others removed the peer from the room: then nothing of the room is left to it.
    pub fn is_kick(&self) -> bool {
        matches!(self, Self::Refused(Refusal::Kicked { .. }))
    }
}

impl JoinRequest {
    /// A request without servers, password and token, of an unnamed game, for any path.
    pub fn new(entry: Entry, size: impl Into<Option<u8>>, identity: Identity) -> Self {
        Self {
            servers: Vec::new(),
            entry,
            size: size.into(),
            players: 1,
            least: None,
            identity,
            game: GameInfo::default(),
            password: None,
            token: None,
            room_options: RoomOptions::default(),
            resume_token: None,
            policy: PathPolicy::Any,
            options: TransportOptions::default(),
            seed: 0,
        }
    }

    /// The first message to the server with this name, which has sent this challenge.
    pub fn hello(&self, server: &ServerName, challenge: Challenge) -> ClientMessage {
        let proof = |action| {
            let context = JoinContext { action, server, challenge };
            self.identity.sign_join(&context)
        };
        if let (Some(resume), Entry::Room(room) | Entry::Existing(room)) =
            (&self.resume_token, &self.entry)
        {
            return ClientMessage::Resume(Resume {
                version: VERSION,
                room: room.clone(),
                proof: proof(JoinAction::Resume(room)),
                resume: resume.clone(),
                roster: None,
                restarted: true,
            });
        }
        ClientMessage::Join(Join {
            version: VERSION,
            proof: proof(self.entry.action()),
            entry: self.entry.clone(),
            size: self.size,
            players: self.players,
            least: self.least,
            game: self.game.clone(),
            password: self.password.clone(),
            token: self.token.clone(),
            options: self.room_options.clone(),
        })
    }
}

/// What a room can ask of its transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportRequest {
    /// Begin an attempt at a connection to a peer of the room. Ends in [`TransportEvent::PathUp`] or
    /// [`TransportEvent::AttemptFailed`]. When two attempts cross, one of them goes on.
    Attempt(PeerKey),
    /// Have the server relay packets to a peer. [`TransportEvent::PathUp`] says when it does.
    OpenRelay(PeerKey),
    /// Close a path. No event follows on this side.
    Close(PeerKey, PathId),
    /// Close every path to a peer, and ignore the peer from then on.
    Forget(PeerKey),
    /// Check whether the connection to the server still works.
    CheckServer,
    /// Tell the server whether a match is running. During a match it admits no new peers to the room.
    Playing(bool),
    /// Tell the server how packets to a peer travel, for its statistics. The transport passes on what is new.
    Connected(PeerKey, ConnectionType),
    /// Ask the server to remove a member from the room, or vote for it.
    Kick {
        /// The member.
        peer: PeerKey,
        /// Whether its key and its address are to be kept out of the room.
        ban: bool,
    },
    /// Open or close the room for new peers.
    Open(bool),
}

/// What happened on a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportEvent {
    /// The peer waits in the queue.
    Queued {
        /// How many wait for the same, the local peer included.
        waiting: u32,
    },
    /// The server admitted the peer to the room.
    Joined {
        /// The code of the room, with which others can join.
        room: RoomCode,
        /// How many players the room is for.
        size: u8,
        /// With how many players a match starts at least, once all are ready. None if it starts when the room is full.
        least: Option<u8>,
        /// For [`JoinRequest::resume_token`] of a later process of this peer. None where no server keeps places.
        resume_token: Option<Secret>,
    },
    /// What the room is like, where that is not the default or has changed.
    RoomState(RoomState),
    /// Others removed a member from the room. Follows the [roster](Self::Roster) without it.
    Kicked {
        /// The peer.
        peer: PeerKey,
        /// Whether it is kept out of the room.
        banned: bool,
    },
    /// Somebody votes for the removal of a member.
    KickVotes {
        /// The member.
        peer: PeerKey,
        /// How many want it removed.
        votes: u8,
        /// How many are needed.
        needed: u8,
    },
    /// The members of the room have changed.
    Roster(Roster),
    /// A path to a peer is up: packets can be sent on it.
    PathUp {
        /// The peer.
        peer: PeerKey,
        /// The path.
        path: PathId,
        /// How packets travel on it. A guess until [`Self::PathKnown`] for a WebRTC connection.
        kind: PathKind,
    },
    /// The pair of candidates that a path uses became known or changed.
    PathKnown {
        /// The peer.
        peer: PeerKey,
        /// The path.
        path: PathId,
        /// How packets travel on it.
        kind: PathKind,
        /// The pair.
        candidates: Candidates,
    },
    /// A path is down.
    PathDown {
        /// The peer.
        peer: PeerKey,
        /// The path.
        path: PathId,
        /// The cause, as text.
        reason: String,
    },
    /// The peer began an attempt, and the local peer answers.
    PeerAttempts {
        /// The peer.
        peer: PeerKey,
    },
    /// An attempt of either peer failed.
    AttemptFailed {
        /// The peer.
        peer: PeerKey,
        /// The cause, as text.
        reason: String,
        /// What is wrong with the network of either side, and what to do, where the attempt has shown it.
        finding: Option<Finding>,
    },
    /// A packet arrived.
    Received {
        /// The peer that sent it.
        peer: PeerKey,
        /// The path it arrived on.
        path: PathId,
        /// When it arrived, on the clock of the transport's `poll`: at or before the `now` of the last poll.
        at: Duration,
        /// The channel it arrived on.
        channel: Channel,
        /// Its content.
        packet: Vec<u8>,
    },
    /// A signal of a peer was dropped because it was malformed, forged or one too many.
    MalformedSignal {
        /// The peer.
        peer: PeerKey,
        /// What is wrong with the signal, as text.
        reason: String,
    },
    /// A peer of the room lost its connection to the server, came back or left.
    Presence {
        /// The peer.
        peer: PeerKey,
        /// Its presence now.
        presence: Presence,
    },
    /// The connection to the signaling server is lost. Paths that are up stay up; there are no new ones until the
    /// connection is [restored](Self::SignalingRestored).
    SignalingLost {
        /// The cause, as text.
        reason: String,
    },
    /// The connection to the signaling server is restored, and the place in the room resumed.
    SignalingRestored,
    /// The machine has changed to another network.
    NetworkChanged,
    /// The peer has left the room. No event follows.
    Left(LeaveReason),
}

/// Why a peer left its room. Each is a sentence that a player understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LeaveReason {
    /// The local player asked for it.
    #[error("left the room")]
    Requested,
    /// The server could not be reached.
    #[error("cannot reach the server {server} ({detail}): check the address and your connection")]
    Unreachable {
        /// The address that was tried.
        server: String,
        /// What the attempt failed with.
        detail: String,
    },
    /// The address of the server is not one.
    #[error("{0:?} is not a server address: it should look like ws://host:port or wss://host")]
    BadAddress(String),
    /// The server refused.
    #[error("{0}")]
    Refused(Refusal),
    /// The connection to the server was lost, or the server does not speak signaling, before all peers were connected.
    #[error("lost the server before the match could start ({0}): join again")]
    ServerGone(String),
}

/// Why a packet was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There is no such path to this peer.
    #[error("there is no such path to this peer")]
    NoPath,
    /// The packet is larger than the channel carries.
    #[error("a packet of {0} bytes is larger than the channel carries")]
    TooLarge(usize),
}
