//! [`PeerLinks`]: what is known of the link to each peer.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::agent;
use netplay_core::room::{Peer, Room};
use netplay_protocol::PeerKey;

use crate::reflect::ReflectedPeerKey;
use crate::report::InputsByPath;
use crate::{
    LinkCandidates, LinkCounters, LinkPath, LinkQuality, PeerMessageCounters, PlayerHandle,
};

/// The links to the other peers of the room, in the order of the players. Refreshed every frame; kept when a match ends,
/// until another room is joined.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct PeerLinks {
    links: Vec<PeerLink>,
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
    /// How unevenly datagrams arrive.
    pub jitter: Duration,
    /// The fraction of the peer's datagrams that did not arrive, 0 to 1, over the last 2 s.
    pub loss: f32,
    /// How good the link is.
    pub quality: LinkQuality,
    /// Datagrams and bytes both ways, since the link began.
    pub counters: LinkCounters,
    /// What is counted of the messages of the game both ways, since the link began.
    pub messages: PeerMessageCounters,
    /// Attempts at a connection, since the link began.
    pub attempts: u64,
    /// The last eight attempts that failed, oldest first.
    pub attempt_failures: Vec<AttemptFailure>,
    /// Inputs of the peer, one for each frame, by the path on which each came first.
    pub inputs_by_path: InputsByPath,
    /// Datagrams with inputs that were sent to the peer, by the path they took. One that travels on two paths counts
    /// twice.
    pub sent_by_path: InputsByPath,
    /// Every change of path.
    pub path_changes: Vec<PathChange>,
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
        Self {
            peer: PeerKey::from_bytes([0; 16]),
            player: None,
            players: Vec::new(),
            names: Vec::new(),
            name: None,
            path: None,
            candidates: None,
            rtt: None,
            rtt_min: None,
            jitter: Duration::ZERO,
            loss: 0.0,
            quality: LinkQuality::Good,
            counters: LinkCounters::default(),
            messages: PeerMessageCounters::default(),
            attempts: 0,
            attempt_failures: Vec::new(),
            inputs_by_path: InputsByPath::default(),
            sent_by_path: InputsByPath::default(),
            path_changes: Vec::new(),
        }
    }
}

impl PeerLinks {
    /// The links, in the order of the players.
    pub fn iter(&self) -> impl Iterator<Item = &PeerLink> {
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

    pub(crate) fn update(&mut self, room: &Room, now: Duration) {
        let joined_at = room.times().joined_at();
        self.links.clear();
        self.links.extend(room.peers().map(|peer| PeerLink::of(room, peer, joined_at, now)));
        self.links.sort_by_key(|link| link.player);
    }
}

impl PeerLink {
    fn of(room: &Room, peer: &Peer, joined_at: Duration, now: Duration) -> Self {
        let players: Vec<_> =
            room.handles(peer.key()).into_iter().flatten().map(PlayerHandle::from).collect();
        let changes = peer.path_changes().iter();
        let failures = peer.link().attempt_failures().map(|failure| AttemptFailure {
            at: failure.at.saturating_sub(joined_at),
            reason: failure.reason.clone(),
        });
        let stats = peer.link().stats(now);
        Self {
            peer: peer.key(),
            player: players.first().copied(),
            players,
            names: peer.names().to_vec(),
            name: peer.name().map(str::to_owned),
            path: stats.path.map(LinkPath::from),
            candidates: stats.candidates.map(LinkCandidates::from),
            rtt: stats.rtt,
            rtt_min: stats.rtt_min,
            jitter: stats.jitter,
            loss: stats.loss,
            quality: stats.quality.into(),
            counters: stats.counters.into(),
            messages: peer.link().messages().into(),
            attempts: stats.counters.attempts,
            attempt_failures: failures.collect(),
            inputs_by_path: InputsByPath::of(|kind| peer.link().inputs_received(kind)),
            sent_by_path: InputsByPath::of(|kind| peer.link().inputs_sent(kind)),
            path_changes: changes.filter_map(|change| PathChange::of(change, joined_at)).collect(),
        }
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
