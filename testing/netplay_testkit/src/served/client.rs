//! A client of the server, on virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, Presence, Refusal, Resume, ServerMessage, Signal, SignedRoster, VERSION,
};
use netplay_protocol::{ConnectionId, PeerKey, RelayHeader, RoomCode, Secret};
use netplay_server::simulation::{ClientId, Frame, SimulatedServer};
use netplay_transport::{
    Channel, JoinRequest, LeaveReason, PathId, PathKind, TransportEvent, TransportRequest,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::pipe::{Pipe, Up};

/// How long the server may take to answer when it is asked whether it is there.
const ANSWER: Duration = Duration::from_secs(2);
/// After how long without any sign of life the socket is taken for dead.
const SILENCE: Duration = Duration::from_secs(45);
/// After how long an attempt has failed.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The longest wait before the first try to connect again. Doubles with every try, up to 8 s.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// How many signals are kept while there is no connection.
const MAX_UNSENT: usize = 64;

pub(super) struct Client {
    request: JoinRequest,
    pub(super) pipe: Pipe,
    socket: Socket,
    /// When something was last heard from the server.
    heard: Duration,
    /// Until when it has to answer, if it was asked.
    answer_by: Option<Duration>,
    seat: Option<(RoomCode, Secret)>,
    /// Whether the server has greeted us on this socket.
    seated: bool,
    roster: Option<SignedRoster>,
    unsent: VecDeque<ClientMessage>,
    playing: bool,
    attempts: BTreeMap<PeerKey, Attempt>,
    attempts_begun: u64,
    relays: BTreeSet<PeerKey>,
    random: Pcg32,
    /// For the transport: events, and with whom the network is to connect us.
    pub(super) events: VecDeque<TransportEvent>,
    pub(super) to_connect: Vec<PeerKey>,
    crashed: bool,
}

enum Socket {
    /// To be opened, the how manieth time in a row.
    Closed {
        at: Duration,
        tries: u32,
    },
    Open(ClientId),
    /// We say goodbye, or are gone: as soon as what was said has arrived, the server is told.
    Closing(ClientId),
    /// For good.
    Gone,
}

struct Attempt {
    connection: ConnectionId,
    offers: bool,
    deadline: Duration,
}

impl Client {
    pub(super) fn new(request: JoinRequest, pipe: Pipe, now: Duration, seed: u64) -> Self {
        Self {
            request,
            pipe,
            socket: Socket::Closed { at: now, tries: 0 },
            heard: now,
            answer_by: None,
            seat: None,
            seated: false,
            roster: None,
            unsent: VecDeque::new(),
            playing: false,
            attempts: BTreeMap::new(),
            attempts_begun: 0,
            relays: BTreeSet::new(),
            random: Pcg32::seed_from_u64(seed),
            events: VecDeque::new(),
            to_connect: Vec::new(),
            crashed: false,
        }
    }

    pub(super) fn key(&self) -> PeerKey {
        self.request.identity.peer_key()
    }

    /// Whether nothing is left to be done for it.
    pub(super) fn is_over(&self) -> bool {
        self.crashed && matches!(self.socket, Socket::Gone)
    }

    /// Whether it is where it wants to be: seated, or gone.
    pub(super) fn is_online(&self) -> bool {
        match self.socket {
            Socket::Open(_) => self.seated,
            Socket::Closed { .. } => false,
            Socket::Closing(_) | Socket::Gone => true,
        }
    }

    /// The socket is gone; the client notices.
    pub(super) fn lost(&mut self, now: Duration, reason: &str) {
        self.pipe.reset();
        self.answer_by = None;
        if !matches!(self.socket, Socket::Open(_)) {
            self.socket = match self.socket {
                Socket::Closed { at, tries } => Socket::Closed { at, tries },
                _ => Socket::Gone,
            };
            return;
        }
        self.seated = false;
        self.retry(now, 0);
        for peer in &self.relays {
            let reason = reason.to_owned();
            let down = TransportEvent::PathDown { peer: *peer, path: PathId::RELAY, reason };
            self.events.push_back(down);
        }
        self.tell(TransportEvent::SignalingLost { reason: reason.to_owned() });
    }

    /// The process ends without a word.
    pub(super) fn crash(&mut self, now: Duration) {
        self.crashed = true;
        self.pipe.cut = false;
        self.hang_up(now);
    }

    /// We leave, and nothing more is heard of us.
    pub(super) fn leave(&mut self, now: Duration) {
        if !matches!(self.socket, Socket::Gone | Socket::Closing(_)) {
            self.say(now, ClientMessage::Leave);
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
            Socket::Closed { .. } | Socket::Gone => Socket::Gone,
        };
    }

    /// Takes what arrives at the server, and has it see to it.
    pub(super) fn upward(&mut self, now: Duration, server: Option<&mut SimulatedServer>) {
        self.mind_the_clock(now);
        let Some(server) = server else {
            // The port is closed.
            if let Socket::Closed { at, tries } = self.socket
                && at <= now
            {
                self.retry(now, tries);
            }
            return;
        };
        if let Socket::Closed { at, tries } = self.socket
            && at <= now
        {
            match server.connect() {
                Ok(id) if !self.pipe.cut => {
                    self.socket = Socket::Open(id);
                    self.heard = now;
                    // From now on the server has to say something.
                    self.answer_by = Some(now + ANSWER);
                    let hello = self.hello();
                    self.put(now, &hello);
                }
                Ok(id) => {
                    server.disconnect(id);
                    self.retry(now, tries);
                }
                Err(_) => self.retry(now, tries),
            }
        }
        let (Socket::Open(id) | Socket::Closing(id)) = self.socket else { return };
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

    /// Takes what the server sends, and what of it has arrived.
    pub(super) fn downward(&mut self, now: Duration, server: Option<&mut SimulatedServer>) {
        if let (Socket::Open(id) | Socket::Closing(id), Some(server)) = (&self.socket, server) {
            while let Some(frame) = server.transmit(*id) {
                self.pipe.send_down(now, frame);
            }
        }
        while let Socket::Open(_) = self.socket
            && let Some((at, frame)) = self.pipe.arrived_down(now)
        {
            self.heard = now;
            self.answer_by = None;
            match frame {
                Frame::Ping => self.pipe.send_up(now, Up::Frame(Frame::Pong)),
                Frame::Pong => {}
                Frame::Binary(bytes) => self.relayed(at, &bytes),
                Frame::Text(text) => match serde_json::from_str(&text) {
                    Ok(message) => self.told(now, message),
                    Err(error) => panic!("the server said what is no message: {error}: {text}"),
                },
            }
        }
    }

    pub(super) fn obey(&mut self, now: Duration, request: TransportRequest) {
        match request {
            TransportRequest::Attempt(peer) => self.attempt(now, peer),
            TransportRequest::OpenRelay(peer) => self.open_relay(now, peer),
            TransportRequest::Close(peer, PathId::RELAY) => {
                if self.relays.remove(&peer) {
                    self.say(now, ClientMessage::Relay { to: peer, open: false });
                }
            }
            TransportRequest::Close(..) => {}
            TransportRequest::Forget(peer) => {
                self.attempts.remove(&peer);
                self.obey(now, TransportRequest::Close(peer, PathId::RELAY));
            }
            TransportRequest::CheckServer => {
                if let Socket::Open(_) = self.socket {
                    self.answer_by.get_or_insert(now + ANSWER);
                    self.say(now, ClientMessage::Ping);
                }
            }
            TransportRequest::Playing(playing) => {
                self.playing = playing;
                self.say(now, ClientMessage::Playing { playing });
            }
        }
    }

    /// Whether the relay to a peer is open.
    pub(super) fn relays(&self, peer: PeerKey) -> bool {
        self.relays.contains(&peer) && matches!(self.socket, Socket::Open(_))
    }

    /// Has the server carry a packet.
    pub(super) fn carry(&mut self, now: Duration, to: PeerKey, channel: Channel, packet: &[u8]) {
        let frame = RelayHeader::new(channel.into(), to).frame(packet);
        self.pipe.send_up(now, Up::Frame(Frame::Binary(frame)));
    }

    /// The network has connected us, or has failed to: the attempt is over.
    pub(super) fn attempt_over(&mut self, peer: PeerKey) {
        self.attempts.remove(&peer);
    }

    fn attempt(&mut self, now: Duration, peer: PeerKey) {
        if self.attempts.contains_key(&peer) {
            return;
        }
        self.attempts_begun += 1;
        let connection = ConnectionId(self.attempts_begun);
        let attempt = Attempt { connection, offers: true, deadline: now + ATTEMPT };
        self.attempts.insert(peer, attempt);
        let signal = Signal::Offer("an offer".into());
        self.say(now, ClientMessage::Signal { to: peer, connection, signal });
    }

    fn open_relay(&mut self, now: Duration, peer: PeerKey) {
        self.relays.insert(peer);
        if let Socket::Open(_) = self.socket {
            self.say(now, ClientMessage::Relay { to: peer, open: true });
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
                self.seated = true;
                let seat = Some(resume.clone());
                let first = self.seat.replace((room.clone(), resume)).is_none();
                if first {
                    self.tell(TransportEvent::Joined { room, size, seat });
                } else {
                    self.restored(now);
                }
            }
            ServerMessage::Roster { roster, signature, .. } => {
                let (signed, game) = (roster.clone(), self.request.game.clone());
                self.roster = Some(SignedRoster { roster: signed, signature, game });
                self.tell(TransportEvent::Roster(roster));
            }
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
            ServerMessage::Refused { reason } => self.refused(now, reason),
            ServerMessage::IceServers { .. }
            | ServerMessage::Draining { .. }
            | ServerMessage::Relay { .. }
            | ServerMessage::Pong => {}
        }
    }

    fn restored(&mut self, now: Duration) {
        for message in std::mem::take(&mut self.unsent) {
            self.put(now, &message);
        }
        let playing = self.playing;
        self.say(now, ClientMessage::Playing { playing });
        self.tell(TransportEvent::SignalingRestored);
        for peer in self.relays.clone() {
            self.open_relay(now, peer);
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
                if ours.is_some_and(|attempt| attempt.offers) && self.key() < from {
                    return;
                }
                let attempt = Attempt { connection, offers: false, deadline: now + ATTEMPT };
                self.attempts.insert(from, attempt);
                self.tell(TransportEvent::PeerAttempts { peer: from });
                let signal = Signal::Answer("an answer".into());
                self.say(now, ClientMessage::Signal { to: from, connection, signal });
            }
            Signal::Answer(_) => {
                if ours.is_some_and(|attempt| attempt.offers && attempt.connection == connection) {
                    self.to_connect.push(from);
                }
            }
            Signal::Candidate(_) | Signal::Handshake(_) => {}
        }
    }

    fn refused(&mut self, now: Duration, reason: Refusal) {
        if reason == Refusal::CannotResume && self.request.seat.take().is_some() {
            // Away for too long: like anybody else, then.
            return self.lost(now, &reason.to_string());
        }
        if self.seat.is_none() {
            self.socket = Socket::Gone;
            self.tell(TransportEvent::Left(LeaveReason::Refused(reason)));
            return;
        }
        let hopeless = matches!(reason, Refusal::CannotResume | Refusal::AlreadyJoined);
        self.lost(now, &reason.to_string());
        if hopeless {
            self.socket = Socket::Gone;
        }
    }

    fn relayed(&mut self, at: Duration, frame: &[u8]) {
        match RelayHeader::split(frame) {
            Ok((channel, peer, packet)) => {
                let channel = Channel::from(channel);
                let (path, packet) = (PathId::RELAY, packet.to_vec());
                self.tell(TransportEvent::Received { peer, path, at, channel, packet });
            }
            Err(error) => panic!("the server carried what is no packet: {error}"),
        }
    }

    fn mind_the_clock(&mut self, now: Duration) {
        let late = self.answer_by.is_some_and(|by| by <= now);
        let silent = self.heard + SILENCE <= now;
        if matches!(self.socket, Socket::Open(_)) && (late || silent) {
            self.lost(now, "it does not answer");
        }
        let over: Vec<_> =
            self.attempts.extract_if(.., |_, attempt| attempt.deadline <= now).collect();
        for (peer, _) in over {
            let reason = "nothing came of it".to_owned();
            self.tell(TransportEvent::AttemptFailed { peer, reason });
        }
    }

    fn hello(&self) -> ClientMessage {
        match &self.seat {
            None => self.request.hello(),
            Some((room, resume)) => ClientMessage::Resume(Resume {
                version: VERSION,
                room: room.to_string(),
                key: self.key(),
                resume: resume.clone(),
                roster: self.roster.clone(),
                restarted: false,
            }),
        }
    }

    /// Says something now, or when the seat is ours again if it is a signal.
    fn say(&mut self, now: Duration, message: ClientMessage) {
        match self.socket {
            Socket::Open(_) => self.put(now, &message),
            _ if matches!(message, ClientMessage::Signal { .. }) => {
                self.unsent.push_back(message);
                if self.unsent.len() > MAX_UNSENT {
                    self.unsent.pop_front();
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, now: Duration, message: &ClientMessage) {
        match serde_json::to_string(message) {
            Ok(text) => self.pipe.send_up(now, Up::Frame(Frame::Text(text))),
            Err(error) => panic!("a message that is no JSON: {error}"),
        }
    }

    /// Tries to connect again: exponential back-off with full jitter.
    fn retry(&mut self, now: Duration, tries: u32) {
        let most = FIRST_WAIT * (1 << tries.min(5));
        let wait = most.mul_f32(self.random.random());
        self.socket = Socket::Closed { at: now + wait, tries: tries + 1 };
    }

    fn tell(&mut self, event: TransportEvent) {
        self.events.push_back(event);
    }
}
