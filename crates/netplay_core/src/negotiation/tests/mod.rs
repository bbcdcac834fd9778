//! Negotiators, a server between them and their WebRTC stacks, on virtual time.

mod attempts;
mod relay;
mod room;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netplay_protocol::signaling::{
    ClientMessage, ConnectionType, Entry, Presence, Refusal, RoomState, ServerMessage, Signal,
    VERSION,
};
use netplay_protocol::{
    Challenge, ConnectionId, Identity, PeerKey, RelayHeader, RoomNonce, RoomScope, Roster,
};

use super::sdp::tests::description;
use super::*;
use crate::path::PathPolicy;
use crate::signaling::{Frame, SocketCommand, SocketEvent};
use crate::transport::{JoinRequest, TransportEvent, TransportRequest};

/// How long a message takes from one peer to another, or from the server to a peer.
const LATENCY: Duration = Duration::from_millis(40);
/// How long a stack takes to find its description.
const GATHERING: Duration = Duration::from_millis(10);
/// How long a stack takes to open a connection when it has both descriptions.
const OPENING: Duration = Duration::from_millis(20);
/// After how long a stack gives up.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(30);
const MS: Duration = Duration::from_millis(1);
const NONCE: RoomNonce = RoomNonce([5; 16]);

/// The room that all are in.
fn scope() -> RoomScope {
    RoomScope::new(&"ABC".parse().unwrap(), NONCE)
}

/// Peers, the server and the network between them.
struct World {
    now: Duration,
    peers: Vec<Peer>,
    /// By when it is due, and the order in which it was sent.
    due: BTreeMap<(Duration, u64), (usize, Due)>,
    sent: u64,
    /// Whether the server can be reached.
    server: bool,
    /// Whether the server forwards a signal.
    forwards: Box<dyn FnMut(&Signal) -> bool>,
    /// What the server was told of connections: by which peer, to which one, of which type.
    connected: Vec<(usize, PeerKey, ConnectionType)>,
}

struct Peer {
    negotiator: Negotiator,
    /// Stacks at work.
    stacks: BTreeMap<ConnectionId, Role>,
    open: BTreeSet<ConnectionId>,
    /// What its stacks were handed.
    handed: Vec<AttemptSignal>,
    events: Vec<TransportEvent>,
    joined: bool,
}

enum Due {
    Socket(SocketEvent),
    Gathered(PeerKey, ConnectionId, AttemptSignal),
    Opens(PeerKey, ConnectionId),
    GivesUp(PeerKey, ConnectionId),
}

impl World {
    /// Peers that have joined a room, in the order of their keys.
    fn new(count: u8, policy: PathPolicy) -> Self {
        let mut identities: Vec<_> =
            (1..=count).map(|name| Identity::from_secret(&[name; 32])).collect();
        identities.sort_by_key(Identity::peer_key);
        let mut world = Self {
            now: Duration::from_secs(1),
            peers: Vec::new(),
            due: BTreeMap::new(),
            sent: 0,
            server: true,
            forwards: Box::new(|_| true),
            connected: Vec::new(),
        };
        for identity in identities {
            world.peers.push(Peer::new(identity, policy, 1, world.now));
        }
        world.run(200 * MS);
        world
    }

    fn key(&self, peer: usize) -> PeerKey {
        self.peers[peer].negotiator.key
    }

    fn request(&mut self, peer: usize, request: TransportRequest) {
        self.peers[peer].negotiator.handle_request(self.now, request);
        self.pump(peer);
    }

    fn attempt(&mut self, from: usize, to: usize) {
        let to = self.key(to);
        self.request(from, TransportRequest::Attempt(to));
    }

    /// The connections between two that are open at both ends.
    fn connections(&self, a: usize, b: usize) -> Vec<ConnectionId> {
        self.peers[a].open.intersection(&self.peers[b].open).copied().collect()
    }

    fn count(&self, peer: usize, of: impl Fn(&TransportEvent) -> bool) -> usize {
        self.peers[peer].events.iter().filter(|event| of(event)).count()
    }

    fn failures(&self, peer: usize) -> usize {
        self.count(peer, |event| matches!(event, TransportEvent::AttemptFailed { .. }))
    }

    fn malformed(&self, peer: usize) -> Vec<&str> {
        let events = self.peers[peer].events.iter();
        let reasons = events.filter_map(|event| match event {
            TransportEvent::MalformedSignal { reason, .. } => Some(reason.as_str()),
            _ => None,
        });
        reasons.collect()
    }

    fn schedule(&mut self, after: Duration, peer: usize, what: Due) {
        self.sent += 1;
        self.due.insert((self.now + after, self.sent), (peer, what));
    }

    fn tell(&mut self, peer: usize, message: &ServerMessage) {
        let text = serde_json::to_string(message).unwrap();
        let event = SocketEvent::Received(Frame::Text(text));
        self.schedule(LATENCY, peer, Due::Socket(event));
    }

    /// Lets time pass, from one thing that is due to the next.
    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        for peer in 0..self.peers.len() {
            self.pump(peer);
        }
        loop {
            let timeouts = self.peers.iter().filter_map(|peer| peer.negotiator.poll_timeout());
            let arrivals = self.due.first_key_value().map(|((due, _), _)| *due);
            let Some(next) = timeouts.chain(arrivals).min().filter(|next| *next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            while let Some(entry) = self.due.first_entry()
                && entry.key().0 <= self.now
            {
                let (peer, what) = entry.remove();
                self.happen(peer, what);
                self.pump(peer);
            }
            for peer in 0..self.peers.len() {
                self.peers[peer].negotiator.handle_timeout(self.now);
                self.pump(peer);
            }
        }
        self.now = until;
    }

    fn happen(&mut self, peer: usize, what: Due) {
        let now = self.now;
        let this = &mut self.peers[peer];
        match what {
            Due::Socket(event) => this.negotiator.handle_socket(now, event),
            Due::Gathered(to, connection, signal) if this.stacks.contains_key(&connection) => {
                this.negotiator.handle_local_signal(to, connection, signal);
            }
            Due::Opens(with, connection) => {
                let other = self.peers.iter().position(|peer| peer.negotiator.key == with);
                let ends = [peer, other.unwrap()];
                let works = |peer: &usize| self.peers[*peer].stacks.contains_key(&connection);
                if ends.iter().all(works) {
                    for (end, with) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                        let with = self.key(with);
                        let end = &mut self.peers[end];
                        end.open.insert(connection);
                        end.negotiator.handle_attempt_opened(with, connection);
                    }
                }
            }
            Due::GivesUp(with, connection)
                if this.stacks.contains_key(&connection) && !this.open.contains(&connection) =>
            {
                this.stacks.remove(&connection);
                let reason = "no connection".to_owned();
                this.negotiator.handle_checks_failed(with, connection, reason, &[]);
            }
            Due::Gathered(..) | Due::GivesUp(..) => {}
        }
    }

    /// Does what a driver owes.
    fn pump(&mut self, peer: usize) {
        while let Some(command) = self.peers[peer].negotiator.poll_socket() {
            if let SocketCommand::Dial { .. } = command {
                let event = match self.server {
                    true => SocketEvent::Connected,
                    false => SocketEvent::DialFailed("no route".into()),
                };
                self.schedule(MS, peer, Due::Socket(event));
                if self.server {
                    let challenge = ServerMessage::Challenge {
                        version: VERSION,
                        challenge: Challenge([6; 32]),
                        issuer: "issuer".into(),
                    };
                    let text = serde_json::to_string(&challenge).unwrap();
                    let event = SocketEvent::Received(Frame::Text(text));
                    self.schedule(MS, peer, Due::Socket(event));
                }
            }
        }
        while let Some(frame) = self.peers[peer].negotiator.poll_transmit() {
            match frame {
                Frame::Text(text) => self.serve(peer, serde_json::from_str(&text).unwrap()),
                Frame::Binary(frame) => self.relay(peer, &frame),
            }
        }
        while let Some(command) = self.peers[peer].negotiator.poll_attempt() {
            self.work(peer, command);
        }
        let events = std::iter::from_fn(|| self.peers[peer].negotiator.poll_event());
        let events: Vec<_> = events.collect();
        self.peers[peer].events.extend(events);
    }

    /// What a server does.
    fn serve(&mut self, peer: usize, message: ClientMessage) {
        let from = self.key(peer);
        match message {
            ClientMessage::Join(_) | ClientMessage::Resume(_) => {
                let welcome = ServerMessage::Welcome {
                    version: VERSION,
                    room: "ABC".parse().unwrap(),
                    nonce: NONCE,
                    size: (self.peers.len() as u8).max(2),
                    least: None,
                    resume: "issuer.token".into(),
                    grace_ms: GRACE.as_millis() as u32,
                    ice_servers: Vec::new(),
                    state: RoomState::default(),
                };
                self.tell(peer, &welcome);
                let came_back = std::mem::replace(&mut self.peers[peer].joined, true);
                let present = self.peers.iter().filter(|peer| peer.joined);
                let members = present.map(|peer| peer.negotiator.key).collect();
                let roster = Roster::new((self.peers.len() as u8).max(2), members);
                let signature = String::new();
                let roster = ServerMessage::Roster { revision: 1, roster, issued: 0, signature };
                let online = ServerMessage::Presence { peer: from, presence: Presence::Online };
                for to in 0..self.peers.len() {
                    if self.peers[to].joined {
                        self.tell(to, &roster);
                    }
                    if came_back && to != peer {
                        self.tell(to, &online);
                    }
                }
            }
            ClientMessage::Signal { to, connection, signal } if (self.forwards)(&signal) => {
                let signal = ServerMessage::Signal { from, connection, signal };
                let to = self.peers.iter().position(|peer| peer.negotiator.key == to);
                self.tell(to.unwrap(), &signal);
            }
            ClientMessage::Connected { to, path } => self.connected.push((peer, to, path)),
            ClientMessage::Ping => self.tell(peer, &ServerMessage::Pong),
            _ => {}
        }
    }

    fn relay(&mut self, peer: usize, frame: &[u8]) {
        let (channel, to, packet) = RelayHeader::split(frame).unwrap();
        let frame = RelayHeader::new(channel, self.key(peer)).frame(packet);
        let to = self.peers.iter().position(|peer| peer.negotiator.key == to).unwrap();
        let event = SocketEvent::Received(Frame::Binary(frame));
        self.schedule(LATENCY, to, Due::Socket(event));
    }

    /// What a WebRTC stack does.
    fn work(&mut self, peer: usize, command: AttemptCommand) {
        match command {
            AttemptCommand::Start { peer: with, connection, role, .. } => {
                self.peers[peer].stacks.insert(connection, role);
                self.schedule(ATTEMPT_TIMEOUT, peer, Due::GivesUp(with, connection));
                if role == Role::Offerer {
                    let offer = AttemptSignal::Offer(description());
                    self.schedule(GATHERING, peer, Due::Gathered(with, connection, offer));
                }
            }
            AttemptCommand::Signal { peer: with, connection, signal } => {
                self.peers[peer].handed.push(signal.clone());
                match signal {
                    AttemptSignal::Offer(_) => {
                        let answer = AttemptSignal::Answer(description());
                        self.schedule(GATHERING, peer, Due::Gathered(with, connection, answer));
                    }
                    AttemptSignal::Answer(_) => {
                        self.schedule(OPENING, peer, Due::Opens(with, connection));
                    }
                    AttemptSignal::Candidate(_) => {}
                }
            }
            AttemptCommand::Close { peer: with, connection } => {
                self.peers[peer].stacks.remove(&connection);
                if self.peers[peer].open.remove(&connection) {
                    let other = self.peers.iter().position(|peer| peer.negotiator.key == with);
                    let (from, other) = (self.key(peer), &mut self.peers[other.unwrap()]);
                    other.stacks.remove(&connection);
                    if other.open.remove(&connection) {
                        let reason = "the other side closed it".to_owned();
                        other.negotiator.handle_attempt_ended(from, connection, reason);
                    }
                }
            }
        }
    }

    /// Every socket breaks, and nobody can connect until the server is there again.
    fn kill_server(&mut self) {
        self.server = false;
        self.due.retain(|_, (_, what)| !matches!(what, Due::Socket(_)));
        for peer in 0..self.peers.len() {
            let event = SocketEvent::Disconnected(Some("killed".into()));
            self.peers[peer].negotiator.handle_socket(self.now, event);
            self.pump(peer);
        }
    }

    /// A peer's process restarts.
    fn restart(&mut self, peer: usize) {
        let before = &self.peers[peer].negotiator;
        let (identity, policy, key) = (before.identity.clone(), before.policy, before.key);
        self.due.retain(|_, (to, _)| *to != peer);
        self.peers[peer] = Peer::new(identity, policy, 2, self.now);
        self.peers[peer].joined = true;
        for other in (0..self.peers.len()).filter(|other| *other != peer) {
            let presence = Presence::Restarted;
            self.tell(other, &ServerMessage::Presence { peer: key, presence });
        }
        self.pump(peer);
    }
}

impl Peer {
    fn new(identity: Identity, policy: PathPolicy, process: u8, now: Duration) -> Self {
        let mut random = identity.peer_key().to_bytes().repeat(2);
        random[0] ^= process;
        let entry = Entry::Room("ABC".into());
        let servers = vec!["ws://server".to_owned()];
        let seed = u64::from(random[1]) << 8 | u64::from(process);
        let join = JoinRequest::new(entry, None, identity);
        let join = JoinRequest { servers, policy, seed, ..join };
        Self {
            negotiator: Negotiator::new(join, random.try_into().unwrap(), true, now),
            stacks: BTreeMap::new(),
            open: BTreeSet::new(),
            handed: Vec::new(),
            events: Vec::new(),
            joined: false,
        }
    }
}
