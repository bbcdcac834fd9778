//! Who has how many points, and what is said about it.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

/// The points of the players of a match. A match in a room with a lobby ends with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standings(
    /// Player and points, the best player first, and equal ones in the order of the players.
    Vec<(u8, u16)>,
);

impl FromIterator<(u8, u16)> for Standings {
    fn from_iter<T: IntoIterator<Item = (u8, u16)>>(scores: T) -> Self {
        let mut scores: Vec<_> = scores.into_iter().collect();
        scores.sort_by_key(|&(player, score)| (Reverse(score), player));
        Self(scores)
    }
}

impl Standings {
    /// Player and points, the best player first.
    pub fn iter(&self) -> impl Iterator<Item = (u8, u16)> {
        self.0.iter().copied()
    }

    /// The player who has won. None if the best ones have equal points.
    pub fn winner(&self) -> Option<u8> {
        match *self.0.as_slice() {
            [(player, _)] => Some(player),
            [(player, best), (_, second), ..] if best > second => Some(player),
            _ => None,
        }
    }

    /// The result as one of the players sees it.
    pub fn title(&self, own: Option<u8>, name_of: impl Fn(u8) -> String) -> String {
        match self.winner() {
            Some(player) if own == Some(player) => "YOU WIN".into(),
            Some(player) => format!("{} WINS", name_of(player).to_uppercase()),
            None if self.0.is_empty() => "THE ROUND IS OVER".into(),
            None => "A DRAW".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(own: u8, scores: &[(u8, u16)]) -> String {
        let standings: Standings = scores.iter().copied().collect();
        let names = ["Ann", "player 2", "player 3"];
        standings.title(Some(own), |player| names[usize::from(player)].into())
    }

    #[test]
    fn the_result_names_the_winner_as_this_player_sees_it() {
        assert_eq!(title(0, &[(0, 1), (1, 4)]), "PLAYER 2 WINS");
        assert_eq!(title(1, &[(0, 1), (1, 4)]), "YOU WIN");
        assert_eq!(title(1, &[(0, 5), (1, 4)]), "ANN WINS");
        assert_eq!(title(1, &[(0, 4), (1, 4), (2, 1)]), "A DRAW");
        assert_eq!(title(0, &[]), "THE ROUND IS OVER");
        assert_eq!(title(0, &[(0, 0)]), "YOU WIN");
    }
}
