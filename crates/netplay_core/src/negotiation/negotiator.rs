//! The state machine between a room and its driver. See the [module](super).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netplay_protocol::signaling::{ClientMessage, IceServer, RoomState};
use netplay_protocol::{ConnectionId, Identity, PeerKey, RoomScope};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::AttemptCommand;
use super::peer::PeerState;
use crate::log_limiter::{LogLimiter, log_limited};
use crate::path::{PathId, PathPolicy};
use crate::signaling::{Frame, SignalingClient, SocketCommand, SocketEvent};
use crate::transport::{
    JoinRequest, LeaveReason, TransportEvent, TransportOptions, TransportRequest,
};

/// How long a peer that leaves lets its last reliable messages get out.
const LINGER: Duration = Duration::from_millis(150);

/// See the [module](super).
#[derive(Debug)]
pub struct Negotiator {
    pub(super) key: PeerKey,
    pub(super) identity: Identity,
    pub(super) policy: PathPolicy,
    pub(super) options: TransportOptions,
    /// Where the ids of attempts come from.
    seed: u64,
    attempts_begun: u64,
    /// Where the keys of the relay come from.
    pub(super) random: StdRng,
    pub(super) signaling: SignalingClient,
    pub(super) phase: Phase,
    /// The room, once the server has welcomed the peer to it.
    pub(super) room: Option<RoomScope>,
    /// Since when there is no connection to the server, and why.
    pub(super) lost: Option<(Duration, String)>,
    /// Whether a match runs.
    pub(super) playing: bool,
    /// What the server has said of the room besides its members.
    pub(super) state: RoomState,
    /// Those that the signaling server names.
    pub(super) ice_servers: Vec<IceServer>,
    pub(super) peers: BTreeMap<PeerKey, PeerState>,
    /// The lines of the log that others can repeat.
    pub(super) logs: LogLimiter,
    /// The moment of the last call that told it.
    pub(super) now: Duration,
    pub(super) commands: VecDeque<AttemptCommand>,
    pub(super) events: VecDeque<TransportEvent>,
}

/// Where the local peer is.
#[derive(Debug)]
pub(super) enum Phase {
    /// No server has answered yet. What is asked for meanwhile waits.
    Joining { requests: VecDeque<TransportRequest>, leave: bool },
    /// A server has answered, but not with a room.
    Queued,
    /// In a room.
    Member,
    /// Leaves the room at this moment.
    Leaving { at: Duration },
    /// Out of the room, for good.
    Left,
}

impl Negotiator {
    /// A negotiator that begins to join. `random` is for keys: 32 bytes that nobody can guess. `sees_pings` says
    /// whether the driver can report the server's pings.
    pub fn new(request: JoinRequest, random: [u8; 32], sees_pings: bool, now: Duration) -> Self {
        let mut negotiator = Self {
            key: request.identity.peer_key(),
            identity: request.identity.clone(),
            policy: request.policy,
            options: request.options.clone(),
            seed: request.seed,
            attempts_begun: 0,
            random: StdRng::from_seed(random),
            signaling: SignalingClient::new(request, sees_pings, now),
            phase: Phase::Joining { requests: VecDeque::new(), leave: false },
            room: None,
            lost: None,
            playing: false,
            state: RoomState::default(),
            ice_servers: Vec::new(),
            peers: BTreeMap::new(),
            logs: LogLimiter::default(),
            now,
            commands: VecDeque::new(),
            events: VecDeque::new(),
        };
        negotiator.handle_signaling(now);
        negotiator
    }

    /// Whether the peer is out of the room: no event follows the last one.
    pub fn has_left(&self) -> bool {
        matches!(self.phase, Phase::Left)
    }

    /// Whether there is a connection to the server.
    pub fn is_online(&self) -> bool {
        self.signaling.is_online()
    }

    /// Whether the peer is on no server and will not be, though it may still have connections.
    pub fn has_given_up_on_servers(&self) -> bool {
        self.signaling.is_closed()
    }

    /// Takes in what happened on the socket.
    pub fn handle_socket(&mut self, now: Duration, event: SocketEvent) {
        self.now = now;
        if !self.is_leaving() {
            self.signaling.handle_socket(now, event);
            self.handle_signaling(now);
        }
    }

    /// Does what the room asks for. Before a server has answered, that waits.
    pub fn handle_request(&mut self, now: Duration, request: TransportRequest) {
        self.now = now;
        match &mut self.phase {
            Phase::Joining { requests, .. } => return requests.push_back(request),
            Phase::Queued | Phase::Member => {}
            Phase::Leaving { .. } | Phase::Left => return,
        }
        match request {
            TransportRequest::Attempt(peer) => self.attempt(peer),
            TransportRequest::OpenRelay(peer) => self.want_relay(now, peer),
            TransportRequest::Close(peer, PathId::RELAY) => self.close_relay(peer),
            TransportRequest::Close(peer, PathId(path)) => self.close(peer, ConnectionId(path)),
            TransportRequest::Forget(peer) => self.forget(peer),
            TransportRequest::CheckServer => self.signaling.check(now),
            TransportRequest::Playing(playing) => {
                self.playing = playing;
                self.signaling.send(ClientMessage::Playing { playing });
            }
            TransportRequest::Connected(peer, path) => self.report_connection(peer, path),
            TransportRequest::Kick { peer, ban } => {
                if !self.is_online() {
                    // What the players of a match say to each other still holds in the match.
                    log_limited!(
                        self.logs,
                        now,
                        "without the signaling server stays in the room:",
                        peer.short(),
                        info!("without the signaling server {peer:?} stays in the room")
                    );
                }
                self.signaling.send(ClientMessage::Kick { peer, ban });
            }
            TransportRequest::Open(open) => self.signaling.send(ClientMessage::Open { open }),
        }
    }

    /// The room wants to leave. [`TransportEvent::Left`] follows once reliable messages had time to get out.
    pub fn handle_leave(&mut self, now: Duration) {
        match &mut self.phase {
            Phase::Joining { leave, .. } => *leave = true,
            Phase::Queued | Phase::Member => {
                self.signaling.send(ClientMessage::Leave);
                self.phase = Phase::Leaving { at: now + LINGER };
            }
            Phase::Leaving { .. } | Phase::Left => {}
        }
    }

    /// The machine is on another network: the connection to the server may be lost, and nobody knows yet.
    pub fn handle_network_change(&mut self, now: Duration) {
        if !self.is_leaving() {
            self.events.push_back(TransportEvent::NetworkChanged);
            self.signaling.check(now);
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.now = now;
        self.logs.log_repeated(now);
        self.signaling.log_repeated(now);
        if let Phase::Leaving { at } = self.phase {
            if at <= now {
                self.left(LeaveReason::Requested);
            }
            return;
        }
        self.signaling.handle_timeout(now);
        self.handle_signaling(now);
        if let Some((_, reason)) = self.gives_up_at().filter(|(at, _)| *at <= now) {
            let reason = LeaveReason::ServerGone(reason.to_owned());
            return self.left(reason);
        }
        let late = |peer: &PeerState| peer.handshake_due.is_some_and(|due| due <= now);
        let late = self.peers.iter().filter(|(_, peer)| late(peer)).map(|(key, _)| *key);
        for peer in late.collect::<Vec<_>>() {
            self.begin_handshake(now, peer);
        }
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.phase {
            Phase::Leaving { at } => Some(at),
            Phase::Left => None,
            Phase::Joining { .. } | Phase::Queued | Phase::Member => {
                let handshakes = self.peers.values().filter_map(|peer| peer.handshake_due);
                let gives_up = self.gives_up_at().map(|(at, _)| at);
                let logs = self.logs.poll_timeout().into_iter().chain(self.signaling.log_due());
                handshakes.chain(gives_up).chain(logs).chain(self.signaling.poll_timeout()).min()
            }
        }
    }

    /// The next thing to do with the socket.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_socket(&mut self) -> Option<SocketCommand> {
        self.signaling.poll_command()
    }

    /// The next frame to send on the socket.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_transmit(&mut self) -> Option<Frame> {
        self.signaling.poll_transmit()
    }

    /// The next thing to do about attempts.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_attempt(&mut self) -> Option<AttemptCommand> {
        self.commands.pop_front()
    }

    /// The next thing that happened.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    /// When the server is no longer waited for, and why: with a connection to somebody never, without any when the
    /// server keeps the place in the room no longer.
    fn gives_up_at(&self) -> Option<(Duration, &str)> {
        let (since, reason) = self.lost.as_ref()?;
        (!self.has_connections()).then_some((*since + self.signaling.grace(), reason))
    }

    /// Whether there is a connection that does not need the server.
    pub(super) fn has_connections(&self) -> bool {
        self.peers.values().any(PeerState::has_connection)
    }

    fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving { .. } | Phase::Left)
    }

    pub(super) fn left(&mut self, reason: LeaveReason) {
        self.phase = Phase::Left;
        self.logs.finish(self.now);
        self.signaling.finish_logs(self.now);
        self.events.push_back(TransportEvent::Left(reason));
    }

    pub(super) fn new_connection(&mut self) -> ConnectionId {
        loop {
            self.attempts_begun += 1;
            // A golden-ratio sequence: no id repeats, and the seed is the caller's randomness.
            let step = self.attempts_begun.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let connection = ConnectionId(self.seed.wrapping_add(step));
            if !is_relay(connection) {
                return connection;
            }
        }
    }

    /// Tells that something of a peer was dropped.
    pub(super) fn report_malformed(&mut self, peer: PeerKey, reason: impl Into<String>) {
        let reason = reason.into();
        self.events.push_back(TransportEvent::MalformedSignal { peer, reason });
    }
}

/// Whether this is the number of the relay, which no attempt and no handshake may have: a path has the number of its
/// attempt.
pub(super) fn is_relay(connection: ConnectionId) -> bool {
    PathId(connection.0) == PathId::RELAY
}
