//! Random numbers that roll back: a frame that is simulated again gets the same ones.

use bevy::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// The random numbers of the match. The state is how many were drawn: each draw sets the generator to that place.
#[derive(Resource, Clone, Debug, Default, Reflect)]
pub struct Dice {
    seed: u64,
    drawn: u64,
}

impl Dice {
    /// With the seed of a match.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// A number from 0.0 to below 1.0.
    pub fn fraction(&mut self) -> f32 {
        let mut pcg = Pcg32::new(self.seed, 0);
        pcg.advance(self.drawn);
        self.drawn += 1;
        // As many bits as an f32 has.
        (pcg.next_u32() >> 8) as f32 / (1 << 24) as f32
    }
}
