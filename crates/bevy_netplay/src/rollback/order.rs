//! [`SpawnOrder`]: a name for entities that is the same on every peer.

use std::collections::VecDeque;

use bevy::ecs::entity::EntityHashMap;
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::platform::collections::HashMap;
use bevy::platform::collections::hash_map::Entry;
use bevy::prelude::*;

use super::store::Remains;

/// The place of a [`RollbackEntity`](crate::RollbackEntity) in the order in which the simulation spawned them, the same
/// on every peer. It comes with the marker and survives rollbacks, whereas the [`Entity`] of a machine does not.
///
/// The order in which a query goes through entities differs from peer to peer. Where the order matters, because systems draw
/// random numbers or the first one wins, sort by this component, which the query has to read as well:
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// #[derive(Component)]
/// struct Ship;
///
/// fn collide(ships: Query<(Entity, &Ship, &SpawnOrder)>) {
///     for (entity, ship, _) in ships.iter().sort::<&SpawnOrder>() {
///         // The same ship first on every machine.
///     }
/// }
/// # bevy::ecs::system::assert_is_system(collide);
/// ```
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[component(on_add = on_add, on_remove = on_remove, on_despawn = on_despawn)]
#[reflect(Component, Clone, Debug, PartialEq, Hash)]
pub struct SpawnOrder(u32);

impl Default for SpawnOrder {
    /// No place yet: it is given when the component is added.
    fn default() -> Self {
        Self::NONE
    }
}

impl SpawnOrder {
    const NONE: Self = Self(u32::MAX);

    /// The place as a number, from 0 at the start of a match.
    #[must_use]
    pub fn index(self) -> u32 {
        self.0
    }

    pub(super) fn from_index(index: u32) -> Self {
        Self(index)
    }
}

/// A reference to no entity, or to one that does not roll back or is no longer alive, as it is compared and encoded.
pub(super) const NO_ENTITY: Entity = Entity::PLACEHOLDER;

/// Which entity has which place, now and in the frames that are kept.
///
/// Kept frames name entities by their places. The values in them refer to entities by the ids of their time, which stay
/// known for as long as a frame may be loaded that has them.
#[derive(Resource, Debug, Default)]
pub(super) struct SpawnOrders {
    next: u32,
    entities: HashMap<SpawnOrder, Entity>,
    orders: EntityHashMap<SpawnOrder>,
    /// Despawned entities that kept frames may have, with the frame in which they were despawned: oldest first, but for
    /// those of frames that were simulated again.
    despawned: VecDeque<(i32, Entity)>,
    /// How many of the despawned entities had a place.
    former: HashMap<SpawnOrder, u32>,
    /// Entities without a place that have come back below one that has, by the ids that they had, with the frame in
    /// which they did.
    successors: EntityHashMap<(i32, Entity)>,
    /// The place of the entity that is being brought back.
    returning: Option<SpawnOrder>,
    /// The frame that is simulated.
    frame: i32,
}

impl SpawnOrders {
    /// The index that the next entity is given.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    pub(super) fn set_next(&mut self, next: u32) {
        self.next = next;
    }

    /// The entity that has a place now.
    pub(super) fn entity(&self, order: SpawnOrder) -> Option<Entity> {
        self.entities.get(&order).copied()
    }

    /// The place of an entity that is alive, or was in a kept frame.
    pub(super) fn order(&self, entity: Entity) -> Option<SpawnOrder> {
        self.orders.get(&entity).copied()
    }

    /// The entity of now that an id of a kept frame refers to; the same id if there is none.
    pub(super) fn current(&self, entity: Entity) -> Entity {
        let current = match self.order(entity) {
            Some(order) => self.entity(order),
            None => self.successors.get(&entity).map(|(_, successor)| *successor),
        };
        current.unwrap_or(entity)
    }

    /// The next entity that is spawned with this place keeps it: it comes back.
    pub(super) fn expect(&mut self, order: SpawnOrder) {
        self.returning = Some(order);
    }

    /// An entity without a place has come back under another id.
    pub(super) fn succeed(&mut self, former: Entity, successor: Entity) {
        for (_, current) in self.successors.values_mut().filter(|(_, current)| *current == former) {
            *current = successor;
        }
        self.successors.insert(former, (self.frame, successor));
    }

    /// A frame is about to be simulated: forgets entities that were despawned before the oldest kept frame. Returns the
    /// places of those that cannot come back any more.
    pub(super) fn begin_frame(&mut self, frame: i32, oldest_kept: i32) -> Vec<SpawnOrder> {
        self.frame = frame;
        self.successors.retain(|_, (frame, _)| *frame >= oldest_kept);
        let mut forgotten = Vec::new();
        while let Some((_, entity)) = self.despawned.pop_front_if(|(frame, _)| *frame < oldest_kept)
        {
            let Some(order) = self.orders.remove(&entity) else { continue };
            let Entry::Occupied(mut former) = self.former.entry(order) else { continue };
            *former.get_mut() -= 1;
            if *former.get() == 0 {
                former.remove();
                if !self.entities.contains_key(&order) {
                    forgotten.push(order);
                }
            }
        }
        forgotten
    }

    /// Gives an entity the next place, or notes the one that it has already, because it comes back. A copy of another
    /// entity has that one's place, and is given its own.
    fn add(&mut self, entity: Entity, given: SpawnOrder) -> SpawnOrder {
        let order = self.returning.take_if(|order| *order == given).unwrap_or_else(|| {
            self.next += 1;
            SpawnOrder(self.next - 1)
        });
        self.entities.insert(order, entity);
        self.orders.insert(entity, order);
        order
    }

    fn remove(&mut self, entity: Entity) {
        let Some(order) = self.order(entity) else { return };
        self.entities.remove(&order);
        self.despawned.push_back((self.frame, entity));
        *self.former.entry(order).or_default() += 1;
    }
}

/// The hook of [`SpawnOrder`] that gives an entity its place.
fn on_add(mut world: DeferredWorld, context: HookContext) {
    let entity = context.entity;
    let given = world.get::<SpawnOrder>(entity).copied().unwrap_or_default();
    let Some(mut orders) = world.get_resource_mut::<SpawnOrders>() else { return };
    let order = orders.add(entity, given);
    if let Some(mut place) = world.get_mut::<SpawnOrder>(entity) {
        *place = order;
    }
}

/// The hook of [`SpawnOrder`] that notes that an entity goes.
fn on_remove(mut world: DeferredWorld, context: HookContext) {
    if let Some(mut orders) = world.get_resource_mut::<SpawnOrders>() {
        orders.remove(context.entity);
    }
}

/// The hook of [`SpawnOrder`] that keeps what a despawned entity had, in case it comes back.
fn on_despawn(world: DeferredWorld, context: HookContext) {
    Remains::collect(world, &context);
}
