//! The stage: platforms, and a lift that goes to and fro.

use bevy::math::ops;
use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// A platform. Bodies land on its top, and pass through it from below.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// Its middle, in pixels.
    pub center: Vec2,
    /// Half its width and height, in pixels.
    pub half: Vec2,
}

/// The platforms that do not move.
pub static PLATFORMS: [Platform; 3] = [
    Platform { center: Vec2::new(0.0, -160.0), half: Vec2::new(360.0, 14.0) },
    Platform { center: Vec2::new(-230.0, -30.0), half: Vec2::new(90.0, 8.0) },
    Platform { center: Vec2::new(230.0, -30.0), half: Vec2::new(90.0, 8.0) },
];

/// Half the width and height of the lift, in pixels.
pub const LIFT_HALF: Vec2 = Vec2::new(70.0, 8.0);
/// How far the lift goes to either side of the middle, in pixels.
const LIFT_SWING: f32 = 150.0;
/// The height of the lift, in pixels.
const LIFT_HEIGHT: f32 = 90.0;
/// Radians per second.
const LIFT_SPEED: f32 = 0.9;

/// The lift. Its place is that of its [`Transform`].
#[derive(Component, Clone, Debug, Default, Reflect)]
#[require(RollbackEntity, Transform)]
pub struct Lift {
    /// How far it went in this frame, in pixels. It carries along what stands on it.
    pub moved: f32,
}

/// The top of a platform where a body lands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landing {
    /// How high it is, in pixels.
    pub top: f32,
    /// How far it carries the body along in this frame, in pixels.
    pub carries: f32,
}

/// A body may be so far below a top that it stands on, because of rounding.
const TOLERANCE: f32 = 0.1;

pub(super) fn spawn(mut commands: Commands) {
    commands.spawn((Lift::default(), Transform::from_xyz(0.0, LIFT_HEIGHT, 0.0)));
}

/// The time in the simulation is that of the match, so the lift is where it was when a frame is simulated again.
pub(super) fn move_lift(time: Res<Time>, mut lifts: Query<(&mut Lift, &mut Transform)>) {
    for (mut lift, mut place) in &mut lifts {
        let x = LIFT_SWING * ops::sin(time.elapsed_secs() * LIFT_SPEED);
        lift.moved = x - place.translation.x;
        place.translation.x = x;
    }
}

/// Where a body of this half size lands that goes down from one place to another.
pub(super) fn land<'a>(
    from: Vec2,
    to: Vec2,
    half: Vec2,
    lifts: impl Iterator<Item = (&'a Lift, &'a Transform)>,
) -> Option<Landing> {
    let fixed = PLATFORMS.iter().map(|platform| (*platform, 0.0));
    let lifts = lifts.map(|(lift, place)| {
        let center = place.translation.truncate();
        (Platform { center, half: LIFT_HALF }, lift.moved)
    });
    fixed.chain(lifts).find_map(|(platform, carries)| {
        let top = platform.center.y + platform.half.y;
        let goes_down = from.y - half.y >= top - TOLERANCE && to.y - half.y <= top;
        let is_above = (to.x - platform.center.x).abs() <= platform.half.x + half.x;
        (goes_down && is_above).then_some(Landing { top, carries })
    })
}
