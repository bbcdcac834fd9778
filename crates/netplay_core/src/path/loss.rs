//! The loss of a path.

use std::collections::VecDeque;
use std::time::Duration;

/// The loss window is kept in this many slices.
const SLICES: u32 = 8;
/// Below this many expected datagrams a fraction says nothing.
const FEWEST_EXPECTED: u32 = 10;

/// Loss from gaps: how many sequence numbers went by, and how many of them arrived.
#[derive(Debug)]
pub(super) struct Loss {
    slice: Duration,
    slices: VecDeque<Slice>,
}

#[derive(Debug)]
struct Slice {
    start: Duration,
    expected: u32,
    arrived: u32,
}

impl Loss {
    pub(super) fn new(window: Duration) -> Self {
        Self { slice: window / SLICES, slices: VecDeque::new() }
    }

    pub(super) fn record(&mut self, at: Duration, expected: u16, arrived: u32) {
        let fresh =
            self.slices.back().is_none_or(|last| at.saturating_sub(last.start) >= self.slice);
        if fresh {
            self.slices.push_back(Slice { start: at, expected: 0, arrived: 0 });
            if self.slices.len() > SLICES as usize {
                self.slices.pop_front();
            }
        }
        if let Some(slice) = self.slices.back_mut() {
            slice.expected += u32::from(expected);
            slice.arrived += arrived;
        }
    }

    pub(super) fn fraction(&self, now: Duration) -> f32 {
        let window = self.slice * SLICES;
        let recent = self.slices.iter().filter(|slice| now.saturating_sub(slice.start) <= window);
        let (expected, arrived) =
            recent.fold((0, 0), |(e, a), slice| (e + slice.expected, a + slice.arrived));
        if expected < FEWEST_EXPECTED {
            return 0.0;
        }
        // A late datagram can arrive in a later slice than the gap it fills.
        1.0 - arrived.min(expected) as f32 / expected as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_fraction_is_of_the_window_only() {
        let mut loss = Loss::new(MS * 2000);
        for tick in 0..100u32 {
            loss.record(MS * 16 * tick, 2, 1);
        }
        assert_eq!(loss.fraction(MS * 1600), 0.5);
        for tick in 100..300u32 {
            loss.record(MS * 16 * tick, 1, 1);
        }
        assert_eq!(loss.fraction(MS * 4800), 0.0);
    }

    #[test]
    fn a_handful_of_datagrams_says_nothing() {
        let mut loss = Loss::new(MS * 2000);
        loss.record(MS, 5, 1);
        assert_eq!(loss.fraction(MS), 0.0);
    }
}
