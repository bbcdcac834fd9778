//! [`Interpolation`]: whether what is drawn is between two frames of the simulation.

use std::time::Duration;

use bevy::prelude::*;

/// Over how long updates are counted, to know the rate of the display.
const WINDOW: Duration = Duration::from_secs(1);
/// Rates that differ by less are the same.
const SAME: f64 = 0.02;
/// Rates that were the same and differ by more are not any more.
const DIFFERENT: f64 = 0.04;

/// Whether [smoothed](crate::NetplayApp::smooth) entities are drawn between the two newest frames of the simulation,
/// as far as real time is between them. Movement is even then, whatever the rate of the display is. It costs a frame
/// of latency: what is drawn is up to a frame older than what is simulated.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// // Even movement is worth a frame of latency on every display.
/// App::new().insert_resource(Interpolation::On);
/// ```
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Resource, Clone, Debug, Default, PartialEq)]
pub enum Interpolation {
    /// It is, unless the display runs at the rate of the simulation (within 2 % for two seconds): then each update has
    /// a frame of its own, and the latency would be for nothing.
    #[default]
    Auto,
    /// It is.
    On,
    /// The newest frame is drawn.
    Off,
}

impl Interpolation {
    /// Whether what is drawn is between frames, on this display.
    pub(super) fn is_on(self, display: &DisplayRate) -> bool {
        match self {
            Self::Auto => !display.is_same(),
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// How often the game draws, compared with how often it simulates.
#[derive(Resource, Debug, Default)]
pub(super) struct DisplayRate {
    updates: u32,
    passed: Duration,
    /// What the last window said.
    was_same: bool,
    /// What the last two windows that agreed said: one update that takes long changes nothing.
    is_same: bool,
}

impl DisplayRate {
    /// An update has come, after so much time. The simulation has so many frames per second.
    pub(super) fn handle_update(&mut self, passed: Duration, frame_rate: usize) {
        self.updates += 1;
        self.passed += passed;
        if self.passed < WINDOW {
            return;
        }
        let rate = f64::from(self.updates) / self.passed.as_secs_f64();
        let difference = (rate / frame_rate as f64 - 1.0).abs();
        let is_same = difference <= if self.is_same { DIFFERENT } else { SAME };
        if is_same == self.was_same {
            self.is_same = is_same;
        }
        *self = Self { was_same: is_same, is_same: self.is_same, ..Self::default() };
    }

    /// Whether each update has a frame of its own.
    pub(super) fn is_same(&self) -> bool {
        self.is_same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn pass(display: &mut DisplayRate, rate: f64, seconds: f64) -> bool {
        for _ in 0..(rate * seconds) as usize {
            display.handle_update(Duration::from_secs_f64(1.0 / rate), 60);
        }
        display.is_same()
    }

    #[test]
    fn a_display_has_the_rate_of_the_simulation_within_two_percent() {
        let is_same = |rate| pass(&mut DisplayRate::default(), rate, 5.0);
        assert_eq!([59.0, 59.94, 60.0, 61.0].map(is_same), [true; 4]);
        assert_eq!([30.0, 58.0, 62.0, 75.0, 90.0, 120.0, 144.0].map(is_same), [false; 7]);
    }

    #[test]
    fn it_flips_neither_at_the_border_nor_by_an_update_that_takes_long() {
        let mut display = DisplayRate::default();
        assert!(pass(&mut display, 60.0, 3.0));
        assert!(pass(&mut display, 58.2, 5.0), "a difference of 3 %");
        display.handle_update(Duration::from_millis(700), 60);
        assert!(pass(&mut display, 60.0, 3.0));
        assert!(!pass(&mut display, 57.0, 5.0));
        assert!(!pass(&mut display, 58.2, 5.0));
    }
}
