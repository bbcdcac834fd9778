//! Chance and serial numbers, both rolled back: a frame that is computed again draws the same lots and hands
//! out the same numbers.

use bevy::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// The dice of the match. Its whole state is the seed and how often it was thrown, which makes it cheap to
/// save and easy to checksum; the generator jumps to its place for each throw.
#[derive(Resource, Clone, Debug, Default, Hash)]
pub struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// Dice that were not thrown yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    /// A number below `sides`, each as likely as the others to within one in four billion.
    pub fn throw(&mut self, sides: u32) -> u32 {
        let mut pcg = Pcg32::new(self.seed, 0);
        pcg.advance(self.thrown);
        self.thrown += 1;
        // The high half of the product: no division, no bias worth a rejection loop, and alike everywhere.
        ((u64::from(pcg.next_u32()) * u64::from(sides)) >> 32) as u32
    }
}

/// Numbers for what comes into being during a match, in an order all peers agree on.
#[derive(Resource, Clone, Debug, Default, Hash)]
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
    fn dice_that_are_rolled_back_throw_the_same_again() {
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
