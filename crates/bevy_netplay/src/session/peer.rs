use std::time::Duration;

use netplay_core::link::Link;
use netplay_protocol::{Hello, PeerKey};

use crate::links::PathChange;

/// What we know of one other peer of the room.
pub(crate) struct Peer {
    pub(crate) key: PeerKey,
    /// Its seat in the last roster that it was in.
    pub(crate) seat: Option<usize>,
    /// What it wants to be called, if anything.
    pub(crate) name: Option<String>,
    pub(crate) link: Link,
    pub(crate) path_changes: Vec<PathChange>,
    /// Whether the game has been told that it is connected.
    pub(crate) connected: bool,
    /// Whether it has left the room, as far as the server knows: it may still have something to say.
    pub(crate) absent: bool,
    /// Whether it has been dropped from the match: nothing is heard of it or said to it any more.
    pub(crate) gone: bool,
    /// Since when it has been coming back to the match, after its process was started anew.
    pub(crate) returning: Option<Duration>,
    /// How often its process was started anew in this match.
    pub(crate) restarts: u32,
    /// What the peer plays, once it has said so.
    pub(crate) hello: Option<Hello>,
    /// Whether it has heard from us what we play, in the present roster.
    pub(crate) greeted: bool,
    /// The roster and epoch it has last said it is ready for.
    pub(crate) ready: Option<(u64, u16)>,
}

impl Peer {
    pub(crate) fn new(key: PeerKey, link: Link) -> Self {
        Self {
            key,
            seat: None,
            name: None,
            link,
            path_changes: Vec::new(),
            connected: false,
            absent: false,
            gone: false,
            returning: None,
            restarts: 0,
            hello: None,
            greeted: false,
            ready: None,
        }
    }
}
