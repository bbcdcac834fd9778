//! Random numbers and serial numbers. Both are rolled back: a resimulated frame gets the same ones again.

use bevy::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// The random number generator of the match. Its state is the seed and the number of throws, which is cheap to
/// save and easy to checksum; each throw sets the generator to that position.
#[derive(Resource, Clone, Debug, Default, Hash, Reflect)]
pub struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// Dice that have not been thrown yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    /// A random number below `sides`. The probabilities of two numbers differ by less than 1 in 4 billion.
    pub fn throw(&mut self, sides: u32) -> u32 {
        let mut pcg = Pcg32::new(self.seed, 0);
        pcg.advance(self.thrown);
        self.thrown += 1;
        // The high half of the product: no division, and the bias is too small for a rejection loop.
        ((u64::from(pcg.next_u32()) * u64::from(sides)) >> 32) as u32
    }
}

/// Serial numbers for entities that are spawned during a match: equal on every peer.
#[derive(Resource, Clone, Debug, Default, Hash, Reflect)]
pub struct Serials(u32);

impl Serials {
    /// The next number.
    pub fn take(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_that_are_rolled_back_throw_the_same_numbers() {
        let mut dice = Dice::new(7);
        dice.throw(6);
        let mut saved = dice.clone();
        let first: Vec<_> = (0..20).map(|_| dice.throw(1000)).collect();
        let again: Vec<_> = (0..20).map(|_| saved.throw(1000)).collect();
        assert_eq!(first, again);
    }

    #[test]
    fn every_side_of_the_dice_comes_up_and_none_beyond() {
        let mut dice = Dice::new(1);
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[dice.throw(6) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
    }
}
