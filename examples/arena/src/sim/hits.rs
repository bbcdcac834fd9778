//! Shots that hit ships.

use bevy::prelude::*;

use super::cues::{CueKind, Cues};
use super::fixed::PX;
use super::round::{Phase, Round};
use super::ship::{Body, Hull, RADIUS, Score, Ship};
use super::shots::Shot;

/// How near a shot must come to a ship, in units.
pub const HIT_DISTANCE: i32 = RADIUS + 4 * PX;
/// How near a ship must come to a pick-up, in units.
pub const PICKUP_DISTANCE: i32 = RADIUS + 12 * PX;

/// Resolves hits: shots in the order they were fired, ships in the order of their players. When two shots reach a
/// ship with one hit left, the older one scores.
pub(super) fn strike(
    mut commands: Commands,
    round: Res<Round>,
    mut cues: ResMut<Cues>,
    shots: Query<(Entity, &Shot, &Body)>,
    mut ships: Query<(&Ship, &Body, &mut Hull, &mut Score)>,
) {
    let mut shots: Vec<_> = shots.iter().collect();
    shots.sort_by_key(|(_, shot, _)| shot.serial);
    let mut ships: Vec<_> = ships.iter_mut().collect();
    ships.sort_by_key(|(ship, ..)| ship.player);

    for (entity, shot, shot_body) in shots {
        let struck = ships.iter_mut().find(|(ship, body, hull, _)| {
            ship.player != shot.owner
                && hull.is_alive()
                && body.at.is_within(shot_body.at, HIT_DISTANCE)
        });
        let Some((ship, body, hull, _)) = struck else { continue };
        commands.entity(entity).despawn();
        cues.write(CueKind::Burst(shot.owner), shot_body.at);
        // Shots that are still flying when the round ends do not count.
        if round.phase != Phase::Fight || hull.is_shielded() {
            continue;
        }
        if !hull.take_hit() {
            cues.write(CueKind::Hit(ship.player), body.at);
            continue;
        }
        cues.write(CueKind::Destroyed(ship.player), body.at);
        if let Some((.., score)) = ships.iter_mut().find(|(ship, ..)| ship.player == shot.owner) {
            score.0 += 1;
        }
    }
}
