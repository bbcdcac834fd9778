//! Two links on a virtual clock, with paths that fail, flap and recover.

use std::collections::BTreeMap;

use netplay_protocol::MessagePacket;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::*;
use crate::agent::PathChange;
use crate::messages::MessageEvent;
use crate::path::{CandidateKind, Candidates};

pub(super) const DIRECT: PathId = PathId(7);

/// One direction of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    pub(super) delay: Duration,
    /// How much longer a packet takes at most.
    pub(super) jitter: Duration,
    /// How many packets of a hundred arrive.
    pub(super) percent: u32,
    /// How many bytes wait to be sent.
    pub(super) waiting: usize,
    /// How many bytes pass in a millisecond; what comes faster waits, for a quarter of a second at most. 0: any number.
    pub(super) rate: u32,
}

pub(super) const FAST: Wire = Wire {
    delay: Duration::from_millis(10),
    jitter: Duration::ZERO,
    percent: 100,
    waiting: 0,
    rate: 0,
};
/// The longest queue before a bottleneck.
const LONGEST_QUEUE: Duration = Duration::from_millis(250);
pub(super) const DOWN: Wire = Wire { percent: 0, ..FAST };

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// It fails after ten seconds.
    Fails,
    /// It is a connection after a quarter of a second.
    Opens(PathKind, Wire),
}

impl Outcome {
    fn takes(self) -> Duration {
        match self {
            Self::Fails => MS * 10_000,
            Self::Opens(..) => MS * 250,
        }
    }
}

/// Both ends of a link, and what was noted of them.
pub(super) struct Pair {
    pub(super) ends: [Link; 2],
    pub(super) now: Duration,
    /// By path, then direction: from the first end, from the second.
    wires: BTreeMap<PathId, [Wire; 2]>,
    random: Pcg32,
    in_flight: Vec<(Duration, usize, Transmit)>,
    /// When attempts were requested, by end.
    pub(super) attempts: [Vec<Duration>; 2],
    /// What becomes of them; none: nothing.
    pub(super) outcome: Option<Outcome>,
    under_way: Option<(Duration, Outcome)>,
    next_path: u64,
    /// Changes of the primary path, by end.
    pub(super) changes: [Vec<PathChange>; 2],
    /// What each end attempted and asked the relay for, and why.
    pub(super) decisions: [Vec<LinkEvent>; 2],
    /// Connections that either end closed.
    pub(super) closed: Vec<PathId>,
    /// How often the connection to the server was checked.
    pub(super) checks: u32,
    /// When a datagram of the match last arrived at the second end.
    last_new: Duration,
    /// For how long none arrived there at most.
    pub(super) longest_gap: Duration,
    /// Reliable messages that arrived at the second end.
    pub(super) messages: Vec<Vec<u8>>,
    /// Whether packets are handled with the next frame only. They arrive when they arrive.
    pub(super) by_frames: bool,
    /// Until when each bottleneck is busy, by path and direction.
    busy: BTreeMap<(PathId, usize), Duration>,
    /// How long datagrams of the match were on their way, by sender.
    pub(super) delays: [Vec<Duration>; 2],
    /// What happened to messages of the game, by end.
    pub(super) message_events: [Vec<MessageEvent>; 2],
}

impl Pair {
    pub(super) fn new(policy: PathPolicy) -> Self {
        Self::configured(policy, &LinkConfig::default())
    }

    pub(super) fn configured(policy: PathPolicy, config: &LinkConfig) -> Self {
        let keys = [1, 2].map(|name| PeerKey::from_bytes([name; 16]));
        let link = |local: usize| {
            Link::new(config.clone(), policy, keys[local], keys[1 - local], 1, Duration::ZERO)
        };
        Self {
            ends: [link(0), link(1)],
            now: Duration::ZERO,
            wires: BTreeMap::from([(PathId::RELAY, [Wire { delay: MS * 15, ..FAST }; 2])]),
            random: Pcg32::seed_from_u64(1),
            in_flight: Vec::new(),
            attempts: Default::default(),
            outcome: None,
            under_way: None,
            next_path: 100,
            changes: Default::default(),
            decisions: Default::default(),
            closed: Vec::new(),
            checks: 0,
            last_new: Duration::ZERO,
            longest_gap: Duration::ZERO,
            messages: Vec::new(),
            by_frames: false,
            busy: BTreeMap::new(),
            delays: Default::default(),
            message_events: Default::default(),
        }
    }

    /// A pair whose direct path has been primary for ten seconds.
    pub(super) fn connected(policy: PathPolicy) -> Self {
        let mut pair = Self::new(policy);
        pair.open(DIRECT, FAST);
        pair.run(10_000);
        pair
    }

    pub(super) fn open(&mut self, id: PathId, wire: Wire) {
        self.open_kind(id, PathKind::Direct, wire);
    }

    /// Opens a connection of a kind that is known a moment later.
    pub(super) fn open_kind(&mut self, id: PathId, kind: PathKind, wire: Wire) {
        self.wires.insert(id, [wire; 2]);
        let now = self.now;
        for end in &mut self.ends {
            end.handle_path_up(now, id, PathKind::Direct);
            let local = match kind {
                PathKind::Turn => CandidateKind::Relay,
                _ => CandidateKind::Host,
            };
            let pair = Candidates { local, remote: CandidateKind::Host };
            end.handle_path_known(id, kind, pair);
        }
    }

    /// How many connections there are, at either end.
    pub(super) fn connections(&self) -> usize {
        self.wires.len() - 1
    }

    pub(super) fn close(&mut self, id: PathId) {
        let now = self.now;
        self.wires.remove(&id);
        self.ends.iter_mut().for_each(|end| end.handle_path_down(now, id));
    }

    pub(super) fn set(&mut self, id: PathId, wires: [Wire; 2]) {
        self.wires.insert(id, wires);
    }

    /// Passes an event that names no peer to both ends.
    pub(super) fn event(&mut self, event: &TransportEvent) {
        let now = self.now;
        self.ends.iter_mut().for_each(|end| end.handle_event(now, event));
    }

    pub(super) fn run(&mut self, ms: u32) {
        for _ in 0..ms {
            self.now += MS;
            if !self.by_frames || self.is_frame() {
                self.deliver();
            }
            if self.under_way.is_some_and(|(at, _)| at <= self.now) {
                self.end_attempt();
            }
            let (now, frame) = (self.now, self.is_frame());
            for end in 0..2 {
                if frame {
                    self.ends[end].handle_timeout(now);
                    self.ends[end].send(now, 1, b"input", true).unwrap();
                }
                if !self.by_frames || frame {
                    self.drive(end);
                }
            }
        }
    }

    fn is_frame(&self) -> bool {
        self.now.as_millis().is_multiple_of(16)
    }

    fn begin_attempt(&mut self, end: usize) {
        self.attempts[end].push(self.now);
        let Some(outcome) = self.outcome.filter(|_| self.under_way.is_none()) else { return };
        self.under_way = Some((self.now + outcome.takes(), outcome));
        let (now, peer) = (self.now, self.ends[1 - end].peer());
        self.ends[1 - end].handle_event(now, &TransportEvent::PeerAttempts { peer });
    }

    fn end_attempt(&mut self) {
        let now = self.now;
        match self.under_way.take() {
            Some((_, Outcome::Fails)) => {
                for end in &mut self.ends {
                    let (peer, reason) = (end.peer(), "no pair of candidates".to_owned());
                    let finding = None;
                    end.handle_event(now, &TransportEvent::AttemptFailed { peer, reason, finding });
                }
            }
            Some((_, Outcome::Opens(kind, wire))) => {
                self.open_kind(PathId(self.next_path), kind, wire);
                self.next_path += 1;
            }
            None => {}
        }
    }

    fn deliver(&mut self) {
        let now = self.now;
        let arrived: Vec<_> = self.in_flight.extract_if(.., |(at, ..)| *at <= now).collect();
        for (at, end, Transmit { path, channel, packet }) in arrived {
            if channel == Channel::Reliable {
                let _ = self.ends[end].handle_reliable(at, path, &packet);
                continue;
            }
            if MessagePacket::is(&packet) {
                let _ = self.ends[end].handle_message_packet(at, path, &packet);
                continue;
            }
            let received = self.ends[end].handle_datagram(at, path, &packet);
            if end == 1 && received.is_ok_and(|datagram| datagram.payload == b"input") {
                let gap = now - std::mem::replace(&mut self.last_new, now);
                self.longest_gap = self.longest_gap.max(gap);
            }
        }
    }

    /// Does what the driver of a link does.
    fn drive(&mut self, end: usize) {
        let now = self.now;
        if let Some(primary) = self.ends[end].primary_path()
            && let Some(wires) = self.wires.get(&primary)
        {
            self.ends[end].handle_buffered(primary, wires[end].waiting);
        }
        while let Some(transmit) =
            self.ends[end].poll_transmit().or_else(|| self.ends[end].poll_message_packet(now))
        {
            let Some(wires) = self.wires.get(&transmit.path) else { continue };
            let Wire { delay, jitter, percent, waiting, rate } = wires[end];
            self.ends[end].handle_sent(now, transmit.path, Ok(waiting));
            let delay = match jitter {
                Duration::ZERO => delay,
                _ => delay + self.random.random_range(Duration::ZERO..=jitter),
            };
            let Some(leaves) = self.pass(end, transmit.path, transmit.packet.len(), rate) else {
                continue;
            };
            if self.random.random_range(0..100) < percent {
                if !MessagePacket::is(&transmit.packet) && transmit.channel == Channel::Datagram {
                    self.delays[end].push(leaves + delay - now);
                }
                self.in_flight.push((leaves + delay, 1 - end, transmit));
            }
        }
        while let Some(event) = self.ends[end].poll_message_event() {
            self.message_events[end].push(event);
        }
        while let Some(request) = self.ends[end].poll_request() {
            match request {
                TransportRequest::Attempt(_) => self.begin_attempt(end),
                TransportRequest::OpenRelay(_) => {
                    self.ends[end].handle_path_up(now, PathId::RELAY, PathKind::Relay);
                }
                TransportRequest::Close(_, path) if path != PathId::RELAY => {
                    self.closed.push(path);
                    self.wires.remove(&path);
                    self.ends[1 - end].handle_path_down(now, path);
                }
                TransportRequest::Close(..) => {}
                TransportRequest::CheckServer => self.checks += 1,
                other => panic!("a link does not request {other:?}"),
            }
        }
        while let Some(event) = self.ends[end].poll_event() {
            match event {
                LinkEvent::PathChanged(change) => self.changes[end].push(change),
                LinkEvent::AttemptBegun(_)
                | LinkEvent::RelayRequested(_)
                | LinkEvent::RelayClosed => self.decisions[end].push(event),
                _ => {}
            }
        }
        if end == 1 {
            self.messages.extend(std::iter::from_fn(|| self.ends[1].poll_message()));
        }
    }

    /// When a packet has passed the bottleneck; none if the queue before it is full.
    fn pass(&mut self, from: usize, path: PathId, bytes: usize, rate: u32) -> Option<Duration> {
        if rate == 0 {
            return Some(self.now);
        }
        let busy = self.busy.entry((path, from)).or_default();
        let start = self.now.max(*busy);
        if start - self.now > LONGEST_QUEUE {
            return None;
        }
        *busy = start + MS * bytes as u32 / rate;
        Some(*busy)
    }

    /// The kind of the primary path at both ends.
    pub(super) fn primary(&self) -> [Option<PathKind>; 2] {
        [0, 1].map(|end| self.ends[end].stats(self.now).path)
    }

    /// How many datagrams with inputs went through the relay.
    pub(super) fn relayed(&self) -> u64 {
        self.ends.iter().map(|end| end.inputs_sent(PathKind::Relay)).sum()
    }

    /// Forgets what was noted so far.
    pub(super) fn forget(&mut self) {
        self.changes = Default::default();
        (self.longest_gap, self.last_new) = (Duration::ZERO, self.now);
    }
}

pub(super) const ON_DIRECT: [Option<PathKind>; 2] = [Some(PathKind::Direct); 2];
pub(super) const ON_RELAY: [Option<PathKind>; 2] = [Some(PathKind::Relay); 2];
