//! [`Smoothing`]: how corrections of one type are smoothed.

use std::f32::consts::PI;
use std::time::Duration;

use bevy::math::ops;
use bevy::prelude::*;

/// How corrections of one type are smoothed, for [`NetplayApp::smooth`](crate::NetplayApp::smooth).
///
/// ```
/// use bevy_netplay::Smoothing;
///
/// // A ship is 20 units long: what is farther away is another place.
/// let smoothing = Smoothing { snap_distance: 40.0, ..Smoothing::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Reflect)]
#[reflect(Clone, Debug, Default, PartialEq)]
pub struct Smoothing {
    /// After how long half of a correction is made, of an entity that is not [owned](crate::OwnedBy) by a local
    /// player. Default 80 ms; zero for no smoothing.
    pub half_life: Duration,
    /// The same for entities of local players, who notice a delay sooner than a jump. Default 40 ms; zero for no
    /// smoothing.
    pub own_half_life: Duration,
    /// A correction that is longer is made at once, in units of the world. Default infinite; two body lengths are a
    /// good choice.
    pub snap_distance: f32,
    /// A correction that turns farther is made at once, in radians. Default a half turn, which is never exceeded.
    pub snap_angle: f32,
}

impl Default for Smoothing {
    fn default() -> Self {
        Self {
            half_life: Duration::from_millis(80),
            own_half_life: Duration::from_millis(40),
            snap_distance: f32::INFINITY,
            snap_angle: PI,
        }
    }
}

impl Smoothing {
    /// Which part of a correction is still to be made after so much time.
    pub(super) fn left(&self, passed: Duration, is_own: bool) -> f32 {
        let half_life = if is_own { self.own_half_life } else { self.half_life };
        match half_life.is_zero() {
            true => 0.0,
            false => ops::powf(0.5, passed.div_duration_f32(half_life)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn half_of_a_correction_is_left_after_each_half_life_and_nothing_without_one() {
        let smoothing = Smoothing { own_half_life: Duration::ZERO, ..Smoothing::default() };
        let left = |ms, is_own| smoothing.left(Duration::from_millis(ms), is_own);
        let others = [0, 80, 160].map(|ms| left(ms, false));
        for (left, expected) in others.into_iter().zip([1.0, 0.5, 0.25]) {
            assert!((left - expected).abs() < 1e-4, "{others:?}");
        }
        assert_eq!(left(1, true), 0.0);
    }
}
