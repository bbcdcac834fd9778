use std::time::Duration;

use netplay_core::link::{Link, LinkConfig};
use netplay_protocol::{Hello, PeerKey};
use netplay_transport::{Candidates, PathKind};

use crate::links::PathChange;
use crate::report::InputsByPath;

/// What we know of one other peer of the room.
pub(crate) struct Peer {
    pub(crate) key: PeerKey,
    /// Its seat in the last roster that it was in.
    pub(crate) seat: Option<usize>,
    pub(crate) link: Link,
    /// None while no packets flow.
    pub(crate) path: Option<PathKind>,
    pub(crate) candidates: Option<Candidates>,
    pub(crate) attempts: u32,
    pub(crate) path_changes: Vec<PathChange>,
    pub(crate) inputs_by_path: InputsByPath,
    /// What the peer plays, once it has said so.
    pub(crate) hello: Option<Hello>,
    /// Whether it has heard from us what we play, in the present roster.
    pub(crate) greeted: bool,
    /// The roster and epoch it has last said it is ready for.
    pub(crate) ready: Option<(u64, u16)>,
}

impl Peer {
    pub(crate) fn new(key: PeerKey, config: LinkConfig, now: Duration) -> Self {
        Self {
            key,
            seat: None,
            link: Link::new(config, now),
            path: None,
            candidates: None,
            attempts: 0,
            path_changes: Vec::new(),
            inputs_by_path: InputsByPath::default(),
            hello: None,
            greeted: false,
            ready: None,
        }
    }

    /// Counts a datagram with inputs for the path it takes.
    pub(crate) fn count_input(&mut self) {
        match self.path {
            Some(PathKind::Direct) => self.inputs_by_path.direct += 1,
            Some(PathKind::Turn) => self.inputs_by_path.turn += 1,
            Some(PathKind::Relay) => self.inputs_by_path.relay += 1,
            Some(PathKind::Memory) | None => {}
        }
    }
}
