//! Rooms on virtual time, with a server and a network of a few lines between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use netplay_protocol::signaling::Presence;
use netplay_protocol::{
    ControlMessage, DatagramHeader, DatagramKind, Identity, MessagePacket, PeerKey, Roster,
    SeedTerms, seed,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::node::Node;
use super::twin::Twin;
use super::watch::{Tamper, said_in};
use crate::link::{LinkConfig, Transmit};
use crate::match_::DelayBounds;
use crate::path::{Channel, PathId, PathKind, PathPolicy};
use crate::room::{Entropy, Room, RoomConfig};
use crate::transport::{SendError, TransportEvent, TransportRequest};

/// How long a frame lasts.
pub(super) const TICK: Duration = Duration::from_micros(16_667);

/// Rooms of the peers 0, 1, … and what is between them.
pub(super) struct Network {
    pub(super) now: Duration,
    pub(super) nodes: BTreeMap<usize, Node>,
    size: u8,
    /// With how many players a match starts at least, in a room with a lobby.
    pub(super) least: Option<u8>,
    /// Who brings more than one player, and how many.
    pub(super) brings: BTreeMap<usize, u8>,
    /// Who has been in the room.
    processes: BTreeSet<usize>,
    /// Who is in the room, as the server tells it.
    members: Vec<usize>,
    /// The paths that are up, between a lower and a higher peer.
    paths: BTreeMap<PathId, (usize, usize)>,
    /// What is on its way: by time of arrival and order of sending, the receiver and the event.
    on_the_way: BTreeMap<(Duration, u64), (usize, TransportEvent)>,
    counter: u64,
    ticks: u32,
    pub(super) latency: Duration,
    /// How much longer a datagram takes at most.
    pub(super) jitter: Duration,
    /// The fraction of datagrams that do not arrive.
    pub(super) loss: f64,
    /// Half of the datagrams of a match are lost, but no more than so many in a row from one peer to another.
    pub(super) most_lost_in_a_row: u8,
    lost_in_a_row: BTreeMap<(usize, usize), u8>,
    /// The pairs of sender and receiver between which nothing arrives.
    pub(super) cut: BTreeSet<(usize, usize)>,
    /// The peers whose states differ from everybody else's, and from which frame on.
    pub(super) differs_from: BTreeMap<usize, i32>,
    /// Changes what a peer says to another one.
    pub(super) tamper: Option<Tamper>,
    /// Who has received whose commitment: receiver, sender and what it is for.
    pub(super) committed: BTreeSet<(usize, usize, SeedTerms)>,
    /// Who has revealed its nonce for what.
    pub(super) revealed: BTreeSet<(usize, SeedTerms)>,
    /// The second process of a peer that lies.
    pub(super) twin: Option<Twin>,
    /// The peers who do not keep to the rules.
    pub(super) hostile: BTreeSet<usize>,
    /// A hash over every packet that was sent, in their order: time, sender, receiver, path, channel and bytes.
    pub(super) sent_hash: u64,
    /// Changes the settings of a peer that joins.
    pub(super) configure: fn(usize, &mut RoomConfig),
    random: Pcg32,
}

/// The identity of a peer.
pub(super) fn identity(peer: usize) -> Identity {
    Identity::from_secret(&[peer as u8 + 1; 32])
}

static KEYS: LazyLock<Vec<PeerKey>> =
    LazyLock::new(|| (0..16).map(|peer| identity(peer).peer_key()).collect());

pub(super) fn key(peer: usize) -> PeerKey {
    KEYS[peer]
}

pub(super) fn peer(key: PeerKey) -> usize {
    KEYS.iter().position(|known| *known == key).unwrap()
}

/// The channel of a packet from a peer, if an event is one.
fn received(event: &TransportEvent, from: usize) -> Option<Channel> {
    match event {
        TransportEvent::Received { peer, channel, .. } if *peer == key(from) => Some(*channel),
        _ => None,
    }
}

impl Network {
    pub(super) fn new(seed: u64, size: u8) -> Self {
        Self::configured(seed, size, |_, _| {})
    }

    pub(super) fn configured(seed: u64, size: u8, configure: fn(usize, &mut RoomConfig)) -> Self {
        Self {
            now: Duration::ZERO,
            nodes: BTreeMap::new(),
            size,
            least: None,
            brings: BTreeMap::new(),
            processes: BTreeSet::new(),
            members: Vec::new(),
            paths: BTreeMap::new(),
            on_the_way: BTreeMap::new(),
            counter: 0,
            ticks: 0,
            latency: Duration::from_millis(20),
            jitter: Duration::ZERO,
            loss: 0.0,
            most_lost_in_a_row: 0,
            lost_in_a_row: BTreeMap::new(),
            cut: BTreeSet::new(),
            differs_from: BTreeMap::new(),
            tamper: None,
            twin: None,
            committed: BTreeSet::new(),
            revealed: BTreeSet::new(),
            hostile: BTreeSet::new(),
            sent_hash: 0,
            configure,
            random: Pcg32::seed_from_u64(seed),
        }
    }

    /// A match of these many players that has run for longer than one message of a session can hold.
    pub(super) fn playing(seed: u64, players: usize) -> Self {
        Self::playing_with(seed, players, |_, _| {})
    }

    /// The same with other settings.
    pub(super) fn playing_with(
        seed: u64,
        players: usize,
        configure: fn(usize, &mut RoomConfig),
    ) -> Self {
        let mut network = Self::configured(seed, players as u8, configure);
        (0..players).for_each(|peer| network.join(peer));
        network.run_until("a match runs", |network| network.confirmed(network.all()) >= 150);
        network
    }

    /// A peer joins the room.
    pub(super) fn join(&mut self, joining: usize) {
        let incarnation = self.random.random_range(1..u32::MAX);
        let mut config = RoomConfig {
            local_peer: key(joining),
            identity: identity(joining),
            incarnation,
            entropy: Entropy(seed::nonce(&[0; 32], incarnation.into())),
            game: "game 1".into(),
            registered: 1,
            frame_rate: 60,
            default_input: vec![0, 0],
            input_delay: DelayBounds::fixed(2),
            max_prediction: 8,
            input_redundancy: 3,
            stall_timeout: None,
            min_frame_rate: 0,
            away_timeout: Duration::from_secs(10),
            disconnect_timeout: Duration::from_secs(10),
            link: LinkConfig::default(),
            policy: PathPolicy::Any,
            countdown: Duration::ZERO,
            host: None,
            resumes: false,
            names: vec![format!("player {joining}")],
            messages: Arc::default(),
        };
        config.resumes = self.processes.contains(&joining);
        self.processes.insert(joining);
        (self.configure)(joining, &mut config);
        let room = Room::new(config, self.now);
        self.nodes.insert(joining, Node::new(room, self.now));
        let (size, least) = (self.size, self.least);
        let room = "ABC".parse().unwrap();
        self.deliver(joining, TransportEvent::Joined { room, size, least, resume_token: None });
        if !self.members.contains(&joining) {
            self.members.push(joining);
        }
        self.tell_roster();
    }

    /// A peer's game leaves the room.
    pub(super) fn leave(&mut self, leaving: usize) {
        let now = self.now;
        self.nodes.get_mut(&leaving).unwrap().room.leave(now, "they left the room");
        self.flush(leaving);
        self.crash(leaving);
    }

    /// A peer leaves the room and says so. What it has sent is still on its way, and its paths stay up for a while.
    pub(super) fn leave_process(&mut self, leaving: usize) {
        let now = self.now;
        self.nodes.get_mut(&leaving).unwrap().room.leave(now, "they left the room");
        self.flush(leaving);
        self.nodes.remove(&leaving);
        self.on_the_way.retain(|_, (to, _)| *to != leaving);
        self.committed.retain(|(to, _, _)| *to != leaving);
        self.revealed.retain(|(from, _)| *from != leaving);
        self.members.retain(|member| *member != leaving);
        self.tell_presence(leaving, Presence::Left);
        self.tell_roster();
    }

    /// A peer's process ends without a word.
    pub(super) fn crash(&mut self, crashed: usize) {
        self.end_process(crashed);
        self.members.retain(|member| *member != crashed);
        self.tell_presence(crashed, Presence::Left);
        self.tell_roster();
    }

    /// A peer asks to remove another one. If it is the first of the room, the server does so, and the process of the
    /// other one ends.
    pub(super) fn kick(&mut self, by: usize, target: usize) {
        let now = self.now;
        self.nodes.get_mut(&by).unwrap().room.kick(now, key(target), false);
        self.flush(by);
        if self.members.first() != Some(&by) || !self.members.contains(&target) {
            return;
        }
        self.crash(target);
        for other in self.members.clone() {
            let kicked = TransportEvent::Kicked { peer: key(target), banned: false };
            self.deliver(other, kicked);
        }
    }

    /// The server no longer has a peer in the room, but the peer does not know it yet.
    pub(super) fn leave_silently(&mut self, leaving: usize) {
        self.members.retain(|member| *member != leaving);
        self.tell_roster();
    }

    /// The page that a peer runs in is closed or loaded again: it says so, and its process ends.
    pub(super) fn close_page(&mut self, closed: usize) {
        let now = self.now;
        self.nodes.get_mut(&closed).unwrap().room.go_away(now);
        self.flush(closed);
        self.end_page(closed);
    }

    /// The same, but what the page says is lost.
    pub(super) fn end_page(&mut self, closed: usize) {
        self.end_process(closed);
        self.tell_presence(closed, Presence::PageClosed);
    }

    /// Another process of a peer whose page was closed joins with its key.
    pub(super) fn load_page(&mut self, loaded: usize) {
        self.tell_presence(loaded, Presence::Restarted);
        self.join(loaded);
    }

    /// A peer's process ends without a word, and another one joins with its key.
    pub(super) fn restart(&mut self, restarted: usize) {
        self.end_process(restarted);
        self.tell_presence(restarted, Presence::Restarted);
        self.join(restarted);
    }

    fn end_process(&mut self, ended: usize) {
        self.nodes.remove(&ended);
        self.on_the_way.retain(|_, (to, _)| *to != ended);
        self.committed.retain(|(to, _, _)| *to != ended);
        self.revealed.retain(|(from, _)| *from != ended);
        let paths = self.paths.extract_if(.., |_, (a, b)| *a == ended || *b == ended);
        for (path, (a, b)) in paths.collect::<Vec<_>>() {
            let other = if a == ended { b } else { a };
            let reason = "the other side closed it".to_owned();
            self.deliver(other, TransportEvent::PathDown { peer: key(ended), path, reason });
        }
    }

    pub(super) fn tell_presence(&mut self, of: usize, presence: Presence) {
        for other in self.members.clone().into_iter().filter(|other| *other != of) {
            self.deliver(other, TransportEvent::Presence { peer: key(of), presence });
        }
    }

    fn tell_roster(&mut self) {
        let members: Vec<PeerKey> = self.members.iter().map(|member| key(*member)).collect();
        let players = self.members.iter().map(|it| self.brings.get(it).copied().unwrap_or(1));
        let roster = Roster { size: self.size, members, players: players.collect() };
        for member in self.members.clone() {
            self.deliver(member, TransportEvent::Roster(roster.clone()));
        }
    }

    /// Nothing arrives from one peer at another any more, nor does what is on its way.
    pub(super) fn lose(&mut self, from: usize, to: usize) {
        self.lose_after(from, to, 0);
    }

    /// The same, but for so many reliable messages that are on their way.
    pub(super) fn lose_after(&mut self, from: usize, to: usize, messages: usize) {
        self.cut.insert((from, to));
        let mut left = messages;
        self.on_the_way.retain(|_, (at, event)| match received(event, from) {
            Some(Channel::Reliable) if *at == to && left > 0 => {
                left -= 1;
                true
            }
            Some(_) => *at != to,
            None => true,
        });
    }

    /// What is on its way from one peer on the reliable channel does not arrive.
    pub(super) fn lose_messages(&mut self, from: usize) {
        let is_message = |event: &TransportEvent| received(event, from) == Some(Channel::Reliable);
        self.on_the_way.retain(|_, (_, event)| !is_message(event));
    }

    /// How many reliable messages are on their way from one peer to another.
    pub(super) fn messages(&self, from: usize, to: usize) -> usize {
        let is_message = |event| received(event, from) == Some(Channel::Reliable);
        self.on_the_way.values().filter(|(at, event)| *at == to && is_message(event)).count()
    }

    /// A path between two peers.
    pub(super) fn path(&self, a: usize, b: usize) -> Option<PathId> {
        let ends = (a.min(b), a.max(b));
        self.paths.iter().find(|(_, it)| **it == ends).map(|(path, _)| *path)
    }

    /// Has an event happen to a peer, after the latency.
    pub(super) fn deliver(&mut self, to: usize, event: TransportEvent) {
        self.deliver_after(self.latency, to, event);
    }

    fn deliver_after(&mut self, latency: Duration, to: usize, event: TransportEvent) {
        self.counter += 1;
        self.on_the_way.insert((self.now + latency, self.counter), (to, event));
    }

    /// Lets so many frames pass.
    pub(super) fn run(&mut self, frames: u32) {
        (0..frames).for_each(|_| self.step());
    }

    /// Lets time pass until something is so; panics if it takes a minute.
    #[track_caller]
    pub(super) fn run_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..3600 {
            if is_so(self) {
                return;
            }
            self.step();
        }
        panic!("not so after a minute: {what}: {self}");
    }

    fn step(&mut self) {
        self.now += TICK;
        self.ticks += 1;
        let now = self.now;
        let later = self.on_the_way.split_off(&(now, u64::MAX));
        let arrived = std::mem::replace(&mut self.on_the_way, later);
        let mut driven = BTreeSet::new();
        for (peer, node) in &mut self.nodes {
            let ready = arrived.values().any(|(to, _)| to == peer);
            if node.is_driven(now, ready) {
                driven.insert(*peer);
            }
        }
        for (key, (to, event)) in arrived {
            if self.nodes.contains_key(&to) && !driven.contains(&to) {
                self.on_the_way.insert(key, (to, event));
                continue;
            }
            let event = match event {
                TransportEvent::Received { peer, path, channel, packet, .. } => {
                    TransportEvent::Received { peer, path, at: now, channel, packet }
                }
                event => event,
            };
            self.pass_to_twin(to, &event);
            if let Some(node) = self.nodes.get_mut(&to) {
                if let Some((from, ControlMessage::SeedCommitment(it))) = said_in(&event) {
                    self.committed.insert((to, from, it.terms));
                }
                node.room.handle_event(now, event);
            }
        }
        for peer in self.nodes.keys().copied().collect::<Vec<_>>() {
            let Some(node) = self.nodes.get_mut(&peer) else { continue };
            node.note_clock(now);
            if !driven.contains(&peer) {
                continue;
            }
            node.room.handle_timeout(now);
            let said = node.said.len();
            node.take_events();
            if let Some(simulation) = &mut node.simulation {
                node.clock.drive(simulation, self.ticks);
                let differs_from = self.differs_from.get(&peer).copied();
                for (frame, checksum) in simulation.confirm(differs_from) {
                    node.room.handle_checksum(frame, checksum);
                }
                let (frame, confirmed) = (simulation.frame, simulation.confirmed());
                node.room.handle_frame(now, frame, confirmed);
            }
            node.end_match(now);
            self.flush(peer);
            self.check_stalls(peer, said);
        }
        self.update_twin();
    }

    /// Carries out what a room wants.
    fn flush(&mut self, from: usize) {
        let now = self.now;
        while let Some((to, transmit)) = self.nodes.get_mut(&from).unwrap().room.poll_transmit() {
            let Transmit { path, channel, packet } = transmit;
            let packet = match channel {
                Channel::Datagram => packet,
                Channel::Reliable => self.check_message((from, peer(to)), packet),
            };
            self.hash_packet((from, peer(to)), path, channel, &packet);
            let is_up = self.paths.contains_key(&path);
            let sent = if is_up { Ok(0) } else { Err(SendError::NoPath) };
            self.nodes.get_mut(&from).unwrap().room.handle_sent(now, to, path, sent);
            let is_lost =
                channel == Channel::Datagram && self.loses_datagram((from, peer(to)), &packet);
            let is_heard =
                !self.cut.contains(&(from, peer(to))) && !self.hears_twin(from, peer(to));
            if is_up && !is_lost && is_heard {
                let (at, peer_key) = (now, key(from));
                let event = TransportEvent::Received { peer: peer_key, path, at, channel, packet };
                let jitter = self.jitter_of(channel);
                self.deliver_after(self.latency + jitter, peer(to), event);
            }
        }
        while let Some(request) = self.nodes.get_mut(&from).unwrap().room.poll_request() {
            match request {
                TransportRequest::Attempt(to) if self.nodes.contains_key(&peer(to)) => {
                    self.counter += 1;
                    let path = PathId(self.counter);
                    self.paths.insert(path, (from, peer(to)));
                    for (at, other) in [(from, peer(to)), (peer(to), from)] {
                        let (peer, kind) = (key(other), PathKind::Memory);
                        self.deliver(at, TransportEvent::PathUp { peer, path, kind });
                    }
                }
                TransportRequest::Attempt(peer) => {
                    let reason = "nobody is there".to_owned();
                    let finding = None;
                    self.deliver(from, TransportEvent::AttemptFailed { peer, reason, finding });
                }
                TransportRequest::Close(other, path) => self.close(from, peer(other), Some(path)),
                TransportRequest::Forget(other) => self.close(from, peer(other), None),
                TransportRequest::OpenRelay(_)
                | TransportRequest::CheckServer
                | TransportRequest::Playing(_)
                | TransportRequest::Connected(..)
                | TransportRequest::Kick { .. }
                | TransportRequest::Open(_) => {}
            }
        }
    }

    /// Takes a packet that is sent now into the hash over all of them.
    pub(super) fn hash_packet(
        &mut self,
        (from, to): (usize, usize),
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) {
        let at = self.now.as_nanos() as u64;
        let ends = [from as u64, to as u64, path.0, channel as u64];
        let before = [self.sent_hash, at, seahash::hash(packet)];
        let bytes = before.into_iter().chain(ends).flat_map(u64::to_le_bytes);
        self.sent_hash = seahash::hash(&bytes.collect::<Vec<_>>());
    }

    fn loses_datagram(&mut self, ends: (usize, usize), datagram: &[u8]) -> bool {
        if self.random.random_bool(self.loss) {
            return true;
        }
        if MessagePacket::is(datagram) {
            return false;
        }
        let (_, kind, _) = DatagramHeader::split(datagram).unwrap();
        if self.most_lost_in_a_row == 0 || kind != DatagramKind::Match {
            return false;
        }
        let in_a_row = self.lost_in_a_row.entry(ends).or_default();
        let is_lost = *in_a_row < self.most_lost_in_a_row && self.random.random_bool(0.5);
        *in_a_row = if is_lost { *in_a_row + 1 } else { 0 };
        is_lost
    }

    fn jitter_of(&mut self, channel: Channel) -> Duration {
        match channel {
            Channel::Datagram if !self.jitter.is_zero() => {
                self.random.random_range(Duration::ZERO..self.jitter)
            }
            _ => Duration::ZERO,
        }
    }

    /// Closes one path between two peers, or all.
    pub(super) fn close(&mut self, by: usize, other: usize, path: Option<PathId>) {
        let closed = self.paths.extract_if(.., |id, ends| {
            (*ends == (by, other) || *ends == (other, by)) && path.is_none_or(|path| path == *id)
        });
        for (path, _) in closed.collect::<Vec<_>>() {
            let reason = "the other side closed it".to_owned();
            self.deliver(other, TransportEvent::PathDown { peer: key(by), path, reason });
        }
    }
}
