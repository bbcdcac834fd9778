//! [`PlayerHandle`]: which player of a match.

use std::fmt;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

/// A player of a match, counted from 0 in the order of the room's roster: the same number on every peer, kept
/// across reconnects and rematches.
///
/// A game that keeps player numbers of its own converts them: wherever the API takes a handle, a `usize` does as
/// well. In sentences players are counted from 1.
///
/// ```
/// use bevy_netplay::PlayerHandle;
///
/// let first = PlayerHandle::from(0);
/// assert_eq!(first.index(), 0);
/// assert_eq!(first.to_string(), "player 1");
/// ```
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Reflect,
    Serialize,
    Deserialize,
)]
#[reflect(Debug, Default, PartialEq, Hash)]
#[serde(transparent)]
pub struct PlayerHandle(
    /// The number, counted from 0. One byte, so that its hash does not depend on the platform.
    pub u8,
);

impl PlayerHandle {
    /// The number as an index, counted from 0.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<usize> for PlayerHandle {
    /// A number above 255 becomes 255: a match has at most eight players, so neither is one of them.
    fn from(index: usize) -> Self {
        Self(u8::try_from(index).unwrap_or(u8::MAX))
    }
}

impl fmt::Display for PlayerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "player {}", self.index() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_ordered_and_an_index_that_is_too_large_names_nobody() {
        assert!(PlayerHandle::from(0) < PlayerHandle::from(1));
        assert_eq!(PlayerHandle::from(7).index(), 7);
        assert_eq!(PlayerHandle::from(usize::MAX), PlayerHandle(u8::MAX));
    }
}
