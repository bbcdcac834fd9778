//! What despawned entities had besides what is registered, in case they come back.
//!
//! A despawn in a predicted frame may turn out wrong. The entity then comes back under another id. Registered
//! components are in the kept frames; all others are copied when the entity goes, by reflection, because nothing else
//! can copy a component whose type is not known. So are its children that do not roll back, which go with it, if the
//! simulation has made them: what a view has made, it makes again for an entity that comes back.

use bevy::ecs::component::ComponentId;
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::reflect::{AppTypeRegistry, ReflectComponent};
use bevy::ecs::world::DeferredWorld;
use bevy::log::warn;
use bevy::platform::collections::{HashMap, HashSet};
use bevy::prelude::*;
use bevy::utils::prelude::DebugName;

use super::references::{Origin, Restored};
use super::remainder::{Copier, Owed, Remainder};
use crate::{RollbackEntity, SpawnOrder};

/// What despawned entities had besides what is registered.
#[derive(Resource)]
pub(in crate::rollback) struct Remains {
    entities: HashMap<SpawnOrder, Remainder>,
    /// Components that need not be copied: they are in the kept frames, or follow from others.
    kept: HashSet<ComponentId>,
    /// What entities that have just come back could not be given.
    missing: Vec<(Entity, ComponentId, DebugName)>,
    /// Components that an entity came back without, as was said already.
    reported: HashSet<ComponentId>,
    /// A frame is simulated, or a match set up.
    is_simulating: bool,
}

/// A child that does not roll back, and that the simulation has made.
#[derive(Component)]
pub(in crate::rollback) struct SimulatedChild;

/// An observer that marks what becomes a child in the simulation.
pub(in crate::rollback) fn mark_child(
    insert: On<Insert, ChildOf>,
    remains: Res<Remains>,
    rolls_back: Query<(), With<SpawnOrder>>,
    mut commands: Commands,
) {
    if remains.is_simulating && !rolls_back.contains(insert.entity) {
        commands.entity(insert.entity).try_insert(SimulatedChild);
    }
}

impl FromWorld for Remains {
    fn from_world(world: &mut World) -> Self {
        let known = [
            world.register_component::<RollbackEntity>(),
            world.register_component::<SpawnOrder>(),
            world.register_component::<SimulatedChild>(),
        ];
        Self {
            entities: HashMap::default(),
            kept: known.into(),
            missing: Vec::new(),
            reported: HashSet::default(),
            is_simulating: false,
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

    /// The simulation begins or ends to change the world.
    pub(in crate::rollback) fn set_simulating(&mut self, is_simulating: bool) {
        self.is_simulating = is_simulating;
    }

    /// Copies what an entity has that is about to be despawned.
    pub(in crate::rollback) fn collect(mut world: DeferredWorld, context: &HookContext) {
        let Some(remains) = world.get_resource::<Self>() else { return };
        let Some(order) = world.get::<SpawnOrder>(context.entity).copied() else { return };
        let registry = world.get_resource::<AppTypeRegistry>().map(|registry| registry.read());
        let copier = Copier { world: &world, registry: registry.as_deref(), kept: &remains.kept };
        let remainder = copier.copy(world.entity(context.entity));
        drop(registry);
        if let Some(mut remains) = world.get_resource_mut::<Self>() {
            match remainder.is_empty() {
                // An entity of a frame that was simulated before may have had the same place.
                true => drop(remains.entities.remove(&order)),
                false => drop(remains.entities.insert(order, remainder)),
            }
        }
    }

    /// Gives entities that have come back what they had. Hooks and observers have made what they make.
    pub(super) fn restore(world: &mut World, returned: &[(SpawnOrder, Entity)]) {
        let Some(mut remains) = world.get_resource_mut::<Self>() else { return };
        let remainders: Vec<_> = returned
            .iter()
            .filter_map(|(order, entity)| Some((*entity, remains.entities.remove(order)?)))
            .collect();
        if remainders.is_empty() {
            return;
        }
        let registry = world.get_resource_or_init::<AppTypeRegistry>().clone();
        let registry = registry.read();
        // All entities first: components refer to any of them.
        let mut owed = Owed::default();
        for (entity, remainder) in remainders {
            remainder.spawn_children(world, entity, &mut owed);
        }
        world.resource_mut::<Self>().missing.extend(owed.lost);
        for (entity, mut component) in owed.components {
            let type_id = component.as_any().type_id();
            let Some(reflected) = registry.get_type_data::<ReflectComponent>(type_id) else {
                continue;
            };
            let mut references = Restored::new(world.resource(), Origin::Saved, &[]);
            reflected.map_entities(&mut *component, &mut references);
            if let Ok(mut entity) = world.get_entity_mut(entity) {
                reflected.insert(&mut entity, component.as_partial_reflect(), &registry);
            }
        }
    }

    /// Everything of the frame is restored: says what entities have come back without. Required components, hooks and
    /// observers may have brought it.
    pub(super) fn report(world: &mut World) {
        let Some(mut remains) = world.get_resource_mut::<Self>() else { return };
        for (entity, id, name) in std::mem::take(&mut remains.missing) {
            let is_there = world.get_entity(entity).is_ok_and(|entity| entity.contains_id(id));
            if is_there || !world.resource_mut::<Self>().reported.insert(id) {
                continue;
            }
            warn!(
                "the entity {entity} was despawned in a predicted frame and has come back without its {name}: derive \
                 Reflect for that type with #[reflect(Component)] and call register_type, or register it with \
                 rollback_component_snapshot_only"
            );
        }
    }
}
