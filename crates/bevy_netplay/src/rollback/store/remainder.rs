//! [`Remainder`]: a copy of what an entity had besides what is registered.

use std::any::TypeId;

use bevy::ecs::component::{ComponentCloneBehavior, ComponentId};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::relationship::RelationshipAccessor;
use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use bevy::reflect::TypeRegistry;
use bevy::utils::prelude::DebugName;

use super::remains::SimulatedChild;
use crate::SpawnOrder;
use crate::rollback::order::SpawnOrders;

/// What one entity had.
pub(super) struct Remainder {
    /// The id that it had.
    entity: Entity,
    components: Vec<Box<dyn Reflect>>,
    /// What cannot be copied.
    lost: Vec<(ComponentId, DebugName)>,
    /// Children that do not roll back.
    children: Vec<Remainder>,
}

/// What entities that have come back are still without.
#[derive(Default)]
pub(super) struct Owed {
    pub(super) components: Vec<(Entity, Box<dyn Reflect>)>,
    /// What nobody has copied.
    pub(super) lost: Vec<(Entity, ComponentId, DebugName)>,
}

impl Remainder {
    pub(super) fn is_empty(&self) -> bool {
        self.components.is_empty() && self.lost.is_empty() && self.children.is_empty()
    }

    /// The entity has come back as this one: spawns its children again, unless hooks and observers have spawned some.
    pub(super) fn spawn_children(self, world: &mut World, entity: Entity, owed: &mut Owed) {
        let components = self.components.into_iter();
        owed.components.extend(components.map(|component| (entity, component)));
        owed.lost.extend(self.lost.into_iter().map(|(id, name)| (entity, id, name)));
        let mut present = world.get::<Children>(entity).into_iter().flatten();
        if present.any(|child| world.get::<SpawnOrder>(*child).is_none()) {
            return;
        }
        for child in self.children {
            let successor = world.spawn((ChildOf(entity), SimulatedChild)).id();
            world.resource_mut::<SpawnOrders>().succeed(child.entity, successor);
            child.spawn_children(world, successor, owed);
        }
    }
}

/// Copies components by reflection.
pub(super) struct Copier<'a> {
    pub(super) world: &'a World,
    pub(super) registry: Option<&'a TypeRegistry>,
    /// Components that need not be copied of entities that roll back.
    pub(super) kept: &'a HashSet<ComponentId>,
}

impl Copier<'_> {
    /// Copies what an entity has that is not kept, and its children that do not roll back.
    pub(super) fn copy(&self, entity: EntityRef<'_>) -> Remainder {
        let rolls_back = entity.contains::<SpawnOrder>();
        let mut remainder = Remainder {
            entity: entity.id(),
            components: Vec::new(),
            lost: Vec::new(),
            children: Vec::new(),
        };
        for id in entity.archetype().components() {
            let Some(info) = self.world.components().get_info(*id) else { continue };
            let is_kept = match rolls_back {
                true => self.kept.contains(id),
                // What it is spawned with.
                false => [TypeId::of::<ChildOf>(), TypeId::of::<SimulatedChild>()]
                    .map(Some)
                    .contains(&info.type_id()),
            };
            // What is not cloned belongs to this entity alone: what made it makes another one.
            let is_own = matches!(info.clone_behavior(), ComponentCloneBehavior::Ignore);
            let is_target = matches!(
                info.relationship_accessor(),
                Some(RelationshipAccessor::RelationshipTarget { .. })
            );
            if is_kept || is_own || is_target {
                continue;
            }
            let copy = self.registry.zip(info.type_id()).and_then(|(registry, type_id)| {
                let component = registry.get_type_data::<ReflectComponent>(type_id)?;
                component.reflect(entity)?.reflect_clone().ok()
            });
            match copy {
                Some(copy) => remainder.components.push(copy),
                None => remainder.lost.push((*id, info.name())),
            }
        }
        let children = entity.get::<Children>().into_iter().flatten();
        for child in children.filter_map(|child| self.world.get_entity(*child).ok()) {
            if child.contains::<SimulatedChild>() && !child.contains::<SpawnOrder>() {
                remainder.children.push(self.copy(child));
            }
        }
        remainder
    }
}
