//! [`NetplayApp`]: registering what rolls back, and the hash by which peers compare it.

use std::any::type_name;
use std::collections::BTreeSet;
use std::hash::Hash;

use bevy::ecs::component::Mutable;
use bevy::prelude::*;
use bevy_ggrs::RollbackApp;

/// Registers what rolls back.
pub trait NetplayApp {
    /// Rolls a component back, on entities that have [`RollbackEntity`](crate::RollbackEntity): it is part of
    /// snapshots and of the checksum that peers compare.
    fn rollback_component<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability = Mutable> + Clone + Hash;

    /// Rolls a resource back: it is part of snapshots and of the checksum that peers compare. It must be
    /// there before a match starts.
    fn rollback_resource<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + Hash;
}

impl NetplayApp for App {
    fn rollback_component<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability = Mutable> + Clone + Hash,
    {
        if register::<T>(self) {
            self.rollback_component_with_clone::<T>().checksum_component_with_hash::<T>();
        }
        self
    }

    fn rollback_resource<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + Hash,
    {
        if register::<T>(self) {
            self.rollback_resource_with_clone::<T>().checksum_resource_with_hash::<T>();
        }
        self
    }
}

/// Everything that is registered for rollback, by name. Peers compare a hash of it before a match.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct RollbackRegistry {
    names: BTreeSet<&'static str>,
}

impl RollbackRegistry {
    /// A hash of the names and of the input's layout: the same in every build of the same source,
    /// whatever the platform and the order of registration.
    pub fn hash<I>(&self) -> u64 {
        let mut text = format!("{} {}", type_name::<I>(), size_of::<I>());
        for name in &self.names {
            text.push('\n');
            text.push_str(name);
        }
        seahash::hash(text.as_bytes())
    }
}

/// Whether the type is new.
fn register<T>(app: &mut App) -> bool {
    let mut registry = app.world_mut().get_resource_or_init::<RollbackRegistry>();
    registry.names.insert(type_name::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_what_is_registered_and_not_on_the_order() {
        let registry =
            |names: &[&'static str]| RollbackRegistry { names: names.iter().copied().collect() };
        let hash = |names: &[&'static str]| registry(names).hash::<u8>();
        assert_eq!(hash(&["a", "b"]), hash(&["b", "a"]));
        assert_ne!(hash(&["a", "b"]), hash(&["ab"]));
        assert_ne!(registry(&["a"]).hash::<u8>(), registry(&["a"]).hash::<u16>());
    }
}
