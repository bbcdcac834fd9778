//! What a room knows of one other peer.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_protocol::PeerKey;

use super::progress::Progress;
use crate::link::Link;
use crate::path::{PathId, PathKind};
use crate::transport::Candidates;

/// Another peer of the room.
pub struct Peer {
    pub(super) key: PeerKey,
    /// Its player in the last roster that it was in.
    pub(super) player: usize,
    pub(super) name: Option<String>,
    pub(super) link: Link,
    pub(super) candidates: BTreeMap<PathId, Candidates>,
    pub(super) path_changes: Vec<PathChange>,
    /// Whether the game was told that the peer is connected.
    pub(super) announced: bool,
    /// The hash of the roster that the last hello to it was of.
    pub(super) hello_sent: Option<u64>,
    /// How often its process restarted since the last match began.
    pub(super) restarts: u32,
    pub(super) progress: Progress,
}

/// A change of the primary path of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// When, counted from joining the room.
    pub at: Duration,
    /// The primary path before.
    pub from: PathKind,
    /// The primary path after.
    pub to: PathKind,
    /// Why: half a sentence.
    pub reason: String,
}

impl Peer {
    pub(super) fn new(key: PeerKey, player: usize, link: Link) -> Self {
        Self {
            key,
            player,
            name: None,
            link,
            candidates: BTreeMap::new(),
            path_changes: Vec::new(),
            announced: false,
            hello_sent: None,
            restarts: 0,
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

    /// The candidates of the primary path, once they are known.
    pub fn candidates(&self) -> Option<Candidates> {
        let path = self.link.path_that_carries()?;
        self.candidates.get(&path).copied()
    }

    /// Every change of the primary path, oldest first.
    pub fn path_changes(&self) -> &[PathChange] {
        &self.path_changes
    }

    pub(super) fn is_disconnected(&self) -> bool {
        matches!(self.progress, Progress::Disconnected { .. })
    }
}
