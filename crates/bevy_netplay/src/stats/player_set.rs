//! [`PlayerSet`]: some of the players of a match.

use bevy::prelude::*;
use netplay_protocol::limits::MAX_PLAYERS;

use crate::PlayerHandle;

/// Some of the players of a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, Default, PartialEq, Hash)]
pub struct PlayerSet {
    /// One bit for each player, the lowest one for the first.
    bits: u8,
}

impl PlayerSet {
    pub(crate) fn insert(&mut self, player: PlayerHandle) {
        if player.0 < MAX_PLAYERS {
            self.bits |= 1 << player.0;
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.bits |= other.bits;
    }

    /// Whether a player is among them.
    pub fn contains(self, player: impl Into<PlayerHandle>) -> bool {
        let player = player.into();
        self.iter().any(|it| it == player)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// The players, in their order.
    pub fn iter(self) -> impl Iterator<Item = PlayerHandle> {
        (0..MAX_PLAYERS).filter(move |player| self.bits & 1 << player != 0).map(PlayerHandle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_players_that_were_put_in_and_no_others() {
        let mut set = PlayerSet::default();
        assert!(set.is_empty());
        [7, 2, 2, 200].into_iter().for_each(|player| set.insert(PlayerHandle(player)));
        assert_eq!(set.iter().collect::<Vec<_>>(), [PlayerHandle(2), PlayerHandle(7)]);
        assert!(set.contains(7) && !set.contains(0));
    }
}
