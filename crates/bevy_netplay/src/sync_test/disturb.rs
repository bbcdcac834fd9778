//! What the second App of a sync test has in another way than the first, as another machine may: entity ids, and the
//! archetypes in which a query finds the entities.

use bevy::prelude::*;

use crate::{RollbackEntity, SpawnOrder};

/// How many entities are spawned and despawned before the match.
const OTHER_ENTITIES: usize = 100;

/// Gives a world other entity ids and archetypes than another one has, depending on a seed.
pub(crate) fn disturb(world: &mut World, seed: u64) {
    let mut entities: Vec<Entity> = (0..OTHER_ENTITIES).map(|_| world.spawn_empty().id()).collect();
    // Later ones are handed out in another order.
    entities.sort_by_key(|entity| random(seed, entity.to_bits()));
    for entity in entities.into_iter().skip(OTHER_ENTITIES / 4) {
        world.despawn(entity);
    }
    world.add_observer(
        move |add: On<Add, RollbackEntity>, orders: Query<&SpawnOrder>, mut commands: Commands| {
            let order = orders.get(add.entity).map_or(0, |order| order.index());
            if random(seed, order.into()).is_multiple_of(2) {
                commands.entity(add.entity).try_insert(OtherArchetype);
            }
        },
    );
}

/// What about half of the entities that roll back have besides: they are in other tables than those like them, so that
/// a query has another order. An entity that comes back gets it again.
#[derive(Component)]
#[component(clone_behavior = Ignore)]
struct OtherArchetype;

fn random(seed: u64, number: u64) -> u64 {
    seahash::hash(&[seed.to_le_bytes(), number.to_le_bytes()].concat())
}
