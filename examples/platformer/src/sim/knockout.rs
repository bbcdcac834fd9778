//! Fighters that fall off the stage, and come back.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::contestant::Contestant;
use super::cue::{Cue, CueKind};
use super::fighter::{self, Fighter};

/// How far below the middle of the stage a fighter is out, in pixels.
const BOTTOM: f32 = 420.0;
/// How far to the side, in pixels.
const SIDE: f32 = 720.0;

/// Despawns fighters that have left the stage, and their clubs with them.
pub(super) fn fall_out(
    mut commands: Commands,
    fighters: Query<(Entity, &SpawnOrder, &Fighter, &Transform)>,
    mut contestants: Query<&mut Contestant>,
    mut cues: EffectWriter<Cue>,
) {
    for (entity, _, fighter, body) in fighters.iter().sort::<&SpawnOrder>() {
        let at = body.translation;
        if at.y > -BOTTOM && at.x.abs() < SIDE {
            continue;
        }
        commands.entity(entity).despawn();
        cues.write(CueKind::Knockout(fighter.player).at(at.truncate()));
        if let Some(by) = fighter.struck_by
            && let Ok(mut other) = contestants.get_mut(by)
        {
            other.knockouts += 1;
        }
        if let Ok(mut own) = contestants.get_mut(fighter.contestant) {
            own.lives = own.lives.saturating_sub(1);
            own.fighter = None;
            own.respawn.reset();
        }
    }
}

pub(super) fn respawn(
    mut commands: Commands,
    time: Res<Time>,
    mut contestants: Query<(Entity, &SpawnOrder, &mut Contestant)>,
    mut cues: EffectWriter<Cue>,
) {
    for (entity, _, mut contestant) in contestants.iter_mut().sort::<&SpawnOrder>() {
        let is_away = contestant.fighter.is_none() && contestant.lives > 0;
        if is_away && contestant.respawn.tick(time.delta()).is_finished() {
            let (player, entrance) = (contestant.player, contestant.entrance());
            cues.write(CueKind::Respawn(player).at(entrance));
            contestant.fighter = Some(fighter::spawn(&mut commands, entity, player, entrance));
        }
    }
}
