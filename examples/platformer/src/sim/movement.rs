//! How fighters walk, jump and fall. One fighter does not affect another here, so their order does not matter.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::cue::{Cue, CueKind};
use super::fighter::{FIGHTER_HALF, Facing, Fighter, Footing, Velocity};
use super::stage::{self, Lift};
use crate::input::FighterInput;

/// Pixels per second.
const WALK_SPEED: f32 = 280.0;
/// How quickly a fighter that stands reaches that speed, in pixels per second squared.
const GRIP: f32 = 2400.0;
/// The same in the air: a fighter that was hit flies on for a while.
const AIR_CONTROL: f32 = 700.0;
/// Pixels per second: enough for the next platform.
const JUMP_SPEED: f32 = 760.0;
/// Pixels per second squared.
pub(super) const GRAVITY: f32 = 1900.0;
/// The highest speed of a fall, in pixels per second.
const FALL_SPEED: f32 = 900.0;
/// A fighter that lands faster than that is heard, in pixels per second.
const LOUD: f32 = 300.0;

pub(super) fn walk(
    inputs: Inputs<FighterInput>,
    time: Res<Time>,
    mut fighters: Query<(&mut Fighter, &mut Velocity, &Footing)>,
) {
    for (mut fighter, mut velocity, footing) in &mut fighters {
        let stick = inputs.get(fighter.player).stick();
        if stick != 0.0 {
            fighter.facing = if stick < 0.0 { Facing::Left } else { Facing::Right };
        }
        let acceleration = if footing.grounded { GRIP } else { AIR_CONTROL };
        let most = acceleration * time.delta_secs();
        let change = stick * WALK_SPEED - velocity.0.x;
        velocity.0.x += change.clamp(-most, most);
    }
}

/// A press counts for a moment before the fighter lands (jump buffer) and after it has walked over an edge (coyote
/// time).
pub(super) fn jump(
    inputs: Inputs<FighterInput>,
    time: Res<Time>,
    mut cues: EffectWriter<Cue>,
    mut fighters: Query<(&Fighter, &Transform, &mut Velocity, &mut Footing)>,
) {
    for (fighter, place, mut velocity, mut footing) in &mut fighters {
        footing.coyote.tick(time.delta());
        footing.jump_buffer.tick(time.delta());
        if footing.grounded {
            footing.coyote.reset();
        }
        if inputs.get(fighter.player).jump {
            footing.jump_buffer.reset();
        }
        if !footing.coyote.is_finished() && !footing.jump_buffer.is_finished() {
            velocity.0.y = JUMP_SPEED;
            footing.grounded = false;
            footing.coyote.finish();
            footing.jump_buffer.finish();
            cues.write(CueKind::Jump(fighter.player).at(feet(place.translation.truncate())));
        }
    }
}

pub(super) fn fall(
    time: Res<Time>,
    lifts: Query<(&Lift, &Transform), Without<Fighter>>,
    mut cues: EffectWriter<Cue>,
    mut fighters: Query<(&Fighter, &mut Transform, &mut Velocity, &mut Footing)>,
) {
    for (fighter, mut place, mut velocity, mut footing) in &mut fighters {
        velocity.0.y = (velocity.0.y - GRAVITY * time.delta_secs()).max(-FALL_SPEED);
        let from = place.translation.truncate();
        let mut to = from + velocity.0 * time.delta_secs();
        let landing = match velocity.0.y <= 0.0 {
            true => stage::land(from, to, FIGHTER_HALF, lifts.iter()),
            false => None,
        };
        footing.grounded = landing.is_some();
        if let Some(landing) = landing {
            to = Vec2::new(to.x + landing.carries, landing.top + FIGHTER_HALF.y);
            if velocity.0.y < -LOUD {
                cues.write(CueKind::Land(fighter.player).at(feet(to)));
            }
            velocity.0.y = 0.0;
        }
        place.translation = to.extend(place.translation.z);
    }
}

/// Where a fighter stands whose middle is here.
fn feet(middle: Vec2) -> Vec2 {
    middle - Vec2::new(0.0, FIGHTER_HALF.y)
}
