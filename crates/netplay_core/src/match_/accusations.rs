//! Who has lost a player, and when that is enough to drop it.
//!
//! A player is dropped when more than half of the others have lost it, so that one who lies drops nobody. Those who do not
//! count are the ones that the local player has lost itself: of two halves of a match that do not hear each other, both
//! can go on. Who hears a player again withdraws its accusation.

use std::collections::{BTreeMap, BTreeSet};

use netplay_protocol::Accusation;

/// The accusations of one match, each signed and checked: of each player, the last one of each other player.
#[derive(Clone, Debug, Default)]
pub struct Accusations(BTreeMap<usize, BTreeMap<usize, Accusation>>);

impl Accusations {
    /// A player has lost another one, or hears it again. Returns whether that is news.
    pub fn insert(&mut self, accused: usize, accusation: Accusation) -> bool {
        let known = self.0.entry(accused).or_default();
        let accuser = usize::from(accusation.accuser);
        let is_news = known.get(&accuser).is_none_or(|it| it.revision < accusation.revision);
        if is_news {
            known.insert(accuser, accusation);
        }
        is_news
    }

    /// The last accusation of a player by another one.
    pub fn get(&self, accuser: usize, accused: usize) -> Option<&Accusation> {
        self.0.get(&accused)?.get(&accuser)
    }

    /// Whether a player has lost another one.
    pub fn has(&self, accuser: usize, accused: usize) -> bool {
        self.get(accuser, accused).is_some_and(Accusation::is_lost)
    }

    /// The accused players, also those of withdrawn accusations.
    pub fn accused(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied()
    }

    /// Every last accusation of a player.
    pub fn of(&self, accused: usize) -> Vec<Accusation> {
        self.0.get(&accused).into_iter().flatten().map(|(_, accusation)| *accusation).collect()
    }

    /// Whether a player is to be dropped, as `local` sees it, of the players `playing`. `before`: who had lost it when
    /// another player decided, whatever came since.
    pub fn is_enough(
        &self,
        accused: usize,
        local: usize,
        playing: impl Iterator<Item = usize>,
        before: &BTreeSet<usize>,
    ) -> bool {
        let counts =
            |player: &usize| *player != accused && (*player == local || !self.has(local, *player));
        let (mut voters, mut accusers) = (0, 0);
        for player in playing.filter(counts) {
            voters += 1;
            let accuses = self.has(player, accused) || before.contains(&player);
            accusers += usize::from(accuses);
        }
        2 * accusers > voters
    }
}

#[cfg(test)]
mod tests {
    use netplay_protocol::StatementSignature;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn accusations(known: &[(usize, usize)]) -> Accusations {
        let mut accusations = Accusations::default();
        for (accuser, accused) in known {
            assert!(accusations.insert(*accused, accusation(*accuser, 1)));
        }
        accusations
    }

    fn accusation(accuser: usize, revision: u32) -> Accusation {
        let signature = StatementSignature([0; 64]);
        Accusation { accuser: accuser as u8, revision, signature }
    }

    /// Which players are to be dropped, of so many.
    fn lost(players: usize, local: usize, known: &[(usize, usize)]) -> Vec<usize> {
        let accusations = accusations(known);
        let none = BTreeSet::new();
        let is_lost = |player: &usize| accusations.is_enough(*player, local, 0..players, &none);
        (0..players).filter(is_lost).collect()
    }

    #[test]
    fn one_accuser_is_enough_for_itself_only() {
        assert_eq!(lost(2, 0, &[(0, 1)]), [1]);
        for players in 3..=8 {
            for local in 0..players {
                assert_eq!(lost(players, local, &[(0, 1)]), [0; 0], "{players} players");
            }
        }
    }

    #[test]
    fn more_than_half_of_the_others_are_enough() {
        assert_eq!(lost(3, 0, &[(0, 2), (1, 2)]), [2]);
        assert_eq!(lost(4, 1, &[(0, 3), (2, 3)]), [3], "also for one who has not lost it");
        assert_eq!(lost(5, 0, &[(0, 4), (1, 4)]), [0; 0]);
        assert_eq!(lost(5, 0, &[(0, 4), (1, 4), (2, 4)]), [4]);
    }

    #[test]
    fn both_halves_of_a_match_go_on() {
        let halves = [(0, 2), (0, 3), (1, 2), (1, 3)];
        assert_eq!(lost(4, 0, &halves), [2, 3]);
        // The smaller part as well, of five: it does not hear the others.
        let part = [(3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2)];
        assert_eq!(lost(5, 3, &part), [0, 1, 2]);
    }

    #[test]
    fn who_has_lost_everybody_is_alone() {
        assert_eq!(lost(4, 0, &[(0, 1), (0, 2), (0, 3)]), [1, 2, 3]);
    }

    #[test]
    fn two_who_lost_each_other_are_both_kept_by_the_third() {
        assert_eq!(lost(3, 2, &[(0, 1), (1, 0)]), [0; 0]);
    }

    #[test]
    fn only_the_last_revision_counts_unless_it_was_decided_before() {
        let mut accusations = accusations(&[(0, 2), (1, 2)]);
        assert!(!accusations.insert(2, accusation(0, 1)), "it is known");
        assert!(accusations.insert(2, accusation(0, 2)), "it is withdrawn");
        assert!(!accusations.insert(2, accusation(0, 1)), "it is old");
        assert_eq!(accusations.of(2), [accusation(0, 2), accusation(1, 1)]);
        assert!(!accusations.has(0, 2) && accusations.has(1, 2));
        assert!(!accusations.is_enough(2, 0, 0..3, &BTreeSet::new()));
        assert!(accusations.is_enough(2, 0, 0..3, &[0].into()));
    }
}
