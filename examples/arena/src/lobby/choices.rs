//! What is chosen in the lobby: the colour of each ship by its player, the length of the round by the room's first player.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::limits::MAX_PLAYERS;
use serde::{Deserialize, Serialize};

use crate::sim::{ROUND_FRAMES, SHORT_ROUND_FRAMES};

/// How many colours there are to choose from: one for each player.
pub const COLORS: u8 = MAX_PLAYERS;

/// What a player chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Reflect)]
pub struct ShipChoice {
    /// The colour of its ship. None: that of its place.
    pub color: Option<u8>,
}

/// What the room's first player chooses for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Reflect)]
pub struct RoundChoice {
    /// How long the players fight.
    pub length: RoundLength,
}

/// How long a round is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Reflect)]
pub enum RoundLength {
    /// A minute.
    #[default]
    Long,
    /// Twenty seconds.
    Short,
}

impl RoundLength {
    /// The length of the fight, in frames.
    pub fn frames(self) -> u16 {
        match self {
            Self::Long => ROUND_FRAMES,
            Self::Short => SHORT_ROUND_FRAMES,
        }
    }

    /// The other one.
    pub fn next(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }
}

/// The values of the lobby.
pub type ArenaLobby = LobbyState<ShipChoice, RoundChoice>;
/// The values of the lobby that the match has started with.
pub type ArenaMatchLobby = MatchLobby<ShipChoice, RoundChoice>;

/// The colours of the ships of the match: numbers of colours of the palette.
#[derive(Resource, Clone, Debug, Default)]
pub struct ShipColors(Vec<u8>);

impl ShipColors {
    /// The colour of a player's ship.
    pub fn of(&self, player: u8) -> u8 {
        self.0.get(usize::from(player)).copied().unwrap_or(player)
    }

    /// Gives each player the colour that it has chosen, unless a player before it has that one. The others have the colour
    /// of their place, or else the first that is free.
    pub fn assign(chosen: &[Option<u8>]) -> Self {
        let mut given = vec![None; chosen.len()];
        let wanted = chosen.iter().map(|color| color.filter(|color| *color < COLORS));
        for (player, color) in wanted.enumerate() {
            if !given.contains(&color) {
                given[player] = color;
            }
        }
        for (player, place) in (0..chosen.len()).zip(0_u8..) {
            if given[player].is_none() {
                let mut colors = std::iter::once(place).chain(0..).take(256);
                given[player] = colors.find(|color| !given.contains(&Some(*color)));
            }
        }
        Self(given.into_iter().zip(0..).map(|(color, place)| color.unwrap_or(place)).collect())
    }
}

/// Takes the colours over when a match starts.
pub(super) fn color_ships(
    lobby: Res<ArenaMatchLobby>,
    this_match: Res<CurrentMatch>,
    mut colors: ResMut<ShipColors>,
) {
    let chosen: Vec<_> =
        this_match.player_handles().map(|player| lobby.player(player).color).collect();
    *colors = ShipColors::assign(&chosen);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colors(chosen: &[Option<u8>]) -> Vec<u8> {
        ShipColors::assign(chosen).0
    }

    #[test]
    fn ships_have_the_colors_that_were_chosen_and_no_two_the_same() {
        assert_eq!(colors(&[None, None, None]), [0, 1, 2]);
        assert_eq!(colors(&[Some(3), None, Some(0)]), [3, 1, 0]);
        assert_eq!(colors(&[Some(2), Some(2), None]), [2, 1, 0]);
        assert_eq!(colors(&[None, Some(0)]), [1, 0]);
        // No game sends this.
        assert_eq!(colors(&[Some(200), None]), [0, 1]);
    }
}
