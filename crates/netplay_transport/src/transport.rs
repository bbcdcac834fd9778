use std::str::FromStr;
use std::time::Duration;

use netplay_protocol::signaling::{Entry, GameInfo, Presence, Refusal};
use netplay_protocol::{PeerKey, RoomCode, Roster, Secret};

/// What a peer wants to join. Everything random is brought by the caller.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// The signaling servers, such as `ws://127.0.0.1:3536`: the first that can be reached and lets us in
    /// is the one. Should it be lost, they are tried in turn.
    pub servers: Vec<String>,
    /// Which room, or which queue.
    pub entry: Entry,
    /// How many players the room is for.
    pub size: u8,
    /// Who we are.
    pub key: PeerKey,
    /// What is played. Rooms and queues are per game.
    pub game: GameInfo,
    /// The password of the room: whoever makes the room sets it.
    pub password: Option<Secret>,
    /// A token, for servers that want one.
    pub token: Option<Secret>,
    /// Which paths may carry packets.
    pub policy: PathPolicy,
    /// Where the ids of our attempts come from.
    pub seed: u64,
}

impl JoinRequest {
    /// A request without servers, password and token, of an unnamed game, for any path.
    pub fn new(entry: Entry, size: u8, key: PeerKey) -> Self {
        Self {
            servers: Vec::new(),
            entry,
            size,
            key,
            game: GameInfo::default(),
            password: None,
            token: None,
            policy: PathPolicy::Any,
            seed: 0,
        }
    }
}

/// Brings the peers of a room together and carries packets between them.
///
/// The caller polls once a frame, then reads events until there are none. Packets are delivered as
/// they came: unordered and perhaps twice on [`Channel::Datagram`], once and in order on
/// [`Channel::Reliable`].
pub trait Transport: Send + Sync {
    /// Takes in what has arrived by `now`, counted from any fixed moment.
    fn poll(&mut self, now: Duration);

    /// The next thing that happened, oldest first.
    fn next_event(&mut self) -> Option<TransportEvent>;

    /// Sends a packet to a peer whose link is up. Never blocks.
    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        channel: Channel,
        packet: &[u8],
    ) -> Result<(), SendError>;

    /// Tells the server whether a match is running: while one is, it lets nobody new into the room.
    fn set_playing(&mut self, playing: bool);

    /// Leaves the room once what was sent reliably is on its way. Events end with
    /// [`TransportEvent::Left`].
    fn leave(&mut self);
}

/// The two channels of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Unordered, never retransmitted: inputs.
    Datagram,
    /// Ordered, retransmitted until it arrives: everything else.
    Reliable,
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
    },
    /// Who is in the room now.
    Roster(Roster),
    /// Packets flow to and from this peer.
    LinkUp {
        /// The peer.
        peer: PeerKey,
        /// How packets travel.
        path: PathKind,
        /// How many attempts it took, counted from 1.
        attempts: u32,
    },
    /// It is known which candidates the path runs over, or they changed.
    PathKnown {
        /// The peer.
        peer: PeerKey,
        /// How packets travel.
        path: PathKind,
        /// Both ends of the pair.
        candidates: Candidates,
    },
    /// Packets no longer flow: the peer left, which the roster has told before, or every attempt to
    /// make them flow again has failed.
    LinkDown {
        /// The peer.
        peer: PeerKey,
        /// Why, in words.
        reason: String,
    },
    /// A packet came.
    Received {
        /// From whom.
        peer: PeerKey,
        /// When, on the clock of [`Transport::poll`]: at or before the `now` of the last poll.
        at: Duration,
        /// On which channel.
        channel: Channel,
        /// What.
        packet: Vec<u8>,
    },
    /// Something a peer signaled was dropped because it was malformed.
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

/// How packets travel to a peer, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKind {
    /// Straight to the peer (ICE host, server reflexive or peer reflexive candidates).
    Direct,
    /// Through a TURN server.
    Turn,
    /// Through the signaling server.
    Relay,
    /// Inside this process.
    Memory,
}

/// What kind of ICE candidate an end of a path is (RFC 8445).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateKind {
    /// An address of the machine itself.
    Host,
    /// The address a STUN server saw.
    ServerReflexive,
    /// The address the other peer saw.
    PeerReflexive,
    /// An address on a TURN server.
    Relay,
}

/// Both ends of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidates {
    /// Our end.
    pub local: CandidateKind,
    /// The peer's end.
    pub remote: CandidateKind,
}

/// Which paths may carry packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathPolicy {
    /// Whatever works.
    #[default]
    Any,
    /// Only straight to the peer.
    Direct,
    /// Only through a TURN server.
    Turn,
    /// Only through the signaling server.
    Relay,
}

/// The text is not a [`PathPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a path policy: use any, direct, turn or relay")]
pub struct BadPathPolicy(String);

impl FromStr for PathPolicy {
    type Err = BadPathPolicy;

    fn from_str(text: &str) -> Result<Self, BadPathPolicy> {
        match text {
            "any" => Ok(Self::Any),
            "direct" => Ok(Self::Direct),
            "turn" => Ok(Self::Turn),
            "relay" => Ok(Self::Relay),
            other => Err(BadPathPolicy(other.to_owned())),
        }
    }
}

/// Why a packet was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No link to this peer is up.
    #[error("no link to this peer is up")]
    NoLink,
    /// The packet is larger than the channel carries.
    #[error("a packet of {0} bytes is larger than the channel carries")]
    TooLarge(usize),
}
