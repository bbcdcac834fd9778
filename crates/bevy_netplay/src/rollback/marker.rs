//! [`RollbackEntity`]: which entities roll back.

use bevy::prelude::*;
use bevy_ggrs::{LoadWorld, LoadWorldSystems, Rollback};

/// Marks an entity that rolls back: it is despawned, brought back and restored with the frames of the match. Spawn it
/// with the components that are [registered](crate::NetplayApp::rollback_component).
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Component, Debug, Default, PartialEq)]
#[require(Rollback)]
pub struct RollbackEntity;

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(
        LoadWorld,
        mark_restored.after(LoadWorldSystems::EntityFlush).before(LoadWorldSystems::Data),
    );
}

/// Marks the entities that bevy_ggrs has spawned again in a rollback: it gives them its own marker alone.
///
/// Exclusive, so that the marker is there before components are restored; in most rollbacks it finds nothing.
fn mark_restored(
    world: &mut World,
    unmarked: &mut QueryState<Entity, (With<Rollback>, Without<RollbackEntity>)>,
) {
    let restored: Vec<Entity> = unmarked.iter(world).collect();
    for entity in restored {
        world.entity_mut(entity).insert(RollbackEntity);
    }
}
