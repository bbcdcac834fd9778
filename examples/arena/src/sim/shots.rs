//! Shots: many per second are spawned and despawned in frames that may be rolled back.

use bevy::prelude::*;

use super::cues::{CueKind, Cues};
use super::fixed::{DIRECTIONS, PX, direction};
use super::input::{Controls, FIRE};
use super::random::Serials;
use super::round::{Phase, Round};
use super::ship::{Body, Gun, Hull, RADIUS, Ship};
use super::walls::slide;

/// Units per frame; below the thickness of the thinnest wall.
const SPEED: i32 = 9 * PX;
/// Half the size of a shot, in units.
const SHOT_RADIUS: i32 = 4 * PX;
/// Frames between two shots.
const COOLDOWN: u8 = 14;
/// Frames a shot lives.
const LIFE: u8 = 110;
/// How many times a shot bounces off a wall before it bursts.
const BOUNCES: u8 = 1;

/// A flying shot.
#[derive(Component, Clone, Debug, Hash, Reflect)]
pub struct Shot {
    /// Unique in the match, in order of firing.
    pub serial: u32,
    /// The player who fired it. It never hits that player.
    pub owner: u8,
    /// Frames left.
    pub life: u8,
    /// Bounces left.
    pub bounces: u8,
}

/// Fires the guns in the order of the players, because that is the order of the serial numbers.
pub(super) fn fire(
    mut commands: Commands,
    controls: Res<Controls>,
    round: Res<Round>,
    mut serials: ResMut<Serials>,
    mut cues: ResMut<Cues>,
    mut ships: Query<(&Ship, &Body, &Hull, &mut Gun)>,
) {
    if round.phase != Phase::Fight {
        return;
    }
    let mut ships: Vec<_> = ships.iter_mut().collect();
    ships.sort_by_key(|(ship, ..)| ship.player);
    for (ship, body, hull, gun) in &mut ships {
        let wants = controls.of(ship.player).holds(FIRE);
        if !wants || !hull.is_alive() || gun.cooldown > 0 {
            continue;
        }
        cues.write(CueKind::Fired(ship.player), body.at);
        gun.cooldown = if gun.rapid > 0 { COOLDOWN / 2 } else { COOLDOWN };
        let fan: &[u8] = if gun.spread > 0 { &[DIRECTIONS - 2, 0, 2] } else { &[0] };
        for turn in fan {
            let heading = direction(ship.facing + turn);
            commands.spawn((
                Shot { serial: serials.take(), owner: ship.player, life: LIFE, bounces: BOUNCES },
                // From the middle of the ship: a muzzle at its nose could lie behind a wall.
                Body { at: body.at, velocity: heading * SPEED / PX },
            ));
        }
    }
}

/// Moves shots; they bounce once and then burst.
pub(super) fn fly(
    mut commands: Commands,
    mut cues: ResMut<Cues>,
    mut shots: Query<(Entity, &mut Shot, &mut Body)>,
) {
    for (entity, mut shot, mut body) in &mut shots {
        let Body { mut at, mut velocity } = *body;
        let contact = slide(&mut at, velocity, SHOT_RADIUS);
        if contact.x {
            velocity.x = -velocity.x;
        }
        if contact.y {
            velocity.y = -velocity.y;
        }
        *body = Body { at, velocity };
        shot.life -= 1;
        if shot.life == 0 || (contact.any() && shot.bounces == 0) {
            commands.entity(entity).despawn();
            cues.write(CueKind::Burst(shot.owner), at);
        } else if contact.any() {
            shot.bounces -= 1;
        }
    }
}

const _: () = assert!(SHOT_RADIUS < RADIUS, "a shot must fit where its ship does");
