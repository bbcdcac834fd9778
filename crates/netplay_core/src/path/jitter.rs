//! The jitter of a path.

use std::time::Duration;

use super::stamp_clock::{UNIT, clock};

/// The interarrival jitter of RFC 3550 section 6.4.1: how much the spacing of arrivals differs from the
/// spacing of sending, smoothed with a gain of 1/16.
#[derive(Debug, Default)]
pub(super) struct Jitter {
    transit: Option<u16>,
    /// In sixteenths of a unit, so that the gain loses nothing.
    scaled: u32,
}

impl Jitter {
    pub(super) fn sample(&mut self, at: Duration, sent: u16) {
        // Both clocks run in the same unit from unknown origins: only the change of their difference
        // means anything.
        let transit = clock(at).wrapping_sub(sent);
        if let Some(previous) = self.transit.replace(transit) {
            let change = u32::from((transit.wrapping_sub(previous) as i16).unsigned_abs());
            self.scaled = self.scaled - self.scaled / 16 + change;
        }
    }

    pub(super) fn mean(&self) -> Duration {
        UNIT * self.scaled / 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn even_spacing_has_no_jitter_even_when_the_clocks_wrap() {
        let mut jitter = Jitter::default();
        for tick in 0..4000u32 {
            jitter.sample(MS * 16 * tick, clock(MS * 16 * tick).wrapping_add(777));
        }
        assert_eq!(jitter.mean(), Duration::ZERO);
    }

    #[test]
    fn jitter_approaches_the_mean_deviation() {
        let mut jitter = Jitter::default();
        for tick in 0..400u32 {
            let delay = if tick.is_multiple_of(2) { 0 } else { 8 };
            jitter.sample(MS * (16 * tick + delay), clock(MS * 16 * tick));
        }
        let mean = jitter.mean();
        assert!(mean > MS * 7 && mean <= MS * 8, "{mean:?}");
    }
}
