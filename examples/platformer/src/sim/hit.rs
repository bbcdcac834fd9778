//! [`Hit`]: a message inside the simulation, written by clubs and bombs.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::cue::{Cue, CueKind};
use super::fighter::{Fighter, Footing, Velocity};

/// The speed of a fighter without damage that is hit, in pixels per second.
const PUSH: f32 = 260.0;
/// How much faster it is for each point of damage.
const PUSH_PER_DAMAGE: f32 = 9.0;

/// A fighter is hit. It is read in the frame in which it was written.
#[derive(Message, Clone, Debug)]
pub struct Hit {
    /// The fighter.
    pub victim: Entity,
    /// The contestant whose club or bomb it was; none for a bomb from the sky.
    pub by: Option<Entity>,
    /// Where it flies.
    pub direction: Vec2,
    /// How much it adds to the damage.
    pub damage: f32,
}

pub(super) fn take(
    mut hits: MessageReader<Hit>,
    mut cues: EffectWriter<Cue>,
    mut fighters: Query<(&mut Fighter, &mut Velocity, &mut Footing, &Transform)>,
) {
    for hit in hits.read() {
        let Ok((mut fighter, mut velocity, mut footing, place)) = fighters.get_mut(hit.victim)
        else {
            continue;
        };
        fighter.damage += hit.damage;
        // Its own bomb is nobody's merit.
        if hit.by != Some(fighter.contestant) {
            fighter.struck_by = hit.by;
        }
        velocity.0 = hit.direction * (PUSH + PUSH_PER_DAMAGE * fighter.damage);
        footing.grounded = false;
        cues.write(CueKind::Hit(fighter.player).at(place.translation.truncate()));
    }
}
