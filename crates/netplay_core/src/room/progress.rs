//! How far a peer is on the way into a match, and every way from one state into another.

use std::time::Duration;

use netplay_protocol::Hello;

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
///          Refused, Left                Disconnected
/// ```
///
/// When the match is over, it is `Greeted` again. A restart of its process puts a peer back: to `Linking` before a match, also one that was refused; to `Rejoining` in
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has not said what it plays.
    Linking,
    /// It has said what it plays.
    Greeted(Hello),
    /// It is ready for a match.
    Ready(Hello, Vote),
    /// It cannot be played with, and is still in the room.
    Refused,
    /// It left the room before a match. It may still have something to say.
    Left(Option<Hello>),
    /// It plays the match, and may vote for a rematch.
    Playing { vote: Option<Vote> },
    /// Its process restarted: it catches up with the match.
    Rejoining {
        /// When it restarted.
        began: Duration,
        /// When it was sent the last thing that it needs, or has taken something of that.
        since: Duration,
        vote: Option<Vote>,
    },
    /// It was dropped from the match: nothing is taken from it or sent to it any more.
    Disconnected {
        /// When the driver is to close what leads to it; none once it was told to.
        forget_at: Option<Duration>,
    },
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
            // In a match hellos are not compared: a peer that plays has agreed, and one that rejoins with another
            // build is found by its checksums.
            Self::Playing { .. }
            | Self::Rejoining { .. }
            | Self::Refused
            | Self::Disconnected { .. } => {}
        }
    }

    /// It cannot be played with. Returns whether that is news.
    pub(super) fn refused(&mut self) -> bool {
        let news = matches!(self, Self::Linking | Self::Greeted(_) | Self::Ready(..));
        if news {
            *self = Self::Refused;
        }
        news
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
            Self::Linking | Self::Refused | Self::Left(_) | Self::Disconnected { .. } => {
                return false;
            }
        }
        true
    }

    /// Its process restarted, and what it said before no longer holds.
    pub(super) fn restarted(&mut self, now: Duration) {
        match self {
            Self::Linking | Self::Greeted(_) | Self::Ready(..) | Self::Refused => {
                *self = Self::Linking;
            }
            Self::Left(hello) => *hello = None,
            Self::Playing { .. } | Self::Rejoining { .. } => {
                *self = Self::Rejoining { began: now, since: now, vote: None };
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

    /// The match is over here, and the peer is in the lobby again, with what it has said that it plays.
    pub(super) fn match_left(&mut self, hello: Option<&Hello>) {
        if matches!(self, Self::Playing { .. } | Self::Rejoining { .. }) {
            *self = hello.map_or(Self::Linking, |hello| Self::Greeted(hello.clone()));
        }
    }

    /// It was sent something that it needs to rejoin the match, or has taken something of that.
    pub(super) fn rejoins(&mut self, now: Duration) {
        match self {
            Self::Playing { vote } => {
                *self = Self::Rejoining { began: now, since: now, vote: *vote };
            }
            Self::Rejoining { since, .. } => *since = now,
            _ => {}
        }
    }

    /// An input of the running match came from it. Returns whether it has come back with that.
    pub(super) fn plays(&mut self) -> bool {
        let Self::Rejoining { vote, .. } = *self else { return false };
        *self = Self::Playing { vote };
        true
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
#[path = "progress_tests.rs"]
mod tests;
