//! The round trip time of a path.

use std::collections::VecDeque;
use std::time::Duration;

use super::stamp_clock::UNIT;

/// The smoothed round trip time of RFC 6298 (alpha 1/8), and the minimum over a sliding window.
#[derive(Debug)]
pub(super) struct Rtt {
    window: Duration,
    smoothed: Option<Duration>,
    /// Samples that can still become the minimum: ascending, oldest first.
    minima: VecDeque<(Duration, Duration)>,
}

impl Rtt {
    pub(super) fn new(window: Duration) -> Self {
        Self { window, smoothed: None, minima: VecDeque::new() }
    }

    /// A round trip took so long.
    pub(super) fn sample(&mut self, at: Duration, sample: Duration) {
        // Nothing shorter can be told from a hold.
        let sample = sample.max(UNIT);
        self.smoothed = Some(match self.smoothed {
            Some(smoothed) => (smoothed * 7 + sample) / 8,
            None => sample,
        });
        while self.minima.back().is_some_and(|(_, kept)| *kept >= sample) {
            self.minima.pop_back();
        }
        self.minima.push_back((at, sample));
        // The newest sample always stays: a silent path keeps its last estimate.
        while self.minima.len() > 1 && self.is_outdated(at, 0) {
            self.minima.pop_front();
        }
    }

    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    pub(super) fn min(&self, now: Duration) -> Option<Duration> {
        let first_valid = (0..self.minima.len()).find(|index| !self.is_outdated(now, *index));
        let index = first_valid.or(self.minima.len().checked_sub(1))?;
        self.minima.get(index).map(|(_, sample)| *sample)
    }

    fn is_outdated(&self, now: Duration, index: usize) -> bool {
        self.minima.get(index).is_some_and(|(at, _)| now.saturating_sub(*at) > self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_smoothed_time_moves_an_eighth_of_the_way() {
        let mut rtt = Rtt::new(MS * 1000);
        rtt.sample(MS, MS * 80);
        rtt.sample(MS * 2, MS * 160);
        assert_eq!(rtt.smoothed(), Some(MS * 90));
    }

    #[test]
    fn the_minimum_expires_when_it_leaves_the_window() {
        let mut rtt = Rtt::new(MS * 100);
        rtt.sample(MS * 10, MS * 5);
        rtt.sample(MS * 60, MS * 9);
        rtt.sample(MS * 90, MS * 7);
        assert_eq!(rtt.min(MS * 90), Some(MS * 5));
        assert_eq!(rtt.min(MS * 111), Some(MS * 7));
        assert_eq!(rtt.min(MS * 9999), Some(MS * 7), "the last sample is kept");
    }
}
