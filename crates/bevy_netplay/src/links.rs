use std::time::Duration;

use bevy::prelude::*;
use netplay_core::link::{LinkCounters, Quality};
use netplay_protocol::PeerKey;
use netplay_transport::{Candidates, PathKind};

use crate::report::InputsByPath;
use crate::session::Netplay;

/// The links to the other peers of the room, by seat. Refreshed every frame; kept when a match ends,
/// until another room is joined.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource)]
pub struct PeerLinks {
    links: Vec<PeerLink>,
}

/// The link to one peer.
#[derive(Clone, Debug, Reflect)]
#[reflect(Default)]
pub struct PeerLink {
    /// The peer.
    #[reflect(ignore)]
    pub peer: PeerKey,
    /// The seat of the peer, counted from 0; none before the server has told the roster.
    pub player: Option<usize>,
    /// What the player wants to be called, if anything ([`Room::name`](crate::Room::name)): at most 64 bytes,
    /// without control characters.
    pub name: Option<String>,
    /// How packets travel; none before there is a path.
    #[reflect(ignore)]
    pub path: Option<PathKind>,
    /// Which ICE candidates the path runs over; none before they are known.
    #[reflect(ignore)]
    pub candidates: Option<Candidates>,
    /// Smoothed round trip time.
    pub rtt: Option<Duration>,
    /// Smallest round trip time of the last 10 s.
    pub rtt_min: Option<Duration>,
    /// How unevenly datagrams arrive.
    pub jitter: Duration,
    /// The fraction of the peer's datagrams that did not arrive, 0 to 1, over the last 2 s.
    pub loss: f32,
    /// The verdict.
    #[reflect(ignore)]
    pub quality: Quality,
    /// Datagrams and bytes both ways, since the link began.
    #[reflect(ignore)]
    pub counters: LinkCounters,
    /// Attempts at a connection, since the link began.
    pub attempts: u64,
    /// Datagrams with inputs, by the path they took.
    #[reflect(ignore)]
    pub inputs_by_path: InputsByPath,
    /// Every change of path.
    #[reflect(ignore)]
    pub path_changes: Vec<PathChange>,
}

/// A change of path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// When, counted from joining the room.
    pub at: Duration,
    /// The path before.
    pub from: PathKind,
    /// The path after.
    pub to: PathKind,
    /// Why, in words.
    pub reason: String,
}

impl Default for PeerLink {
    fn default() -> Self {
        Self {
            peer: PeerKey::from_bytes([0; 16]),
            player: None,
            name: None,
            path: None,
            candidates: None,
            rtt: None,
            rtt_min: None,
            jitter: Duration::ZERO,
            loss: 0.0,
            quality: Quality::Good,
            counters: LinkCounters::default(),
            attempts: 0,
            inputs_by_path: InputsByPath::default(),
            path_changes: Vec::new(),
        }
    }
}

impl PeerLinks {
    /// The links, by seat.
    pub fn iter(&self) -> impl Iterator<Item = &PeerLink> {
        self.links.iter()
    }

    /// The link to the player on a seat, counted from 0.
    pub fn player(&self, player: usize) -> Option<&PeerLink> {
        self.links.iter().find(|link| link.player == Some(player))
    }

    /// How many links there are.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    pub(crate) fn update(&mut self, netplay: &Netplay, now: Duration) {
        self.links.clear();
        self.links.extend(netplay.peers().map(|peer| {
            let stats = peer.link.stats(now);
            let path = peer.link.path_that_carries();
            PeerLink {
                peer: peer.key,
                player: netplay.player(peer.key),
                name: peer.name.clone(),
                path: stats.path,
                candidates: path.and_then(|path| peer.candidates.get(&path)).copied(),
                rtt: stats.rtt,
                rtt_min: stats.rtt_min,
                jitter: stats.jitter,
                loss: stats.loss,
                quality: stats.quality,
                counters: stats.counters,
                attempts: stats.counters.attempts,
                inputs_by_path: InputsByPath::of(&peer.link),
                path_changes: peer.path_changes.clone(),
            }
        }));
        self.links.sort_by_key(|link| link.player);
    }
}
