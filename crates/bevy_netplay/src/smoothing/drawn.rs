//! [`DrawnPose`]: where an entity is in the two newest frames, and where it is drawn.

use bevy::math::StableInterpolate;
use bevy::prelude::*;

use super::Smoothing;
use super::offset::PoseOffset;

/// The frame of a pose that was not captured yet.
const NO_FRAME: i32 = i32::MIN;

/// What is kept of an entity to draw it. It follows from the simulation: an entity that comes back gets a fresh one.
#[derive(Component, Clone, Debug)]
#[component(clone_behavior = Ignore)]
pub(super) struct DrawnPose {
    /// The pose in the frame before the newest.
    previous: Transform,
    newest: Transform,
    frame: i32,
    offset: PoseOffset,
    /// What was written to `Transform`.
    drawn: Transform,
}

impl Default for DrawnPose {
    fn default() -> Self {
        let nowhere = Transform::IDENTITY;
        let offset = PoseOffset::default();
        Self { previous: nowhere, newest: nowhere, frame: NO_FRAME, offset, drawn: nowhere }
    }
}

impl DrawnPose {
    /// A frame was simulated: the newest one, or that one or the one before it again.
    pub(super) fn capture(&mut self, frame: i32, pose: Transform, smoothing: &Smoothing) {
        if frame == self.frame + 1 {
            self.previous = self.newest;
            self.newest = pose;
            self.frame = frame;
        } else if frame == self.frame {
            self.offset.correct(&self.newest, &pose, smoothing);
            self.newest = pose;
        } else if frame + 1 == self.frame {
            self.previous = pose;
        } else {
            // It was not there in the frame before.
            *self = Self { previous: pose, newest: pose, frame, ..Self::default() };
        }
    }

    /// The world is at a frame that was not simulated: a match begins, or its end was behind.
    pub(super) fn settle(&mut self, frame: i32, pose: Transform, smoothing: &Smoothing) {
        if self.frame != NO_FRAME {
            self.offset.correct(&self.newest, &pose, smoothing);
        }
        *self = Self { previous: pose, newest: pose, frame, ..self.clone() };
    }

    /// The newest frame is not compared with the one before: the entity jumped on purpose.
    pub(super) fn jump(&mut self) {
        self.previous = self.newest;
    }

    /// What is left of corrections is made at once.
    pub(super) fn snap(&mut self) {
        self.offset = PoseOffset::default();
    }

    /// Time passes: so much of a correction is left.
    pub(super) fn decay(&mut self, left: f32) {
        self.offset.decay(left);
    }

    /// What is drawn so far from the frame before the newest to the newest, 0 to 1; none before the first frame.
    pub(super) fn draw(&mut self, fraction: f32) -> Option<Transform> {
        if self.frame == NO_FRAME {
            return None;
        }
        let between = match fraction < 1.0 && self.previous != self.newest {
            true => interpolate(&self.previous, &self.newest, fraction),
            false => self.newest,
        };
        let drawn = self.offset.apply(between);
        self.drawn = if drawn.is_finite() { drawn } else { self.newest };
        Some(self.drawn)
    }

    /// The simulated value of a `Transform` that rolls back itself, if it still is what was drawn.
    pub(super) fn simulated(&self, transform: &Transform) -> Option<Transform> {
        let is_other = *transform == self.drawn && self.drawn != self.newest;
        (is_other && self.frame != NO_FRAME).then_some(self.newest)
    }
}

fn interpolate(from: &Transform, to: &Transform, fraction: f32) -> Transform {
    let rotation = match from.rotation == to.rotation {
        true => to.rotation,
        false => from.rotation.interpolate_stable(&to.rotation, fraction),
    };
    Transform {
        translation: from.translation.interpolate_stable(&to.translation, fraction),
        rotation,
        scale: from.scale.interpolate_stable(&to.scale, fraction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SMOOTHING: Smoothing = Smoothing {
        half_life: std::time::Duration::from_millis(80),
        own_half_life: std::time::Duration::from_millis(40),
        snap_distance: 50.0,
        snap_angle: 3.2,
    };

    fn at(x: f32) -> Transform {
        Transform::from_xyz(x, 0.0, 0.0)
    }

    /// An entity that was at these places in the frames from 1 on.
    fn captured(places: &[f32]) -> DrawnPose {
        let mut pose = DrawnPose::default();
        for (frame, x) in (1..).zip(places) {
            pose.capture(frame, at(*x), &SMOOTHING);
        }
        pose
    }

    fn drawn(pose: &mut DrawnPose, fraction: f32) -> f32 {
        pose.draw(fraction).unwrap().translation.x
    }

    #[test]
    fn it_is_drawn_between_the_two_newest_frames_and_in_its_first_one_where_it_is() {
        assert!(DrawnPose::default().draw(0.5).is_none());
        assert_eq!(drawn(&mut captured(&[8.0]), 0.5), 8.0);
        let mut pose = captured(&[8.0, 10.0, 14.0]);
        assert_eq!([0.0, 0.5, 1.0].map(|it| drawn(&mut pose, it)), [10.0, 12.0, 14.0]);
        pose.capture(9, at(0.0), &SMOOTHING);
        assert_eq!(drawn(&mut pose, 0.5), 0.0, "it was away");
    }

    #[test]
    fn all_of_a_transform_is_interpolated() {
        let mut pose = DrawnPose::default();
        pose.capture(1, at(0.0), &SMOOTHING);
        let to = at(0.0).with_scale(Vec3::splat(3.0)).with_rotation(Quat::from_rotation_z(1.0));
        pose.capture(2, to, &SMOOTHING);
        let drawn = pose.draw(0.5).unwrap();
        assert_eq!(drawn.scale, Vec3::splat(2.0));
        assert!(drawn.rotation.angle_between(Quat::from_rotation_z(0.5)) < 1e-3);
    }

    #[test]
    fn a_correction_of_the_newest_frames_moves_nothing_at_once() {
        let mut pose = captured(&[1.0, 2.0, 3.0]);
        // The two newest frames again, and another one.
        pose.capture(2, at(12.0), &SMOOTHING);
        pose.capture(3, at(13.0), &SMOOTHING);
        assert_eq!([0.0, 1.0].map(|it| drawn(&mut pose, it)), [2.0, 3.0]);
        pose.capture(4, at(14.0), &SMOOTHING);
        assert_eq!([0.0, 1.0].map(|it| drawn(&mut pose, it)), [3.0, 4.0]);
        pose.decay(0.5);
        assert_eq!(drawn(&mut pose, 1.0), 9.0);
        pose.snap();
        assert_eq!(drawn(&mut pose, 1.0), 14.0);
    }

    #[test]
    fn a_jump_on_purpose_has_nothing_between() {
        let mut pose = captured(&[1.0, 2.0, 40.0]);
        pose.jump();
        assert_eq!([0.0, 0.5].map(|it| drawn(&mut pose, it)), [40.0, 40.0]);
    }

    #[test]
    fn what_is_no_number_is_drawn_as_it_is() {
        let mut pose = captured(&[1.0, f32::NAN]);
        assert!(drawn(&mut pose, 0.5).is_nan());
        pose.capture(3, at(5.0), &SMOOTHING);
        assert_eq!(drawn(&mut pose, 0.5), 5.0);
    }

    #[test]
    fn the_simulated_value_comes_back_only_in_place_of_what_was_drawn() {
        let mut pose = captured(&[1.0, 2.0]);
        let between = pose.draw(0.5).unwrap();
        assert_eq!(pose.simulated(&between), Some(at(2.0)));
        assert_eq!(pose.simulated(&at(77.0)), None);
        pose.draw(1.0);
        assert_eq!(pose.simulated(&at(2.0)), None);
    }

    #[test]
    fn the_end_of_a_match_that_was_behind_is_smoothed_as_a_correction_is() {
        let mut pose = captured(&[1.0, 2.0, 3.0]);
        pose.settle(2, at(2.0), &SMOOTHING);
        assert_eq!([0.0, 1.0].map(|it| drawn(&mut pose, it)), [3.0, 3.0]);
        pose.decay(0.0);
        assert_eq!([0.0, 1.0].map(|it| drawn(&mut pose, it)), [2.0, 2.0]);
    }
}
