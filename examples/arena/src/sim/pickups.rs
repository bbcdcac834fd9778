//! Pick-ups: they appear at random positions, which the rolled-back [`Dice`] determine.

use bevy::prelude::*;

use super::cues::{CueKind, Cues};
use super::fixed::{PX, Point};
use super::hits::PICKUP_DISTANCE;
use super::random::{Dice, Serials};
use super::round::{Phase, Round};
use super::ship::{Body, Gun, Hull, MAX_HEALTH, Ship};
use super::walls::{HALF_HEIGHT, HALF_WIDTH, blocked};

/// Frames of the fight between two pick-ups for up to four players.
const INTERVAL: u16 = 240;
/// At most this many exist at a time for up to four players, and twice as many for more.
const MOST: usize = 4;
/// Frames an extra lasts.
const EXTRA_FRAMES: u16 = 420;

/// What a pick-up does.
// `repr(u8)` because the derived hash of an enum is otherwise as wide as a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[repr(u8)]
pub enum PickupKind {
    /// Gives back two hits.
    Repair,
    /// Shoots twice as fast for seven seconds.
    Rapid,
    /// Three shots at a time for seven seconds.
    Spread,
}

/// A pick-up lying in the arena.
#[derive(Component, Clone, Debug, Hash, Reflect)]
pub struct Pickup {
    /// Unique in the match, in order of appearance.
    pub serial: u32,
    /// What it does.
    pub kind: PickupKind,
}

/// Collects pick-ups: older ones first, and ships in the order of their players, so that every peer gives a pick-up
/// that two ships reach together to the same one.
pub(super) fn collect(
    mut commands: Commands,
    mut cues: ResMut<Cues>,
    pickups: Query<(Entity, &Pickup, &Body)>,
    mut ships: Query<(&Ship, &Body, &mut Hull, &mut Gun)>,
) {
    let mut pickups: Vec<_> = pickups.iter().collect();
    pickups.sort_by_key(|(_, pickup, _)| pickup.serial);
    let mut ships: Vec<_> = ships.iter_mut().collect();
    ships.sort_by_key(|(ship, ..)| ship.player);

    for (entity, pickup, place) in pickups {
        let finder = ships.iter_mut().find(|(_, body, hull, _)| {
            hull.is_alive() && body.at.is_within(place.at, PICKUP_DISTANCE)
        });
        let Some((ship, _, hull, gun)) = finder else { continue };
        commands.entity(entity).despawn();
        cues.write(CueKind::PickedUp(ship.player, pickup.kind), place.at);
        match pickup.kind {
            PickupKind::Repair => hull.health = (hull.health + 2).min(MAX_HEALTH),
            PickupKind::Rapid => gun.rapid = EXTRA_FRAMES,
            PickupKind::Spread => gun.spread = EXTRA_FRAMES,
        }
    }
}

pub(super) fn drop(
    mut commands: Commands,
    round: Res<Round>,
    mut dice: ResMut<Dice>,
    mut serials: ResMut<Serials>,
    pickups: Query<(), With<Pickup>>,
    ships: Query<(), With<Ship>>,
) {
    let (interval, most) = match ships.iter().len() {
        ..=4 => (INTERVAL, MOST),
        _ => (INTERVAL / 2, 2 * MOST),
    };
    let due = round.phase == Phase::Fight && round.frames_left % interval == interval / 2;
    if !due || pickups.iter().len() >= most {
        return;
    }
    let kind = match dice.throw(3) {
        0 => PickupKind::Repair,
        1 => PickupKind::Rapid,
        _ => PickupKind::Spread,
    };
    // A position inside a wall is thrown again. After eight failures there is no pick-up this time.
    let free = (0..8).map(|_| throw_place(&mut dice)).find(|&at| !blocked(at, 20 * PX));
    if let Some(at) = free {
        commands.spawn((Pickup { serial: serials.take(), kind }, Body { at, ..default() }));
    }
}

fn throw_place(dice: &mut Dice) -> Point {
    let mut coordinate = |half: i32| dice.throw(2 * half.unsigned_abs()) as i32 - half;
    Point::px(coordinate(HALF_WIDTH), coordinate(HALF_HEIGHT))
}
