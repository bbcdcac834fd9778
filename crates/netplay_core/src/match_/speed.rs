//! [`SpeedMeter`]: how fast a peer's simulation runs.

use std::time::Duration;

/// Over how long it is measured.
const PERIOD: Duration = Duration::from_secs(1);
/// The longest time between two payloads that counts: a payload is due every 90 ms, and a silent link is no slow
/// simulation.
const MAX_GAP: Duration = Duration::from_millis(250);
/// For how long a peer may be slower than a game allows.
const SLOW_FOR: Duration = Duration::from_secs(10);

/// Measures how many inputs a peer gives per second. See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct SpeedMeter {
    /// When the last payload came, and the last frame of which there was an input then.
    last: Option<(Duration, i32)>,
    /// Of the period that runs.
    passed: Duration,
    frames: u32,
    /// In the last period, in frames per second; none before the first is over.
    rate: Option<f32>,
    /// For how long everybody has waited for a peer that is too slow.
    slow: Duration,
}

impl SpeedMeter {
    /// A payload came at a time, with inputs up to this frame. `is_last`: those of everybody else are further. `least`:
    /// how many frames per second a peer must simulate at least.
    pub(super) fn handle_payload(
        &mut self,
        at: Duration,
        last_frame: i32,
        is_last: bool,
        least: f32,
    ) {
        let (heard, before) = *self.last.get_or_insert((at, last_frame));
        self.last = Some((at.max(heard), last_frame));
        self.passed += at.saturating_sub(heard).min(MAX_GAP);
        self.frames += u32::try_from(last_frame.saturating_sub(before)).unwrap_or(0);
        if self.passed < PERIOD {
            return;
        }
        let rate = self.frames as f32 / self.passed.as_secs_f32();
        self.slow = if is_last && rate < least { self.slow + self.passed } else { Duration::ZERO };
        self.rate = Some(rate);
        (self.passed, self.frames) = (Duration::ZERO, 0);
    }

    /// How many frames per second it simulates.
    pub(super) fn rate(&self) -> Option<f32> {
        self.rate
    }

    /// Whether it has been too slow for long enough to be dropped for it.
    pub(super) fn is_too_slow(&self) -> bool {
        self.slow >= SLOW_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    /// A payload every 50 ms for so many seconds, of a peer with this rate.
    fn after(seconds: u32, rate: u32, is_last: bool) -> SpeedMeter {
        let mut meter = SpeedMeter::default();
        for payload in 0..=seconds * 20 {
            let last_frame = (payload * rate / 20) as i32;
            meter.handle_payload(MS * 50 * payload, last_frame, is_last, 30.0);
        }
        meter
    }

    #[test]
    fn the_rate_is_that_of_the_inputs() {
        for rate in [0, 20, 45, 60] {
            assert_eq!(after(5, rate, true).rate(), Some(rate as f32));
        }
        assert_eq!(after(0, 60, true).rate(), None);
    }

    #[test]
    fn who_holds_everybody_up_for_ten_seconds_is_too_slow() {
        let is_too_slow = |seconds, rate, is_last| after(seconds, rate, is_last).is_too_slow();
        assert!(!is_too_slow(9, 20, true) && is_too_slow(10, 20, true));
        assert!(!is_too_slow(60, 40, true) && !is_too_slow(60, 20, false));
    }

    #[test]
    fn a_second_that_is_fast_enough_begins_the_time_again() {
        let mut meter = after(9, 20, true);
        let (at, frame) = meter.last.unwrap();
        for payload in 1..=200 {
            // 60 frames in the first second, and 20 in each after it.
            let frames = if payload <= 20 { payload * 3 } else { 60 + (payload - 20) };
            meter.handle_payload(at + MS * 50 * payload, frame + frames as i32, true, 30.0);
            assert!(!meter.is_too_slow());
        }
    }

    #[test]
    fn a_link_that_was_silent_does_not_show_a_slow_simulation() {
        let mut meter = after(1, 60, true);
        meter.handle_payload(MS * 5000, 240, true, 30.0);
        meter.handle_payload(MS * 5050, 303, true, 30.0);
        assert_eq!(meter.rate(), Some(60.0), "of the period before");
        for payload in 1..=20 {
            meter.handle_payload(MS * (5050 + 50 * payload), 303 + 3 * payload as i32, true, 30.0);
        }
        assert!(meter.rate().unwrap() > 60.0);
    }
}
