//! One peer's side of its pipe to the server: the shipped [`SignalingClient`] with a socket on virtual time, and the
//! attempts and relays that it signals about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use netplay_core::signaling::{
    Frame as SocketFrame, SignalingClient, SignalingEvent, SocketCommand, SocketEvent,
};
use netplay_protocol::signaling::{ClientMessage, Presence, ServerMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey, RelayChannel};
use netplay_server::simulation::{ClientId, Frame, SimulatedServer};
use netplay_transport::{
    Channel, JoinRequest, LeaveReason, PathId, PathKind, TransportEvent, TransportRequest,
};

use super::pipe::{Pipe, Up};

/// After how long an attempt has failed.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// The address of the server. Only the client reads it.
const ADDRESS: &str = "ws://simulated.server";

pub(super) struct Client {
    key: PeerKey,
    pub(super) pipe: Pipe,
    signaling: SignalingClient,
    socket: Socket,
    /// Whether the server has welcomed the peer.
    joined: bool,
    playing: bool,
    attempts: BTreeMap<PeerKey, Attempt>,
    attempts_begun: u64,
    relays: BTreeSet<PeerKey>,
    /// What was asked for before the server answered.
    waiting: Vec<TransportRequest>,
    /// For the transport: events, and with whom the network is to connect the peer.
    pub(super) events: VecDeque<TransportEvent>,
    pub(super) to_connect: Vec<PeerKey>,
    crashed: bool,
}

#[derive(Clone, Copy)]
enum Socket {
    Closed,
    /// To be opened as soon as the server is looked at.
    Dialing,
    Open(ClientId),
    /// The peer left, or its process ended: the server is told once what was sent before has arrived.
    Closing(ClientId),
    /// The peer left, or its process ended.
    Gone,
}

struct Attempt {
    connection: ConnectionId,
    offers: bool,
    deadline: Duration,
}

impl Client {
    pub(super) fn new(request: JoinRequest, pipe: Pipe, now: Duration, seed: u64) -> Self {
        let request = JoinRequest { servers: vec![ADDRESS.to_owned()], seed, ..request };
        Self {
            key: request.identity.peer_key(),
            pipe,
            signaling: SignalingClient::new(request, true, now),
            socket: Socket::Closed,
            joined: false,
            playing: false,
            attempts: BTreeMap::new(),
            attempts_begun: 0,
            relays: BTreeSet::new(),
            waiting: Vec::new(),
            events: VecDeque::new(),
            to_connect: Vec::new(),
            crashed: false,
        }
    }

    pub(super) fn key(&self) -> PeerKey {
        self.key
    }

    /// Whether nothing is left to be done for it.
    pub(super) fn is_over(&self) -> bool {
        self.crashed && matches!(self.socket, Socket::Gone)
    }

    /// Whether it is where it wants to be: on the server, or out of the room.
    pub(super) fn is_online(&self) -> bool {
        match self.socket {
            Socket::Closing(_) | Socket::Gone => true,
            // A client without a time-out is closed for good.
            _ => self.signaling.is_online() || self.signaling.poll_timeout().is_none(),
        }
    }

    /// The socket breaks, and the client notices.
    pub(super) fn lost(&mut self, now: Duration, reason: &str) {
        self.pipe.reset();
        match self.socket {
            Socket::Dialing | Socket::Open(_) => {
                self.socket = Socket::Closed;
                let event = SocketEvent::Disconnected(Some(reason.to_owned()));
                self.signaling.handle_socket(now, event);
                self.take_events(now, now);
            }
            Socket::Closed => {}
            Socket::Closing(_) | Socket::Gone => self.socket = Socket::Gone,
        }
    }

    /// The process ends without a word.
    pub(super) fn crash(&mut self, now: Duration) {
        self.crashed = true;
        self.pipe.cut = false;
        self.hang_up(now);
    }

    /// The peer leaves the room, and nothing more is heard of it.
    pub(super) fn leave(&mut self, now: Duration) {
        if !matches!(self.socket, Socket::Gone | Socket::Closing(_)) {
            self.signaling.send(ClientMessage::Leave);
            self.transmit(now);
            self.hang_up(now);
            self.events.clear();
            self.tell(TransportEvent::Left(LeaveReason::Asked));
        }
    }

    fn hang_up(&mut self, now: Duration) {
        self.socket = match self.socket {
            Socket::Open(id) | Socket::Closing(id) => {
                self.pipe.send_up(now, Up::Close);
                Socket::Closing(id)
            }
            Socket::Closed | Socket::Dialing | Socket::Gone => Socket::Gone,
        };
    }

    /// Lets the client do what is due, and the server take what arrives at it.
    pub(super) fn upward(&mut self, now: Duration, mut server: Option<&mut SimulatedServer>) {
        if !matches!(self.socket, Socket::Closing(_) | Socket::Gone) {
            self.handle_timeouts(now);
            self.handle_commands(now, server.as_deref_mut());
            self.transmit(now);
        }
        let (Socket::Open(id) | Socket::Closing(id), Some(server)) = (self.socket, server) else {
            return;
        };
        while let Some(up) = self.pipe.arrived_up(now) {
            match up {
                Up::Frame(frame) => server.receive(id, frame),
                Up::Close => {
                    server.disconnect(id);
                    self.socket = Socket::Gone;
                    return;
                }
            }
        }
    }

    /// Does with the socket what the client commands.
    fn handle_commands(&mut self, now: Duration, mut server: Option<&mut SimulatedServer>) {
        while let Some(command) = self.signaling.poll_command() {
            // A socket that nothing gets through stays open at the server.
            if let (Socket::Open(id), Some(server), false) =
                (self.socket, server.as_deref_mut(), self.pipe.cut)
            {
                server.disconnect(id);
            }
            self.pipe.reset();
            self.socket = match command {
                SocketCommand::Dial { .. } => Socket::Dialing,
                SocketCommand::Close => Socket::Closed,
            };
        }
        if let Socket::Dialing = self.socket {
            let event = match server.map(|server| (server.connect(), server)) {
                Some((Ok(id), _)) if !self.pipe.cut => {
                    self.socket = Socket::Open(id);
                    SocketEvent::Connected
                }
                refused => {
                    if let Some((Ok(id), server)) = refused {
                        server.disconnect(id);
                    }
                    self.socket = Socket::Closed;
                    SocketEvent::DialFailed("nothing answers there".to_owned())
                }
            };
            self.signaling.handle_socket(now, event);
            self.take_events(now, now);
        }
    }

    /// Puts what the client sends into the pipe.
    pub(super) fn transmit(&mut self, now: Duration) {
        while let Some(frame) = self.signaling.poll_transmit() {
            let frame = match frame {
                SocketFrame::Text(text) => Frame::Text(text),
                SocketFrame::Binary(bytes) => Frame::Binary(bytes),
            };
            self.pipe.send_up(now, Up::Frame(frame));
        }
    }

    /// Takes what the server sends, and what of it has arrived.
    pub(super) fn downward(&mut self, now: Duration, server: Option<&mut SimulatedServer>) {
        if let (Socket::Open(id) | Socket::Closing(id), Some(server)) = (self.socket, server) {
            while let Some(frame) = server.transmit(id) {
                self.pipe.send_down(now, frame);
            }
        }
        while let Socket::Open(_) = self.socket
            && let Some((at, frame)) = self.pipe.arrived_down(now)
        {
            let event = match frame {
                Frame::Ping => {
                    self.pipe.send_up(now, Up::Frame(Frame::Pong));
                    SocketEvent::Alive
                }
                Frame::Pong => SocketEvent::Alive,
                Frame::Text(text) => SocketEvent::Received(SocketFrame::Text(text)),
                Frame::Binary(bytes) => SocketEvent::Received(SocketFrame::Binary(bytes)),
            };
            self.signaling.handle_socket(now, event);
            self.take_events(now, at);
        }
        if let Socket::Open(_) = self.socket {
            self.transmit(now);
        }
    }

    /// Takes what the client says has happened. What it took in had arrived at `at`.
    fn take_events(&mut self, now: Duration, at: Duration) {
        while let Some(event) = self.signaling.poll_event() {
            match event {
                SignalingEvent::Message(message) => self.told(now, message),
                SignalingEvent::Packet { from: peer, channel, packet } => {
                    let (path, channel) = (PathId::RELAY, Channel::from(channel));
                    self.tell(TransportEvent::Received { peer, path, at, channel, packet });
                }
                SignalingEvent::Lost(reason) => self.relays_down(reason),
                SignalingEvent::Restored => {
                    self.signaling.send(ClientMessage::Playing { playing: self.playing });
                    self.tell(TransportEvent::SignalingRestored);
                }
                SignalingEvent::Closed(reason) if self.joined => {
                    self.relays_down(reason.to_string())
                }
                SignalingEvent::Closed(reason) => self.tell(TransportEvent::Left(reason)),
            }
            if !self.signaling.is_joining() {
                for request in std::mem::take(&mut self.waiting) {
                    self.handle_request(now, request);
                }
            }
        }
    }

    /// The server is lost, and with it what it relays.
    fn relays_down(&mut self, reason: String) {
        for peer in std::mem::take(&mut self.relays) {
            let (path, reason) = (PathId::RELAY, reason.clone());
            self.tell(TransportEvent::PathDown { peer, path, reason });
        }
        self.tell(TransportEvent::SignalingLost { reason });
    }

    pub(super) fn handle_request(&mut self, now: Duration, request: TransportRequest) {
        match request {
            request if self.signaling.is_joining() => self.waiting.push(request),
            TransportRequest::Attempt(peer) => self.attempt(now, peer),
            TransportRequest::OpenRelay(peer) => self.open_relay(peer),
            TransportRequest::Close(peer, PathId::RELAY) => {
                if self.relays.remove(&peer) {
                    self.signaling.send(ClientMessage::Relay { to: peer, open: false });
                }
            }
            TransportRequest::Close(..) => {}
            TransportRequest::Forget(peer) => {
                self.attempts.remove(&peer);
                self.handle_request(now, TransportRequest::Close(peer, PathId::RELAY));
            }
            TransportRequest::CheckServer => self.signaling.check(now),
            TransportRequest::Playing(playing) => {
                self.playing = playing;
                self.signaling.send(ClientMessage::Playing { playing });
            }
        }
    }

    /// Whether the relay to a peer is open.
    pub(super) fn relays(&self, peer: PeerKey) -> bool {
        self.relays.contains(&peer) && self.signaling.is_online()
    }

    /// Has the server relay a packet.
    pub(super) fn relay(&mut self, now: Duration, to: PeerKey, channel: Channel, packet: &[u8]) {
        self.signaling.relay(to, RelayChannel::from(channel), packet);
        self.transmit(now);
    }

    /// The network has connected the peers, or has failed to: the attempt is over.
    pub(super) fn attempt_over(&mut self, peer: PeerKey) {
        self.attempts.remove(&peer);
    }

    fn attempt(&mut self, now: Duration, peer: PeerKey) {
        if self.attempts.contains_key(&peer) {
            return;
        }
        self.attempts_begun += 1;
        let connection = ConnectionId(self.attempts_begun);
        let attempt = Attempt { connection, offers: true, deadline: now + ATTEMPT_TIMEOUT };
        self.attempts.insert(peer, attempt);
        let signal = Signal::Offer("an offer".into());
        self.signaling.send(ClientMessage::Signal { to: peer, connection, signal });
    }

    fn open_relay(&mut self, peer: PeerKey) {
        if self.signaling.is_online() && self.relays.insert(peer) {
            self.signaling.send(ClientMessage::Relay { to: peer, open: true });
            let (path, kind) = (PathId::RELAY, PathKind::Relay);
            self.tell(TransportEvent::PathUp { peer, path, kind });
        }
    }

    fn told(&mut self, now: Duration, message: ServerMessage) {
        match message {
            ServerMessage::Queued { waiting } => {
                self.tell(TransportEvent::Queued { waiting });
            }
            ServerMessage::Welcome { room, size, resume, .. } => {
                if !std::mem::replace(&mut self.joined, true) {
                    self.tell(TransportEvent::Joined { room, size, seat: Some(resume) });
                }
            }
            ServerMessage::Roster { roster, .. } => self.tell(TransportEvent::Roster(roster)),
            ServerMessage::Presence { peer, presence } => {
                if presence == Presence::Restarted && self.attempts.remove(&peer).is_some() {
                    let reason = "the other player's game was restarted".to_owned();
                    self.tell(TransportEvent::AttemptFailed { peer, reason });
                }
                self.tell(TransportEvent::Presence { peer, presence });
            }
            ServerMessage::Signal { from, connection, signal } => {
                self.signalled(now, from, connection, &signal);
            }
            ServerMessage::Refused { .. }
            | ServerMessage::IceServers { .. }
            | ServerMessage::Draining { .. }
            | ServerMessage::Relay { .. }
            | ServerMessage::Pong => {}
        }
    }

    fn signalled(
        &mut self,
        now: Duration,
        from: PeerKey,
        connection: ConnectionId,
        signal: &Signal,
    ) {
        let ours = self.attempts.get(&from);
        match signal {
            Signal::Offer(_) => {
                // Of two that cross, the one of the lower key stays.
                if ours.is_some_and(|attempt| attempt.offers) && self.key < from {
                    return;
                }
                let attempt =
                    Attempt { connection, offers: false, deadline: now + ATTEMPT_TIMEOUT };
                self.attempts.insert(from, attempt);
                self.tell(TransportEvent::PeerAttempts { peer: from });
                let signal = Signal::Answer("an answer".into());
                self.signaling.send(ClientMessage::Signal { to: from, connection, signal });
            }
            Signal::Answer(_) => {
                if ours.is_some_and(|attempt| attempt.offers && attempt.connection == connection) {
                    self.to_connect.push(from);
                }
            }
            Signal::Candidate(_) | Signal::Handshake(_) => {}
        }
    }

    fn handle_timeouts(&mut self, now: Duration) {
        self.signaling.handle_timeout(now);
        self.take_events(now, now);
        let over: Vec<_> =
            self.attempts.extract_if(.., |_, attempt| attempt.deadline <= now).collect();
        for (peer, _) in over {
            let reason = "nothing came of it".to_owned();
            self.tell(TransportEvent::AttemptFailed { peer, reason });
        }
    }

    fn tell(&mut self, event: TransportEvent) {
        self.events.push_back(event);
    }
}
