//! Which input delay fits a connection: long enough that rollbacks stay short, and no longer.
//!
//! The delay of a player shortens the rollbacks of the others, so it follows from the round trip to the farthest of
//! them, as in Photon Quantum: the shortest delay up to 100 ms, and a frame more for each frame that an input travels
//! longer. It is chosen when a match starts, and once more half a second later: a match can start before a round trip is
//! measured. A delay that varies is noticed, so it changes later only by one frame, when another one has fitted for a
//! while: five seconds for a longer one, thirty for a shorter one. Players who are to have equal delays tell each other
//! what they have chosen, all take the longest one, and keep it.

use std::time::Duration;

use super::MAX_INPUT_DELAY;

/// The input delays that a game allows, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayBounds {
    /// The shortest delay.
    pub least: usize,
    /// The longest delay. As long as the shortest one: the delay is fixed.
    pub most: usize,
    /// Whether all players of a match have the same delay: the longest one that fits any of them.
    pub is_equal: bool,
}

/// The round trip that rollbacks alone hide.
const HIDDEN_ROUND_TRIP: Duration = Duration::from_millis(100);
/// After how long the delay is chosen once more.
const SETTLED_AFTER: Duration = Duration::from_millis(500);
/// For how long another delay must fit later before it is chosen.
const LONGER_AFTER: Duration = Duration::from_secs(5);
const SHORTER_AFTER: Duration = Duration::from_secs(30);

impl DelayBounds {
    /// Always this delay, at most [`MAX_INPUT_DELAY`].
    pub const fn fixed(frames: usize) -> Self {
        Self { least: frames, most: frames, is_equal: false }
    }

    /// The delay for this round trip, in frames that last so long, where so many are predicted at most: a prediction
    /// window hides no more than twice its length.
    pub fn fit(self, round_trip: Duration, frame: Duration, max_prediction: usize) -> usize {
        let window = frame.saturating_mul(u32::try_from(2 * max_prediction).unwrap_or(u32::MAX));
        let longer = round_trip.saturating_sub(HIDDEN_ROUND_TRIP.min(window));
        let frames = longer.as_nanos().div_ceil(2 * frame.as_nanos().max(1));
        let frames = usize::try_from(frames).unwrap_or(usize::MAX);
        let fits = self.least.saturating_add(frames).min(self.most.max(self.least));
        fits.min(MAX_INPUT_DELAY)
    }
}

/// Watches the round trips of a match, and says when another delay fits.
#[derive(Clone, Debug)]
pub(super) struct DelayFit {
    bounds: DelayBounds,
    frame: Duration,
    max_prediction: usize,
    /// How many frames were simulated until a delay was chosen.
    frames: u32,
    chosen: Option<usize>,
    /// For how many frames a longer delay has fitted, and a shorter one.
    longer: u32,
    shorter: u32,
}

impl DelayFit {
    /// For a match of frames that last so long, of which so many are predicted at most.
    pub(super) fn new(bounds: DelayBounds, frame: Duration, max_prediction: usize) -> Self {
        Self { bounds, frame, max_prediction, frames: 0, chosen: None, longer: 0, shorter: 0 }
    }

    /// The delay that fits, in frames; 0 before it is chosen.
    pub(super) fn chosen(&self) -> usize {
        self.chosen.unwrap_or(0)
    }

    /// So many frames were simulated, with this round trip to the farthest player and this delay. The longest delay that
    /// fits any of the others is `of_others`. Returns the delay to change to, if another one fits by now.
    #[must_use = "the delay stays as it is"]
    pub(super) fn handle_frames(
        &mut self,
        frames: u32,
        round_trip: Duration,
        present: usize,
        of_others: usize,
    ) -> Option<usize> {
        let fit = |round_trip| self.bounds.fit(round_trip, self.frame, self.max_prediction);
        let Some(chosen) = self.chosen else {
            self.frames = self.frames.saturating_add(frames);
            if self.frame * self.frames < SETTLED_AFTER {
                return None;
            }
            let fits = fit(round_trip);
            self.chosen = Some(fits);
            return Some(fits).filter(|fits| *fits != present);
        };
        if self.bounds.is_equal {
            let longest = chosen.max(of_others.min(self.bounds.most));
            return Some(longest).filter(|longest| *longest != present);
        }
        let is_short = fit(round_trip) > present;
        // Without something on top, a round trip at the edge of two delays would change the delay again and again.
        let is_long = fit(round_trip + self.frame) < present;
        self.longer = if is_short { self.longer.saturating_add(frames) } else { 0 };
        self.shorter = if is_long { self.shorter.saturating_add(frames) } else { 0 };
        let fits = match (self.frame * self.longer, self.frame * self.shorter) {
            (longer, _) if longer >= LONGER_AFTER => present + 1,
            (_, shorter) if shorter >= SHORTER_AFTER => present - 1,
            _ => return None,
        };
        (self.longer, self.shorter) = (0, 0);
        self.chosen = Some(fits);
        Some(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const FRAME: Duration = Duration::from_nanos(16_666_667);
    const BOUNDS: DelayBounds = DelayBounds { least: 1, most: 4, is_equal: false };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn up_to_a_hundred_milliseconds_the_shortest_delay_fits() {
        let delays =
            [0, 30, 100, 101, 133, 134, 166, 167, 1000].map(|it| BOUNDS.fit(ms(it), FRAME, 8));
        assert_eq!(delays, [1, 1, 1, 2, 2, 3, 3, 4, 4]);
        assert_eq!(BOUNDS.fit(Duration::MAX, Duration::ZERO, 8), 4);
        let wrong = DelayBounds { least: 5, most: 2, is_equal: false };
        assert_eq!(wrong.fit(ms(1000), FRAME, 8), 5);
        // In lockstep nothing is hidden, and a narrow window hides little.
        assert_eq!([0, 30, 60, 120].map(|it| BOUNDS.fit(ms(it), FRAME, 0)), [1, 2, 3, 4]);
        assert_eq!([30, 66, 100].map(|it| BOUNDS.fit(ms(it), FRAME, 2)), [1, 1, 2]);
        assert_eq!(DelayBounds::fixed(99).fit(ms(0), FRAME, 8), MAX_INPUT_DELAY);
    }

    /// The delay after so many seconds with this round trip, of a match that has run for a while.
    fn after(seconds: u32, round_trip: u64, mut delay: usize) -> usize {
        let mut fit = DelayFit::new(BOUNDS, FRAME, 8);
        fit.chosen = Some(delay);
        for _ in 0..seconds * 60 {
            if let Some(fits) = fit.handle_frames(1, ms(round_trip), delay, 0) {
                assert_eq!(fits.abs_diff(delay), 1);
                delay = fits;
            }
        }
        delay
    }

    #[test]
    fn it_becomes_longer_after_five_seconds_and_shorter_after_thirty() {
        assert_eq!([4, 6, 11, 60].map(|it| after(it, 180, 1)), [1, 2, 3, 4]);
        assert_eq!([29, 31, 61, 300].map(|it| after(it, 40, 4)), [4, 3, 2, 1]);
    }

    #[test]
    fn at_the_edge_of_two_delays_it_stays() {
        for (round_trip, delay) in [(99, 2), (101, 2), (120, 2), (130, 3)] {
            assert_eq!(after(300, round_trip, delay), delay, "{round_trip}");
        }
    }

    #[test]
    fn half_a_second_after_the_start_it_is_what_fits() {
        let mut fit = DelayFit::new(BOUNDS, FRAME, 8);
        let chosen = (1..=60).find_map(|frame| Some((frame, fit.handle_frames(1, ms(180), 1, 0)?)));
        assert_eq!((chosen, fit.chosen()), (Some((30, 4)), 4));
        let mut fixed = DelayFit::new(DelayBounds::fixed(3), FRAME, 8);
        assert!((0..9000).all(|_| fixed.handle_frames(1, ms(180), 3, 0).is_none()));
    }

    #[test]
    fn players_with_equal_delays_have_the_longest_one_that_fits_any_of_them() {
        let bounds = DelayBounds { is_equal: true, ..BOUNDS };
        let mut players = [40, 120, 160].map(|round_trip| (round_trip, 1));
        let mut fits = [0; 3].map(|_| DelayFit::new(bounds, FRAME, 8));
        for _ in 0..9000 {
            for player in 0..3 {
                let others = (0..3).filter(|other| *other != player);
                let of_others = others.map(|other| fits[other].chosen()).max().unwrap();
                let (round_trip, delay) = &mut players[player];
                let fit = fits[player].handle_frames(1, ms(*round_trip), *delay, of_others);
                *delay = fit.unwrap_or(*delay);
            }
        }
        assert_eq!(players.map(|(_, delay)| delay), [3; 3]);
        assert_eq!(fits[0].handle_frames(1, ms(40), 3, 200), Some(4), "what others say is bounded");
    }
}
