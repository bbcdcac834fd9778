//! References between entities: by id in the world and in kept frames, by place between peers.

use std::cell::OnceCell;

use bevy::ecs::component::Components;
use bevy::ecs::entity::EntityMapper;
use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use bevy::reflect::TypeRegistry;

use super::history::DecodeError;
use crate::SpawnOrder;
use crate::rollback::order::{NO_ENTITY, SpawnOrders};

/// Makes references in the values of a kept frame refer to the entities of now.
pub(in crate::rollback) struct Restored<'a> {
    orders: &'a SpawnOrders,
    origin: Origin,
    surplus: HashSet<SpawnOrder>,
}

/// Where a kept frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was saved here, and has the ids of that time: entities that came back meanwhile have others.
    Saved,
    /// It was decoded, and has places.
    Decoded,
}

impl<'a> Restored<'a> {
    /// Of a frame that does not have the entities of now that are `surplus`.
    pub(super) fn new(orders: &'a SpawnOrders, origin: Origin, surplus: &[SpawnOrder]) -> Self {
        Self { orders, origin, surplus: surplus.iter().copied().collect() }
    }

    /// The entity of the frame that has a place.
    pub(super) fn entity(&self, order: SpawnOrder) -> Option<Entity> {
        self.orders.entity(order).filter(|_| !self.surplus.contains(&order))
    }

    /// A value of the frame with the references of now.
    pub(super) fn restore<T: Component + Clone>(&mut self, saved: &T) -> T {
        let mut value = saved.clone();
        T::map_entities(&mut value, self);
        value
    }

    /// Gives values of the frame the references of now.
    pub(super) fn map<T: Component>(&mut self, values: &mut [T]) {
        for value in values {
            T::map_entities(value, self);
        }
    }
}

impl EntityMapper for Restored<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        match self.origin {
            Origin::Saved => self.orders.current(source),
            Origin::Decoded => {
                let order = SpawnOrder::from_index(source.index_u32());
                self.orders.entity(order).unwrap_or(NO_ENTITY)
            }
        }
    }

    fn set_mapped(&mut self, _source: Entity, _target: Entity) {}
}

/// Makes references in the values of a kept frame the same on every peer: the place of the entity if it is alive in
/// this frame, and none otherwise.
pub(in crate::rollback) struct Places<'a> {
    orders: &'a SpawnOrders,
    unsorted: &'a [SpawnOrder],
    alive: OnceCell<Vec<SpawnOrder>>,
}

impl<'a> Places<'a> {
    /// In a frame that has these entities.
    pub(super) fn new(orders: &'a SpawnOrders, alive: &'a [SpawnOrder]) -> Self {
        Self { orders, unsorted: alive, alive: OnceCell::new() }
    }

    /// A value of the frame as every peer has it.
    pub(super) fn portable<T: Component + Clone>(&mut self, saved: &T) -> T {
        let mut value = saved.clone();
        T::map_entities(&mut value, self);
        value
    }
}

impl EntityMapper for Places<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        let alive = self.alive.get_or_init(|| {
            let mut alive = self.unsorted.to_vec();
            alive.sort_unstable();
            alive
        });
        let order = self.orders.order(source).filter(|order| alive.binary_search(order).is_ok());
        order.map_or(NO_ENTITY, place)
    }

    fn set_mapped(&mut self, _source: Entity, _target: Entity) {}
}

/// What decoded values are read with, and checked against.
pub(in crate::rollback) struct Decoding<'a> {
    pub(super) registry: &'a TypeRegistry,
    pub(super) components: &'a Components,
    /// The entities of the frame, in ascending order.
    pub(super) entities: &'a [SpawnOrder],
}

impl Decoding<'_> {
    /// The entity that a value refers to, the last one if it refers to several.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Entities`] if there is no such entity in the frame: hooks of components may panic at that.
    pub(super) fn target<T: Component>(
        &self,
        value: &mut T,
    ) -> Result<Option<SpawnOrder>, DecodeError> {
        let mut check = Check { entities: self.entities, target: Ok(None) };
        T::map_entities(value, &mut check);
        check.target
    }
}

/// Looks at references between peers.
struct Check<'a> {
    entities: &'a [SpawnOrder],
    target: Result<Option<SpawnOrder>, DecodeError>,
}

impl EntityMapper for Check<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        let order = SpawnOrder::from_index(source.index_u32());
        let is_there = place(order) == source && self.entities.binary_search(&order).is_ok();
        if let Ok(target) = &mut self.target
            && source != NO_ENTITY
        {
            *target = Some(order);
            if !is_there {
                self.target = Err(DecodeError::Entities);
            }
        }
        source
    }

    fn set_mapped(&mut self, _source: Entity, _target: Entity) {}
}

/// Whether links, in ascending order of where they begin, lead back to where they began.
pub(super) fn has_circle(links: &[(SpawnOrder, SpawnOrder)]) -> bool {
    // The walk that came by first, counted from 1.
    let mut walks = vec![0; links.len()];
    (0..links.len()).any(|start| {
        let walk = start + 1;
        let mut next = Some(start);
        while let Some(at) = next.filter(|at| walks[*at] == 0) {
            walks[at] = walk;
            next = links.binary_search_by_key(&links[at].1, |(from, _)| *from).ok();
        }
        next.is_some_and(|at| walks[at] == walk)
    })
}

/// A place, where a value has room for an entity alone.
fn place(order: SpawnOrder) -> Entity {
    Entity::from_raw_u32(order.index()).unwrap_or(NO_ENTITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_back_are_a_circle_and_chains_are_none() {
        let has_circle = |links: &[(u32, u32)]| {
            let order = SpawnOrder::from_index;
            let links: Vec<_> = links.iter().map(|(from, to)| (order(*from), order(*to))).collect();
            super::has_circle(&links)
        };
        assert!(!has_circle(&[]) && !has_circle(&[(0, 3), (1, 0), (2, 0), (3, 7)]));
        assert!(has_circle(&[(4, 4)]) && has_circle(&[(0, 1), (1, 2), (2, 1)]));
        assert!(has_circle(&[(0, 1), (1, 5), (3, 0), (5, 3)]));
    }
}
