//! [`PoseOffset`]: how far what is drawn is away from what is simulated, and how that goes away.

use bevy::prelude::*;

use super::Smoothing;

/// A smaller offset is none: nobody sees it, and what does not change is not drawn again.
const NOTHING: f32 = 1e-4;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PoseOffset {
    translation: Vec3,
    rotation: Quat,
}

impl Default for PoseOffset {
    fn default() -> Self {
        Self { translation: Vec3::ZERO, rotation: Quat::IDENTITY }
    }
}

impl PoseOffset {
    /// The same frame was simulated again: what was drawn stays where it was, unless it is too far away by now.
    pub(super) fn correct(&mut self, before: &Transform, after: &Transform, smoothing: &Smoothing) {
        if before == after {
            return;
        }
        let translation = self.translation + before.translation - after.translation;
        let rotation = match before.rotation == after.rotation {
            true => self.rotation,
            false => (self.rotation * before.rotation * after.rotation.inverse()).normalize(),
        };
        let is_near = translation.length() <= smoothing.snap_distance
            && rotation.angle_between(Quat::IDENTITY) <= smoothing.snap_angle;
        // What is no number is not drawn.
        *self = match is_near && translation.is_finite() && rotation.is_finite() {
            true => Self { translation, rotation },
            false => Self::default(),
        };
    }

    /// Time passes: so much of it is left.
    pub(super) fn decay(&mut self, left: f32) {
        if *self == Self::default() {
            return;
        }
        self.translation *= left;
        self.rotation = Quat::IDENTITY.slerp(self.rotation, left);
        if self.translation.length() < NOTHING
            && self.rotation.angle_between(Quat::IDENTITY) < NOTHING
        {
            *self = Self::default();
        }
    }

    /// What is drawn of an entity that is simulated here.
    pub(super) fn apply(&self, pose: Transform) -> Transform {
        Transform {
            translation: pose.translation + self.translation,
            rotation: self.rotation * pose.rotation,
            ..pose
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn at(x: f32, angle: f32) -> Transform {
        Transform::from_xyz(x, 0.0, 0.0).with_rotation(Quat::from_rotation_z(angle))
    }

    fn x_and_angle(pose: Transform) -> (f32, f32) {
        (pose.translation.x, pose.rotation.to_euler(EulerRot::ZYX).0)
    }

    #[test]
    fn what_is_drawn_does_not_jump_and_comes_closer_as_time_passes() {
        let mut offset = PoseOffset::default();
        offset.correct(&at(10.0, 0.8), &at(6.0, 0.0), &Smoothing::default());
        let mut drawn = Vec::new();
        for _ in 0..4 {
            drawn.push(x_and_angle(offset.apply(at(6.0, 0.0))));
            offset.decay(0.5);
        }
        for ((x, angle), expected) in drawn.iter().zip([1.0, 0.5, 0.25, 0.125]) {
            assert!((x - 6.0 - 4.0 * expected).abs() < 1e-3, "{drawn:?}");
            assert!((angle - 0.8 * expected).abs() < 1e-3, "{drawn:?}");
        }
    }

    #[test]
    fn corrections_add_up_and_end() {
        let mut offset = PoseOffset::default();
        for _ in 0..3 {
            offset.correct(&at(1.0, 0.0), &at(0.0, 0.0), &Smoothing::default());
        }
        assert_eq!(offset.apply(at(0.0, 0.0)).translation.x, 3.0);
        offset.decay(1e-5);
        assert_eq!(offset, PoseOffset::default());
    }

    #[test]
    fn what_is_too_far_away_is_drawn_where_it_is() {
        let near = Smoothing { snap_distance: 5.0, snap_angle: 1.0, ..Smoothing::default() };
        for before in [at(9.0, 0.0), at(0.0, 1.5), at(f32::NAN, 0.0), at(f32::INFINITY, 0.0)] {
            let mut offset = PoseOffset::default();
            offset.correct(&before, &at(0.0, 0.0), &near);
            assert_eq!(offset, PoseOffset::default(), "{before:?}");
        }
    }

    #[test]
    fn nothing_left_is_nothing() {
        let mut offset = PoseOffset::default();
        offset.correct(&at(1.0, 0.0), &at(0.0, 0.0), &Smoothing::default());
        offset.decay(0.0);
        assert_eq!(offset, PoseOffset::default());
    }
}
