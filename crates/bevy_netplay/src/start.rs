use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy_ggrs::{
    ConfirmedFrameCount, Rollback, RollbackDespawned, RollbackFrameCount, RollbackId,
    RollbackOrdered,
};

use crate::{Checksums, RollbackMetrics};

/// The schedule that sets a match up: it runs once before frame 0 of every match, on every peer, when
/// the entities of the match before are gone. Spawn what rolls back here, and reset resources.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct StartMatch;

/// The match that is played. There from [`StartMatch`] until the room is left.
#[derive(Resource, Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Counts the matches on the links of this room, from 1.
    pub epoch: u16,
    /// How many players play.
    pub players: usize,
    /// Our seat, counted from 0.
    pub local_player: usize,
    /// The same on every peer, different for every match: seed random numbers with it.
    pub seed: u64,
}

/// Sets the world back to frame 0 and lets the game set the match up.
///
/// bevy_ggrs keeps the order of all rollback entities ever spawned, and counts frames; both are part of
/// the checksum, so a rematch that kept either would differ from a peer that joined later.
pub(crate) fn prepare(world: &mut World, game: Match) {
    let mut everything = world.query_filtered::<Entity, (
        Or<(With<Rollback>, With<RollbackId>)>,
        bevy::ecs::query::Allow<RollbackDespawned>,
    )>();
    let old: Vec<Entity> = everything.iter(world).collect();
    for entity in old {
        // A child may have gone with its parent.
        world.try_despawn(entity).ok();
    }
    world.insert_resource(RollbackOrdered::default());
    world.insert_resource(RollbackFrameCount(0));
    world.insert_resource(ConfirmedFrameCount(-1));
    world.insert_resource(Checksums::default());
    world.insert_resource(RollbackMetrics::default());
    world.insert_resource(game);
    // A game without anything to set up has no such schedule.
    let _ = world.try_run_schedule(StartMatch);
    world.flush();
}
