//! What a room knows of one other peer.

use std::time::Duration;

use netplay_protocol::{Fragments, Hello, PeerKey, PublicKey, SeedTerms};

use super::away::Attendance;
use super::log_sender::LogSender;
use super::progress::Progress;
use super::seed_deadline::SeedTimer;
use crate::agent::PathChange;
use crate::doctor::Finding;
use crate::link::Link;
use crate::match_::StateComparison;
use crate::rate::TokenBucket;

/// How often in a row the process of a peer may restart in the lobby; one more each second.
const MAX_LOBBY_RESTARTS: u32 = 8;

/// Another peer of the room.
pub struct Peer {
    pub(super) key: PeerKey,
    /// Its player in the last roster that it was in.
    pub(super) player: usize,
    /// What its players want to be called.
    pub(super) names: Vec<String>,
    /// Its public key, once it has said it.
    pub(super) public_key: Option<PublicKey>,
    pub(super) link: Link,
    /// The reliable message that it is in the middle of.
    pub(super) fragments: Fragments,
    pub(super) path_changes: Vec<PathChange>,
    /// What the last attempt has shown of the networks.
    pub(super) finding: Option<Finding>,
    /// Whether the game was told that the peer is connected.
    pub(super) announced: bool,
    /// What it plays, as it said last.
    pub(super) hello: Option<Hello>,
    /// Whether it is in the room and not in the match that is played.
    pub(super) waits: bool,
    /// Which of the local entries in the lobby it was told last.
    pub(super) lobby_told: u64,
    /// The hash of the roster that the last hello to it was of.
    pub(super) hello_sent: Option<u64>,
    /// What the last commitment that it was sent is for.
    pub(super) commitment_sent: Option<SeedTerms>,
    /// For how long it is waited for.
    pub(super) seed_timer: SeedTimer,
    /// How often its process restarted since the last match began.
    pub(super) restarts: u32,
    /// Whether it is there.
    pub(super) attendance: Attendance,
    /// When the server saw that its page was closed, unless something was heard from it long after that.
    pub(super) page_closed: Option<Duration>,
    /// How often it went away since the last match began.
    pub(super) absences: u32,
    /// How often it may restart while no match is played.
    pub(super) lobby_restarts: TokenBucket,
    /// The input logs that it is sent, because it rejoins the match.
    pub(super) log_sender: Option<LogSender>,
    /// Whether it told of a match that could not be rejoined in time.
    pub(super) rejoin_failed: bool,
    /// Whether something could not be sent to it, because it does not acknowledge what was sent before.
    pub(super) is_congested: bool,
    pub(super) comparison: StateComparison,
    pub(super) progress: Progress,
}

impl Peer {
    pub(super) fn new(key: PeerKey, player: usize, link: Link, now: Duration) -> Self {
        Self {
            key,
            player,
            names: Vec::new(),
            public_key: None,
            link,
            fragments: Fragments::default(),
            path_changes: Vec::new(),
            finding: None,
            announced: false,
            hello: None,
            waits: false,
            lobby_told: 0,
            hello_sent: None,
            commitment_sent: None,
            seed_timer: SeedTimer::default(),
            restarts: 0,
            attendance: Attendance::Present,
            page_closed: None,
            absences: 0,
            lobby_restarts: TokenBucket::new(1, MAX_LOBBY_RESTARTS, now),
            log_sender: None,
            rejoin_failed: false,
            is_congested: false,
            comparison: StateComparison::default(),
            progress: Progress::Linking,
        }
    }

    /// Its key.
    pub fn key(&self) -> PeerKey {
        self.key
    }

    /// Its player, from 0: in a match the one that it plays, before a match its place in the room. None once it has left
    /// the lobby, or while it waits for the end of a match.
    pub fn player(&self) -> Option<usize> {
        let has_left = matches!(self.progress, Progress::Left(_));
        (!has_left && !self.waits).then_some(self.player)
    }

    /// What its first player wants to be called, if anything.
    pub fn name(&self) -> Option<&str> {
        self.names.first().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// What its players want to be called, in their order; empty for nothing.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The link to it.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Every change from one primary path to another, oldest first.
    pub fn path_changes(&self) -> &[PathChange] {
        &self.path_changes
    }

    /// What is wrong with the networks between the local peer and this one, as the last attempt has shown; none while there
    /// is a connection, or nothing is known.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// What comparing its state with the local one has shown, in the match that is played or was played last.
    pub fn comparison(&self) -> StateComparison {
        self.comparison
    }

    /// The game is to be told that it is connected. Returns whether that is news.
    pub(super) fn announce(&mut self) -> bool {
        !std::mem::replace(&mut self.announced, true)
    }

    /// Whether nothing is taken from it, because it cannot be played with.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.progress, Progress::Refused)
    }

    pub(super) fn is_disconnected(&self) -> bool {
        matches!(self.progress, Progress::Disconnected { .. })
    }
}
