//! [`PeerLinks`]: what is known of the link to each peer.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::agent;
use netplay_core::doctor::Finding;
use netplay_core::path::PathKind;
use netplay_core::room::{Peer, Room};
use netplay_protocol::PeerKey;
use netplay_report::session::InputsByPath;

use super::history::History;
use super::link_sampler::{LinkSampler, per_second};
use super::metrics::MINUTE;
use super::samples::{LinkSample, LinkTraffic};
use crate::reflect::ReflectedPeerKey;
use crate::{
    DoctorFinding, LinkCandidates, LinkCounters, LinkPath, LinkQuality, PeerMessageCounters,
    PlayerHandle,
};

/// The links to the other peers of the room, in the order of the players. Refreshed every frame; kept when a match ends,
/// until another room is joined.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct PeerLinks {
    links: Vec<PeerLink>,
    /// When the local peer joined the room that they are of.
    joined_at: Duration,
}

/// The link to one peer.
#[derive(Clone, Debug, Reflect)]
#[reflect(Debug, Default)]
#[non_exhaustive]
pub struct PeerLink {
    /// The peer.
    #[reflect(remote = ReflectedPeerKey)]
    pub peer: PeerKey,
    /// The player on that peer, the first one where there are several; none before the server has told the roster.
    pub player: Option<PlayerHandle>,
    /// The players on that peer, in their order.
    pub players: Vec<PlayerHandle>,
    /// The names of the players, in the same order; empty where a player has none.
    pub names: Vec<String>,
    /// The name of the first player, if one was set ([`JoinRoom::name`](crate::JoinRoom::name)): at most 64 bytes, without
    /// control characters.
    pub name: Option<String>,
    /// How packets travel; none before there is a path.
    pub path: Option<LinkPath>,
    /// Which ICE candidates the path runs over; none before they are known.
    pub candidates: Option<LinkCandidates>,
    /// Smoothed round trip time.
    pub rtt: Option<Duration>,
    /// Smallest round trip time of the last 10 s.
    pub rtt_min: Option<Duration>,
    /// The largest smoothed round trip time since the match started, or since the link began where none has.
    pub rtt_max: Duration,
    /// How unevenly datagrams arrive: the interarrival jitter of RFC 3550.
    pub jitter: Duration,
    /// The largest jitter since the match started, or since the link began.
    pub jitter_max: Duration,
    /// The fraction of the peer's datagrams that did not arrive, 0 to 1, over the last 2 s.
    pub loss: f32,
    /// The largest loss since the match started, or since the link began.
    pub loss_max: f32,
    /// How good the link is.
    pub quality: LinkQuality,
    /// Datagrams and bytes both ways, since the link began.
    pub counters: LinkCounters,
    /// What is sent per second, over the last second.
    pub sent_per_second: LinkTraffic,
    /// What is received per second, over the last second.
    pub received_per_second: LinkTraffic,
    /// How many frames the local simulation is ahead of the peer's, averaged over half a second; negative if it is
    /// behind. None outside of a match, and for a peer that does not play.
    pub frame_advantage: Option<f32>,
    /// The frame that is simulated, minus the last one of which the peer's inputs are known. None outside of a match.
    pub input_lag: Option<i32>,
    /// Whether the machine of the peer is too slow for the simulation.
    pub is_too_slow: bool,
    /// What is counted of the messages of the game both ways, since the link began.
    pub messages: PeerMessageCounters,
    /// Attempts at a connection, since the link began.
    pub attempts: u64,
    /// The last eight attempts that failed, oldest first.
    pub attempt_failures: Vec<AttemptFailure>,
    /// What the last attempt that failed has shown of the networks, with what to do. None while nothing is known to be
    /// wrong.
    pub finding: Option<DoctorFinding>,
    /// Inputs of the peer that came, one for each frame, since the link began.
    pub inputs_received: u64,
    /// Inputs of the peer, one for each frame, by the path on which each came first.
    pub inputs_by_path: InputsByPath,
    /// Datagrams with inputs that were sent to the peer, by the path they took. One that travels on two paths counts
    /// twice.
    pub sent_by_path: InputsByPath,
    /// Every change of path.
    pub path_changes: Vec<PathChange>,
    /// The last minute, in samples of a quarter of a second.
    pub history: History<LinkSample>,
    sampler: LinkSampler,
}

/// A change of the primary path.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct PathChange {
    /// When, counted from joining the room.
    pub at: Duration,
    /// The path before.
    pub from: LinkPath,
    /// The path after.
    pub to: LinkPath,
    /// Why, in words.
    pub reason: String,
}

/// An attempt at a connection that failed.
#[derive(Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct AttemptFailure {
    /// When, counted from joining the room.
    pub at: Duration,
    /// Why, in words: at most 256 bytes.
    pub reason: String,
}

impl Default for PeerLink {
    fn default() -> Self {
        Self::new(PeerKey::from_bytes([0; 16]))
    }
}

impl PeerLinks {
    /// The links, in the order of the players.
    pub fn iter(&self) -> impl Iterator<Item = &PeerLink> + Clone {
        self.links.iter()
    }

    /// The link to the peer that a player plays on.
    pub fn player(&self, player: impl Into<PlayerHandle>) -> Option<&PeerLink> {
        let player = player.into();
        self.links.iter().find(|link| link.players.contains(&player))
    }

    /// The name of a player of another peer, if it has set one.
    pub fn name(&self, player: impl Into<PlayerHandle>) -> Option<&str> {
        let player = player.into();
        let link = self.player(player)?;
        let place = link.players.iter().position(|it| *it == player)?;
        link.names.get(place).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// How many links there are.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Takes over what the room knows at this moment. `frame` is simulated next.
    pub(crate) fn update(&mut self, room: &Room, now: Duration, frame: i32) {
        let joined_at = room.times().joined_at();
        if self.joined_at != joined_at {
            *self = Self { links: Vec::new(), joined_at };
        }
        self.links.retain(|link| room.peers().any(|peer| peer.key() == link.peer));
        for peer in room.peers() {
            let known = self.links.iter().position(|link| link.peer == peer.key());
            let index = known.unwrap_or_else(|| {
                self.links.push(PeerLink::new(peer.key()));
                self.links.len() - 1
            });
            self.links[index].update(room, peer, (joined_at, now), frame);
        }
        self.links.sort_by_key(|link| link.player);
    }

    /// A match starts: extremes are of this one.
    pub(crate) fn begin_match(&mut self) {
        for link in &mut self.links {
            (link.rtt_max, link.jitter_max, link.loss_max) = (Duration::ZERO, Duration::ZERO, 0.0);
        }
    }
}

impl PeerLink {
    fn new(peer: PeerKey) -> Self {
        Self {
            peer,
            player: None,
            players: Vec::new(),
            names: Vec::new(),
            name: None,
            path: None,
            candidates: None,
            rtt: None,
            rtt_min: None,
            rtt_max: Duration::ZERO,
            jitter: Duration::ZERO,
            jitter_max: Duration::ZERO,
            loss: 0.0,
            loss_max: 0.0,
            quality: LinkQuality::Good,
            counters: LinkCounters::default(),
            sent_per_second: LinkTraffic::default(),
            received_per_second: LinkTraffic::default(),
            frame_advantage: None,
            input_lag: None,
            is_too_slow: false,
            messages: PeerMessageCounters::default(),
            attempts: 0,
            attempt_failures: Vec::new(),
            finding: None,
            inputs_received: 0,
            inputs_by_path: InputsByPath::default(),
            sent_by_path: InputsByPath::default(),
            path_changes: Vec::new(),
            history: History::new(MINUTE),
            sampler: LinkSampler::default(),
        }
    }

    /// Takes over what has changed: what stays the same in most frames is not copied in each.
    fn update(
        &mut self,
        room: &Room,
        peer: &Peer,
        (joined_at, now): (Duration, Duration),
        frame: i32,
    ) {
        let link = peer.link();
        let handles = room.handles(peer.key()).into_iter().flatten().map(PlayerHandle::from);
        if !handles.clone().eq(self.players.iter().copied()) {
            self.players = handles.collect();
            self.player = self.players.first().copied();
        }
        if self.names != peer.names() {
            self.names = peer.names().to_vec();
            self.name = peer.name().map(str::to_owned);
        }
        let stats = link.stats(now);
        self.path = stats.path.map(LinkPath::from);
        self.candidates = stats.candidates.map(LinkCandidates::from);
        self.rtt = stats.rtt;
        self.rtt_min = stats.rtt_min;
        self.rtt_max = self.rtt_max.max(stats.rtt.unwrap_or_default());
        self.jitter = stats.jitter;
        self.jitter_max = self.jitter_max.max(stats.jitter);
        self.loss = stats.loss;
        self.loss_max = self.loss_max.max(stats.loss);
        self.quality = stats.quality.into();
        self.counters = stats.counters.into();
        self.attempts = stats.counters.attempts;
        self.messages = link.messages().into();
        self.inputs_received = PathKind::ALL.iter().map(|kind| link.inputs_received(*kind)).sum();
        self.inputs_by_path = by_path(|kind| link.inputs_received(kind));
        self.sent_by_path = by_path(|kind| link.inputs_sent(kind));
        let traffic = room.traffic().map(|traffic| traffic.lock());
        self.frame_advantage = traffic.as_ref().and_then(|it| it.frame_advantage(peer.key()));
        let last_input = traffic.and_then(|it| it.last_input(peer.key()));
        self.input_lag = last_input.map(|last| frame.saturating_sub(last));
        self.is_too_slow = room.is_too_slow(peer.key());
        self.update_events(peer, joined_at);
        self.sample(now.saturating_sub(joined_at));
    }

    /// Changes of path and failed attempts.
    fn update_events(&mut self, peer: &Peer, joined_at: Duration) {
        let finding = peer.finding();
        if finding.map(Finding::code) != self.finding.as_ref().map(|known| known.code.as_str()) {
            self.finding = finding.map(DoctorFinding::from);
        }
        let changes = peer.path_changes().iter();
        let changes = changes.filter_map(|change| PathChange::of(change, joined_at));
        self.path_changes.extend(changes.skip(self.path_changes.len()));
        let failures = peer.link().attempt_failures();
        let is_same = |known: &AttemptFailure, failure: &agent::AttemptFailure| {
            known.at == failure.at.saturating_sub(joined_at) && known.reason == failure.reason
        };
        let mut pairs = self.attempt_failures.iter().zip(peer.link().attempt_failures());
        if self.attempt_failures.len() != failures.len()
            || !pairs.all(|(known, failure)| is_same(known, failure))
        {
            let failure = |failure: &agent::AttemptFailure| AttemptFailure {
                at: failure.at.saturating_sub(joined_at),
                reason: failure.reason.clone(),
            };
            self.attempt_failures = failures.map(failure).collect();
        }
    }

    fn sample(&mut self, at: Duration) {
        let mut sampler = std::mem::take(&mut self.sampler);
        if let Some(sample) = sampler.poll(at, self) {
            self.history.push(sample);
            self.sent_per_second = per_second(&self.history, |sample| sample.sent);
            self.received_per_second = per_second(&self.history, |sample| sample.received);
        }
        self.sampler = sampler;
    }
}

fn by_path(count: impl Fn(PathKind) -> u64) -> InputsByPath {
    InputsByPath {
        direct: count(PathKind::Direct),
        turn: count(PathKind::Turn),
        relay: count(PathKind::Relay),
    }
}

impl PathChange {
    fn of(change: &agent::PathChange, joined_at: Duration) -> Option<Self> {
        Some(Self {
            at: change.at.saturating_sub(joined_at),
            from: change.from?.into(),
            to: change.to.into(),
            reason: change.reason.to_string(),
        })
    }
}
