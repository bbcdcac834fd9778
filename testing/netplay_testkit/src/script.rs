//! [`Script`]: the inputs of the players, by seed.

use bevy::prelude::Resource;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use crate::Keys;

/// For how many frames a player holds the same buttons.
const HOLD: u32 = 5;

/// The input of every player in every frame, as a pure function: so a lost input is found by comparison.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Scripts differ by seed.
    pub seed: u64,
}

impl Script {
    /// The input of a player in a frame of a match.
    pub fn keys(self, epoch: u16, player: usize, frame: i32) -> Keys {
        let frame = frame.max(0) as u32;
        let player = player as u64;
        let mut block = self.random([epoch.into(), player, u64::from(frame / HOLD), 1]);
        let mut exact = self.random([epoch.into(), player, u64::from(frame), 2]);
        // Buttons are held, which is what prediction counts on; the stamp differs in every frame, but
        // only sometimes in a way that a prediction could get wrong.
        let stamp = if exact.random_range(0..8) == 0 { exact.random() } else { 0 };
        Keys { buttons: block.random::<u8>() & Keys::ALL, stamp }
    }

    fn random(self, words: [u64; 4]) -> Pcg32 {
        let fold = |hash: u64, word: u64| {
            Pcg32::seed_from_u64(hash ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15)).random()
        };
        Pcg32::seed_from_u64(words.into_iter().fold(self.seed, fold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_player_match_and_seed_has_its_own_script() {
        let whole = |seed, epoch, player| -> Vec<Keys> {
            (0..300).map(|frame| Script { seed }.keys(epoch, player, frame)).collect()
        };
        assert_eq!(whole(1, 1, 0), whole(1, 1, 0));
        for other in [whole(2, 1, 0), whole(1, 2, 0), whole(1, 1, 1)] {
            assert_ne!(whole(1, 1, 0), other);
        }
    }
}
