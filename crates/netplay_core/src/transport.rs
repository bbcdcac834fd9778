//! What a room and its driver say to each other: the request that joins a room, what the driver is asked to
//! do about paths, and what it reports.
//!
//! A driver (`netplay_transport`) carries out each [`TransportRequest`] and reports each [`TransportEvent`]; the
//! same two enums are used from the path agent to the socket, so that nothing is wrapped again on the way.

use std::time::Duration;

use crate::path::{Candidates, Channel, PathId, PathKind, PathPolicy};
use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, Presence, Refusal, Resume, VERSION,
};
use netplay_protocol::{Identity, PeerKey, RoomCode, Roster, Secret};

/// What a peer wants to join. Everything random is brought by the caller.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// The signaling servers, such as `ws://127.0.0.1:3536`: the first that can be reached and lets us in
    /// is the one. Should it be lost, they are tried in turn.
    pub servers: Vec<String>,
    /// Which room, or which queue.
    pub entry: Entry,
    /// How many players the room is for. Without a size the peer takes the room as it is, and a new room is for
    /// [`DEFAULT_ROOM_SIZE`](netplay_protocol::signaling::DEFAULT_ROOM_SIZE) players.
    pub size: Option<u8>,
    /// Who we are.
    pub identity: Identity,
    /// What is played. Rooms and queues are per game.
    pub game: GameInfo,
    /// The password of the room: whoever makes the room sets it.
    pub password: Option<Secret>,
    /// A token, for servers that want one.
    pub token: Option<Secret>,
    /// What proves that we have a seat in the room already, from [`TransportEvent::Joined`] of the process that
    /// was us before. A seat that is gone is no error: then we join like anybody else.
    pub seat: Option<Secret>,
    /// Which paths may carry packets.
    pub policy: PathPolicy,
    /// Where the ids of our attempts come from.
    pub seed: u64,
}

impl JoinRequest {
    /// A request without servers, password and token, of an unnamed game, for any path.
    pub fn new(entry: Entry, size: impl Into<Option<u8>>, identity: Identity) -> Self {
        Self {
            servers: Vec::new(),
            entry,
            size: size.into(),
            identity,
            game: GameInfo::default(),
            password: None,
            token: None,
            seat: None,
            policy: PathPolicy::Any,
            seed: 0,
        }
    }

    /// What a server is asked first.
    pub fn hello(&self) -> ClientMessage {
        if let (Some(resume), Entry::Room(room) | Entry::Existing(room)) = (&self.seat, &self.entry)
        {
            return ClientMessage::Resume(Resume {
                version: VERSION,
                room: room.clone(),
                key: self.identity.peer_key(),
                resume: resume.clone(),
                roster: None,
                restarted: true,
            });
        }
        ClientMessage::Join(Join {
            version: VERSION,
            key: self.identity.peer_key(),
            entry: self.entry.clone(),
            size: self.size,
            game: self.game.clone(),
            password: self.password.clone(),
            token: self.token.clone(),
        })
    }
}

/// What a caller can ask of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportRequest {
    /// Begin an attempt at a connection to a peer of the room. Ends in [`TransportEvent::PathUp`] or
    /// [`TransportEvent::AttemptFailed`]; of two that cross, one yields to the other.
    Attempt(PeerKey),
    /// Have the server carry packets to a peer. [`TransportEvent::PathUp`] says when it does.
    OpenRelay(PeerKey),
    /// Close a path. No event follows on this side.
    Close(PeerKey, PathId),
    /// Forget a peer: close everything that leads to it.
    Forget(PeerKey),
    /// See whether the connection to the server still works.
    CheckServer,
    /// Tell the server whether a match is running: while one is, it lets nobody new into the room.
    Playing(bool),
}

/// What happened on a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportEvent {
    /// We wait to be brought together with others.
    Queued {
        /// How many wait for the same, we included.
        waiting: u32,
    },
    /// The server took us in.
    Joined {
        /// The code of the room, to invite others.
        room: RoomCode,
        /// How many players the room is for.
        size: u8,
        /// What proves that our seat is ours, for [`JoinRequest::seat`]. None where no server keeps seats.
        seat: Option<Secret>,
    },
    /// Who is in the room now.
    Roster(Roster),
    /// A path to a peer is there: packets can be sent on it.
    PathUp {
        /// The peer.
        peer: PeerKey,
        /// The path.
        path: PathId,
        /// How packets travel on it. A guess until [`Self::PathKnown`] for a WebRTC connection.
        kind: PathKind,
    },
    /// It is known which candidates a path runs over, or they changed.
    PathKnown {
        /// The peer.
        peer: PeerKey,
        /// The path.
        path: PathId,
        /// How packets travel on it.
        kind: PathKind,
        /// Both ends of the pair.
        candidates: Candidates,
    },
    /// A path is no more.
    PathDown {
        /// The peer.
        peer: PeerKey,
        /// The path.
        path: PathId,
        /// Why, in words.
        reason: String,
    },
    /// The peer began an attempt, and we take part.
    PeerAttempts {
        /// The peer.
        peer: PeerKey,
    },
    /// An attempt, ours or the peer's, came to nothing.
    AttemptFailed {
        /// The peer.
        peer: PeerKey,
        /// Why, in words.
        reason: String,
    },
    /// A packet came.
    Received {
        /// From whom.
        peer: PeerKey,
        /// On which path.
        path: PathId,
        /// When, on the clock of the driver's `poll`: at or before the `now` of the last poll.
        at: Duration,
        /// On which channel.
        channel: Channel,
        /// What.
        packet: Vec<u8>,
    },
    /// Something a peer signaled was dropped because it was malformed, forged or too much.
    MalformedSignal {
        /// From whom.
        peer: PeerKey,
        /// What was wrong with it.
        reason: String,
    },
    /// A peer of the room lost its connection to the server, came back or left.
    Presence {
        /// The peer.
        peer: PeerKey,
        /// Where it is now.
        presence: Presence,
    },
    /// The signaling server is lost. Links that are up stay up; no new ones can be made until it is
    /// [restored](Self::SignalingRestored).
    SignalingLost {
        /// Why, in words.
        reason: String,
    },
    /// The signaling server is there again, and so is our seat.
    SignalingRestored,
    /// The machine is on another network than before.
    NetworkChanged,
    /// We are out of the room; no event follows.
    Left(LeaveReason),
}

/// Why we are out of a room. Each is a sentence that a player understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LeaveReason {
    /// We asked for it.
    #[error("left the room")]
    Asked,
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
    /// The server went away, or spoke no signaling, before everybody was connected.
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
