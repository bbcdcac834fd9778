//! The beginning of a match: a world without what the match before has left.

use bevy::ecs::query::Allow;
use bevy::prelude::*;
use bevy_ggrs::{
    ConfirmedFrameCount, Rollback, RollbackDespawned, RollbackFrameCount, RollbackId,
    RollbackOrdered,
};

use crate::metrics::RollbackProgress;
use crate::{Checksums, CurrentMatch, RollbackMetrics, StartMatch};

/// Sets the world back to frame 0 and lets the game set the match up.
///
/// bevy_ggrs keeps the order of all rollback entities ever spawned, and counts frames; both are part of
/// the checksum, so a rematch that kept either would differ from a peer that joined later.
pub(crate) fn reset_world(world: &mut World, this_match: CurrentMatch) {
    let mut everything = world.query_filtered::<Entity, (
        Or<(With<Rollback>, With<RollbackId>)>,
        Allow<RollbackDespawned>,
    )>();
    let old: Vec<Entity> = everything.iter(world).collect();
    for entity in old {
        // A child may have been despawned with its parent.
        world.try_despawn(entity).ok();
    }
    world.insert_resource(RollbackOrdered::default());
    world.insert_resource(RollbackFrameCount(0));
    world.insert_resource(ConfirmedFrameCount(-1));
    world.insert_resource(Checksums::default());
    world.insert_resource(RollbackMetrics::default());
    world.insert_resource(RollbackProgress::default());
    world.insert_resource(this_match);
    // A game without anything to set up has no such schedule.
    let _ = world.try_run_schedule(StartMatch);
    world.flush();
}
