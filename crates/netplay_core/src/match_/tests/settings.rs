//! What the matches of these tests are played with.

use rand::RngExt;
use rand_pcg::Pcg32;

use super::super::{DelayBounds, MatchConfig};
use super::FRAME;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) default_input: Vec<u8>,
    /// The input delay when a match begins, in frames.
    pub(super) delay: usize,
    /// Whether it changes while the match is played.
    pub(super) delay_changes: bool,
    /// How many frames a session runs ahead of the last confirmed one.
    pub(super) window: usize,
    /// In how many datagrams in a row a changed input is sent.
    pub(super) redundancy: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { default_input: vec![0, 0], delay: 2, delay_changes: false, window: 8, redundancy: 3 }
    }
}

impl Settings {
    /// Inputs of so many bytes beside the one that tells who is disconnected.
    pub(super) fn with_bytes(bytes: usize) -> Self {
        Self { default_input: vec![0; bytes + 1], ..Self::default() }
    }

    /// A match of so many players with these settings, for a player with this delay.
    pub(super) fn config(&self, players: usize, input_delay: usize) -> MatchConfig {
        let (default_input, max_prediction) = (self.default_input.clone(), self.window);
        MatchConfig {
            players,
            default_input,
            input_delay,
            delay_bounds: DelayBounds::fixed(input_delay),
            frame: FRAME,
            max_prediction,
            input_redundancy: self.redundancy,
        }
    }

    /// An input of a player: one of three if it has one byte, and random bytes otherwise.
    pub(super) fn random_input(&self, random: &mut Pcg32) -> Vec<u8> {
        let bytes = self.default_input.len() - 1;
        let most = if bytes == 1 { 2 } else { u8::MAX };
        let mut input: Vec<u8> = (0..bytes).map(|_| random.random_range(0..=most)).collect();
        input.push(0);
        input
    }
}
