//! What a room knows of one other peer, and how far that peer is on the way into a match.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_protocol::{Hello, PeerKey};

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

/// A peer's vote: it is ready for a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vote {
    /// The hash of the roster that it wants to play with.
    pub(super) roster: u64,
    pub(super) epoch: u16,
}

/// How far a peer is on the way into a match, as far as the local peer knows.
///
/// ```text
///  Linking ──► Greeted ──► Ready ──► Playing ◄──► Rejoining
///     └───────────┴──────────┘          └────┬────────┘
///                 ▼                          ▼
///               Left                    Disconnected
/// ```
///
/// A restart of its process puts a peer back: to `Linking` before a match, to `Rejoining` in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has not said what it plays.
    Linking,
    /// It has said what it plays.
    Greeted(Hello),
    /// It is ready for a match.
    Ready(Hello, Vote),
    /// It left the room before a match. It may still have something to say.
    Left(Option<Hello>),
    /// It plays the match, and may vote for a rematch.
    Playing { vote: Option<Vote> },
    /// Its process restarted: it catches up with the match.
    Rejoining { since: Duration, vote: Option<Vote> },
    /// It was dropped from the match: nothing is taken from it or sent to it any more.
    Disconnected {
        /// When the driver is to close what leads to it; none once it was told to.
        forget_at: Option<Duration>,
    },
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

impl Progress {
    /// What the peer plays, if it has said so and no match has begun.
    pub(super) fn hello(&self) -> Option<&Hello> {
        match self {
            Self::Greeted(hello) | Self::Ready(hello, _) => Some(hello),
            Self::Left(hello) => hello.as_ref(),
            _ => None,
        }
    }

    /// The peer's last vote.
    pub(super) fn vote(&self) -> Option<Vote> {
        match self {
            Self::Ready(_, vote) => Some(*vote),
            Self::Playing { vote } | Self::Rejoining { vote, .. } => *vote,
            _ => None,
        }
    }

    /// It said what it plays. A vote before stays: it names the roster that it is for.
    pub(super) fn greeted(&mut self, hello: Hello) {
        match self {
            Self::Linking => *self = Self::Greeted(hello),
            Self::Greeted(known) | Self::Ready(known, _) => *known = hello,
            Self::Left(known) => *known = Some(hello),
            // In a match nobody compares: who plays has agreed, and who rejoins may be another build, whose
            // checksums tell.
            Self::Playing { .. } | Self::Rejoining { .. } | Self::Disconnected { .. } => {}
        }
    }

    /// It is ready for a match. Returns whether that counts: nothing does before it has said what it plays.
    pub(super) fn voted(&mut self, new: Vote) -> bool {
        match self {
            Self::Greeted(hello) => {
                let hello = hello.clone();
                *self = Self::Ready(hello, new);
            }
            Self::Ready(_, vote) => *vote = new,
            Self::Playing { vote } | Self::Rejoining { vote, .. } => *vote = Some(new),
            Self::Linking | Self::Left(_) | Self::Disconnected { .. } => return false,
        }
        true
    }

    /// Its process restarted, and what it said before no longer holds.
    pub(super) fn restarted(&mut self, now: Duration) {
        match self {
            Self::Linking | Self::Greeted(_) | Self::Ready(..) => *self = Self::Linking,
            Self::Left(hello) => *hello = None,
            Self::Playing { .. } | Self::Rejoining { .. } => {
                *self = Self::Rejoining { since: now, vote: None };
            }
            Self::Disconnected { .. } => {}
        }
    }

    /// It left the room before a match.
    pub(super) fn left(&mut self) {
        let hello = self.hello().cloned();
        *self = Self::Left(hello);
    }

    /// A match starts with it. A vote for another one than this stays.
    pub(super) fn started(&mut self, epoch: u16) {
        if matches!(self, Self::Disconnected { .. }) {
            return;
        }
        let vote = self.vote().filter(|vote| vote.epoch != epoch);
        *self = Self::Playing { vote };
    }

    /// It was sent everything that it needs to rejoin the match.
    pub(super) fn rejoins(&mut self, now: Duration) {
        if matches!(self, Self::Playing { .. } | Self::Rejoining { .. }) {
            *self = Self::Rejoining { since: now, vote: self.vote() };
        }
    }

    /// An input of the running match came from it.
    pub(super) fn plays(&mut self) {
        if let Self::Rejoining { vote, .. } = *self {
            *self = Self::Playing { vote };
        }
    }

    /// It was dropped from the match.
    pub(super) fn disconnected(&mut self, forget_at: Duration) {
        *self = Self::Disconnected { forget_at: Some(forget_at) };
    }

    /// Whether what leads to a disconnected peer is to be closed now. It is so once.
    pub(super) fn is_to_forget(&mut self, now: Duration) -> bool {
        let Self::Disconnected { forget_at } = self else { return false };
        forget_at.take_if(|at| *at <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: Duration = Duration::from_secs(3);
    const VOTE: Vote = Vote { roster: 9, epoch: 1 };

    fn hello(roster: u64) -> Hello {
        Hello { game: "game".into(), registered: 1, roster, frame_rate: 60, name: String::new() }
    }

    fn after(mut progress: Progress, change: impl Fn(&mut Progress)) -> Progress {
        change(&mut progress);
        progress
    }

    #[test]
    fn a_peer_greets_votes_and_plays() {
        let mut peer = Progress::Linking;
        assert!(!peer.voted(VOTE), "a vote before the hello");
        assert_eq!(peer, Progress::Linking);
        peer.greeted(hello(8));
        assert_eq!(peer, Progress::Greeted(hello(8)));
        assert!(peer.voted(VOTE));
        // The roster changed: the vote stays, and names the roster that it is for.
        peer.greeted(hello(9));
        assert_eq!(peer, Progress::Ready(hello(9), VOTE));
        peer.started(1);
        assert_eq!(peer, Progress::Playing { vote: None });
        let next = Vote { epoch: 2, ..VOTE };
        assert!(peer.voted(next));
        assert_eq!(peer.vote(), Some(next));
        peer.started(2);
        assert_eq!(peer, Progress::Playing { vote: None });
    }

    #[test]
    fn a_vote_for_the_match_after_the_one_that_starts_is_kept() {
        let next = Vote { epoch: 2, ..VOTE };
        let peer = after(Progress::Ready(hello(9), next), |peer| peer.started(1));
        assert_eq!(peer, Progress::Playing { vote: Some(next) });
    }

    #[test]
    fn a_restart_puts_a_peer_back_before_a_match_and_in_one() {
        let restarted = |progress| after(progress, |peer| peer.restarted(NOW));
        for lobby in
            [Progress::Linking, Progress::Greeted(hello(1)), Progress::Ready(hello(1), VOTE)]
        {
            assert_eq!(restarted(lobby), Progress::Linking);
        }
        let rejoining = Progress::Rejoining { since: NOW, vote: None };
        let before = Progress::Rejoining { since: Duration::ZERO, vote: Some(VOTE) };
        for playing in [Progress::Playing { vote: Some(VOTE) }, before] {
            assert_eq!(restarted(playing), rejoining);
        }
        assert_eq!(restarted(Progress::Left(Some(hello(1)))), Progress::Left(None));
        let gone = Progress::Disconnected { forget_at: None };
        assert_eq!(restarted(gone.clone()), gone);
    }

    #[test]
    fn a_peer_rejoins_until_an_input_comes() {
        let mut peer = Progress::Playing { vote: Some(VOTE) };
        peer.rejoins(NOW);
        assert_eq!(peer, Progress::Rejoining { since: NOW, vote: Some(VOTE) });
        peer.plays();
        assert_eq!(peer, Progress::Playing { vote: Some(VOTE) });
    }

    #[test]
    fn a_peer_that_left_the_lobby_is_still_compared_and_no_longer_votes() {
        let mut peer = after(Progress::Ready(hello(1), VOTE), Progress::left);
        assert_eq!(peer, Progress::Left(Some(hello(1))));
        assert_eq!((peer.hello(), peer.vote()), (Some(&hello(1)), None));
        assert!(!peer.voted(VOTE));
        peer.greeted(hello(2));
        peer.left();
        assert_eq!(peer, Progress::Left(Some(hello(2))));
    }

    #[test]
    fn a_disconnected_peer_stays_so_and_is_forgotten_once() {
        let mut peer = after(Progress::Playing { vote: None }, |peer| peer.disconnected(NOW));
        peer.greeted(hello(1));
        peer.started(2);
        peer.rejoins(NOW);
        peer.plays();
        assert!(!peer.voted(VOTE));
        assert!(!peer.is_to_forget(NOW - Duration::from_millis(1)));
        assert!(peer.is_to_forget(NOW));
        assert!(!peer.is_to_forget(NOW));
        assert_eq!(peer, Progress::Disconnected { forget_at: None });
    }
}
