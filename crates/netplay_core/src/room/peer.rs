//! What a room knows of one other peer.

use netplay_protocol::{Fragments, PeerKey, SeedTerms};

use super::progress::Progress;
use crate::agent::PathChange;
use crate::link::Link;
use crate::match_::StateComparison;

/// Another peer of the room.
pub struct Peer {
    pub(super) key: PeerKey,
    /// Its player in the last roster that it was in.
    pub(super) player: usize,
    pub(super) name: Option<String>,
    pub(super) link: Link,
    /// The reliable message that it is in the middle of.
    pub(super) fragments: Fragments,
    pub(super) path_changes: Vec<PathChange>,
    /// Whether the game was told that the peer is connected.
    pub(super) announced: bool,
    /// The hash of the roster that the last hello to it was of.
    pub(super) hello_sent: Option<u64>,
    /// What the last commitment that it was sent is for.
    pub(super) commitment_sent: Option<SeedTerms>,
    /// How often its process restarted since the last match began.
    pub(super) restarts: u32,
    pub(super) comparison: StateComparison,
    pub(super) progress: Progress,
}

impl Peer {
    pub(super) fn new(key: PeerKey, player: usize, link: Link) -> Self {
        Self {
            key,
            player,
            name: None,
            link,
            fragments: Fragments::default(),
            path_changes: Vec::new(),
            announced: false,
            hello_sent: None,
            commitment_sent: None,
            restarts: 0,
            comparison: StateComparison::default(),
            progress: Progress::Linking,
        }
    }

    /// Its key.
    pub fn key(&self) -> PeerKey {
        self.key
    }

    /// Its player, from 0; none once it has left the lobby.
    pub fn player(&self) -> Option<usize> {
        (!matches!(self.progress, Progress::Left(_))).then_some(self.player)
    }

    /// What the player wants to be called, if anything.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The link to it.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Every change from one primary path to another, oldest first.
    pub fn path_changes(&self) -> &[PathChange] {
        &self.path_changes
    }

    /// What comparing its state with the local one has shown, in the match that is played or was played last.
    pub fn comparison(&self) -> StateComparison {
        self.comparison
    }

    pub(super) fn is_disconnected(&self) -> bool {
        matches!(self.progress, Progress::Disconnected { .. })
    }
}
