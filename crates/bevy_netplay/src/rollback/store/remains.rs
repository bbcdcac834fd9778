//! What despawned entities had besides what is registered, in case they come back.
//!
//! A despawn in a predicted frame may turn out wrong. The entity then comes back under another id. Registered
//! components are in the kept frames; all others are copied when the entity goes, by reflection, because nothing else
//! can copy a component whose type is not known.

use bevy::ecs::component::{ComponentCloneBehavior, ComponentId};
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::reflect::{AppTypeRegistry, ReflectComponent};
use bevy::ecs::relationship::RelationshipAccessor;
use bevy::ecs::world::DeferredWorld;
use bevy::log::warn;
use bevy::platform::collections::{HashMap, HashSet};
use bevy::prelude::*;
use bevy::utils::prelude::DebugName;

use crate::{RollbackEntity, SpawnOrder};

/// What despawned entities had besides what is registered.
#[derive(Resource)]
pub(in crate::rollback) struct Remains {
    entities: HashMap<SpawnOrder, Remainder>,
    /// Components that need not be copied: they are in the kept frames, or follow from others.
    kept: HashSet<ComponentId>,
    /// What entities that have just come back could not be given.
    missing: Vec<(SpawnOrder, Entity, ComponentId, DebugName)>,
    /// Components that an entity came back without, as was said already.
    reported: HashSet<ComponentId>,
}

/// What one entity had.
#[derive(Default)]
struct Remainder {
    components: Vec<Box<dyn Reflect>>,
    lost: Vec<(ComponentId, DebugName)>,
}

impl FromWorld for Remains {
    fn from_world(world: &mut World) -> Self {
        let known = [
            world.register_component::<RollbackEntity>(),
            world.register_component::<SpawnOrder>(),
        ];
        Self {
            entities: HashMap::default(),
            kept: known.into(),
            missing: Vec::new(),
            reported: HashSet::default(),
        }
    }
}

impl Remains {
    /// Components of this type are in the kept frames.
    pub(in crate::rollback) fn keep(&mut self, component: ComponentId) {
        self.kept.insert(component);
    }

    /// No kept frame has this entity any more.
    pub(in crate::rollback) fn forget(&mut self, order: SpawnOrder) {
        self.entities.remove(&order);
    }

    /// A match begins.
    pub(in crate::rollback) fn clear(&mut self) {
        self.entities.clear();
    }

    /// Copies what an entity has that is about to be despawned.
    pub(in crate::rollback) fn collect(mut world: DeferredWorld, context: &HookContext) {
        let Some(remains) = world.get_resource::<Self>() else { return };
        let entity = world.entity(context.entity);
        let Some(order) = entity.get::<SpawnOrder>().copied() else { return };
        let registry = world.get_resource::<AppTypeRegistry>().map(|registry| registry.read());
        let mut remainder = Remainder::default();
        for id in entity.archetype().components().iter().filter(|id| !remains.kept.contains(*id)) {
            let Some(info) = world.components().get_info(*id) else { continue };
            // It belongs to this entity alone: what made it makes another one.
            if matches!(info.clone_behavior(), ComponentCloneBehavior::Ignore) {
                continue;
            }
            if let Some(RelationshipAccessor::RelationshipTarget { .. }) =
                info.relationship_accessor()
            {
                continue;
            }
            let copy = registry.as_ref().zip(info.type_id()).and_then(|(registry, type_id)| {
                let component = registry.get_type_data::<ReflectComponent>(type_id)?;
                component.reflect(entity)?.reflect_clone().ok()
            });
            match copy {
                Some(copy) => remainder.components.push(copy),
                None => remainder.lost.push((*id, info.name())),
            }
        }
        drop(registry);
        if let Some(mut remains) = world.get_resource_mut::<Self>() {
            remains.entities.insert(order, remainder);
        }
    }

    /// Gives an entity that has come back what it had.
    pub(super) fn restore(world: &mut World, order: SpawnOrder, entity: Entity) {
        let Some(mut remains) = world.get_resource_mut::<Self>() else { return };
        let Some(remainder) = remains.entities.remove(&order) else { return };
        let lost = remainder.lost.into_iter();
        remains.missing.extend(lost.map(|(id, name)| (order, entity, id, name)));
        let Some(registry) = world.get_resource::<AppTypeRegistry>().cloned() else { return };
        let registry = registry.read();
        let mut entity = world.entity_mut(entity);
        for component in remainder.components {
            let type_id = component.as_any().type_id();
            if let Some(reflected) = registry.get_type_data::<ReflectComponent>(type_id) {
                reflected.insert(&mut entity, component.as_partial_reflect(), &registry);
            }
        }
    }

    /// Everything of the frame is restored: says what entities have come back without. Required components, hooks and
    /// observers may have brought it.
    pub(super) fn report(world: &mut World) {
        let Some(mut remains) = world.get_resource_mut::<Self>() else { return };
        for (order, entity, id, name) in std::mem::take(&mut remains.missing) {
            let is_there = world.get_entity(entity).is_ok_and(|entity| entity.contains_id(id));
            if is_there || !world.resource_mut::<Self>().reported.insert(id) {
                continue;
            }
            warn!(
                "the entity with SpawnOrder {} was despawned in a predicted frame and has come back without its {name}: derive \
                 Reflect for that type with #[reflect(Component)] and call register_type, or register it with \
                 rollback_component_snapshot_only",
                order.index()
            );
        }
    }
}
