//! [`NetplayApp`]: registering what rolls back, and what is drawn of it.

use std::any::type_name;
use std::hash::Hash;

use bevy::ecs::component::Mutable;
use bevy::prelude::*;
use bevy::reflect::{FromReflect, GetTypeRegistration, Typed};
use bevy::state::state::FreelyMutableState;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::Codec;
use super::message::add_messages;
use super::registry::{RegisteredType, RollbackRegistry};
use super::state::RollbackStates;
use super::store::{
    ComponentHistory, History, Remains, ResourceHistory, Restorable, RollbackStore, StateHistory,
};
use crate::smoothing::{self, Smoothing};

/// Registers what rolls back: what is part of the kept frames and is restored when the simulation goes back.
///
/// What a type can offer decides the method:
///
/// | the type has | method | compared between peers | encoded for peers who come later |
/// | --- | --- | --- | --- |
/// | `Serialize` and `Deserialize` | `rollback_component` | yes | yes |
/// | `Reflect` | `rollback_component_by_reflect` | yes | yes |
/// | `Hash` | `rollback_component_by_hash` | yes | no |
/// | nothing of these | `rollback_component_snapshot_only` | no | no |
///
/// A type that contains itself, or a list of values without fields, is compared and not encoded.
///
/// The first two are the ones to prefer; for Bevy's own types, such as `Transform` and `Timer`, the second. All of them
/// compare floats by their bits and `usize` by its value, and follow references to other entities where the type's
/// [`Component::map_entities`] does (`#[entities]` on its fields). The order of calls does not matter. Peers compare
/// names and shapes of everything registered before a match.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Component, Clone, Serialize, Deserialize)]
/// struct Fighter { owner: PlayerHandle, velocity: Vec2, target: Option<u32> }
///
/// #[derive(Resource, Clone, Hash)]
/// struct Score([u32; 2]);
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
///     .rollback_component::<Fighter>()
///     .rollback_component_by_reflect::<Transform>()
///     .rollback_resource_by_hash::<Score>();
/// ```
pub trait NetplayApp {
    /// Rolls a component back, compared and encoded by serde.
    fn rollback_component<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone + Serialize + DeserializeOwned;

    /// Rolls a component back, compared and encoded by reflection.
    fn rollback_component_by_reflect<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone + FromReflect + Typed + GetTypeRegistration;

    /// Rolls a component back, compared by `Hash`. A slice, array or `Vec` of `usize` or `isize` inside it has another
    /// hash on 32-bit machines, browsers included: use serde or `Reflect` for such a type.
    fn rollback_component_by_hash<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone + Hash;

    /// Rolls a component back without comparing it: a difference between peers shows once it has led to another one.
    fn rollback_component_snapshot_only<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone;

    /// Rolls a resource back, compared and encoded by serde.
    fn rollback_resource<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + Serialize + DeserializeOwned;

    /// Rolls a resource back, compared and encoded by reflection.
    fn rollback_resource_by_reflect<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + FromReflect + Typed + GetTypeRegistration;

    /// Rolls a resource back, compared by `Hash`, as [`Self::rollback_component_by_hash`] does.
    fn rollback_resource_by_hash<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + Hash;

    /// Rolls a resource back without comparing it, as [`Self::rollback_component_snapshot_only`] does.
    fn rollback_resource_snapshot_only<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone;

    /// Adds a state that rolls back, in place of Bevy's `init_state`. It has its default value when a match begins, and
    /// is entered once [`StartMatch`](crate::StartMatch) has run. A transition that a frame asks for in `NextState`
    /// runs at the end of that frame, after `NetplayUpdate`: `OnExit`, `OnTransition`, `OnEnter`, with `DespawnOnExit`
    /// and `DespawnOnEnter`. It runs again when the frame is simulated again, so these schedules are part of the
    /// simulation. A transition to the same state runs them only if `NextState::set` asked for it.
    ///
    /// Several states change one after the other. `StateTransitionEvent` is not written and `PreviousState` not set, so
    /// `DespawnWhen` and the components that disable or enable entities with a state do nothing.
    fn rollback_state<S>(&mut self) -> &mut Self
    where
        S: FreelyMutableState + FromWorld + Serialize + DeserializeOwned;

    /// Adds a state that rolls back, as [`Self::rollback_state`] does, compared and encoded by reflection.
    fn rollback_state_by_reflect<S>(&mut self) -> &mut Self
    where
        S: FreelyMutableState + FromWorld + FromReflect + Typed + GetTypeRegistration;

    /// Adds a state that rolls back, as [`Self::rollback_state`] does, compared by `Hash` and not encoded.
    fn rollback_state_by_hash<S>(&mut self) -> &mut Self
    where
        S: FreelyMutableState + FromWorld;

    /// Adds messages inside the simulation, in place of Bevy's `add_message`: systems in `NetplayUpdate` write them and
    /// read them in the same frame, so a reader runs after the writer. None is left when the next frame begins.
    fn rollback_message<M: Message>(&mut self) -> &mut Self;

    /// Draws entities with a component of the simulation: the library writes their `Transform`, which they get if they
    /// have none, from the pose that the function reads out of the component. It does so in every update, in
    /// [`NetplaySystems::Simulate`](crate::NetplaySystems::Simulate): corrections by a rollback are
    /// [smoothed](crate::Smoothing), and between two frames the pose is [interpolated](crate::Interpolation). The scale is
    /// interpolated and not smoothed. The simulation sees none of it.
    ///
    /// An entity is drawn by one component; a second call for the same one changes nothing. A jump on purpose is told
    /// with [`Teleported`](crate::Teleported), and which entities are those of local players with
    /// [`OwnedBy`](crate::OwnedBy). A game that rolls `Transform` itself back calls
    /// [`smooth_transform`](Self::smooth_transform) in its place.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::prelude::*;
    ///
    /// #[derive(Component, Clone, Reflect)]
    /// struct Body { at: Vec2, angle: f32 }
    ///
    /// fn pose(body: &Body) -> Transform {
    ///     Transform::from_translation(body.at.extend(0.0))
    ///         .with_rotation(Quat::from_rotation_z(body.angle))
    /// }
    ///
    /// let mut app = App::new();
    /// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
    ///     .rollback_component_by_reflect::<Body>()
    ///     .smooth(pose, Smoothing { snap_distance: 40.0, ..default() });
    /// ```
    ///
    /// # Panics
    ///
    /// If an entity with the component was spawned before.
    fn smooth<T: Component>(
        &mut self,
        pose: fn(&T) -> Transform,
        smoothing: Smoothing,
    ) -> &mut Self;

    /// Draws entities whose `Transform` is rolled back, as [`smooth`](Self::smooth) does. From the end of
    /// [`NetplaySystems::Simulate`](crate::NetplaySystems::Simulate) until the next update, their `Transform` is what is
    /// drawn; systems in `NetplayUpdate` see what is simulated.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::prelude::*;
    ///
    /// let mut app = App::new();
    /// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
    ///     .rollback_component_by_reflect::<Transform>()
    ///     .smooth_transform(Smoothing::default());
    /// ```
    ///
    /// # Panics
    ///
    /// If an entity that rolls back was spawned before.
    fn smooth_transform(&mut self, smoothing: Smoothing) -> &mut Self;
}

impl NetplayApp for App {
    fn rollback_component<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone + Serialize + DeserializeOwned,
    {
        add_component(self, Codec::<T>::serde())
    }

    fn rollback_component_by_reflect<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone + FromReflect + Typed + GetTypeRegistration,
    {
        self.register_type::<T>();
        add_component(self, Codec::<T>::reflect())
    }

    fn rollback_component_by_hash<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone + Hash,
    {
        add_component(self, Codec::<T>::hash())
    }

    fn rollback_component_snapshot_only<T>(&mut self) -> &mut Self
    where
        T: Component<Mutability: Restorable<T>> + Clone,
    {
        add_component(self, Codec::<T>::none())
    }

    fn rollback_resource<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + Serialize + DeserializeOwned,
    {
        add_resource(self, Codec::<T>::serde())
    }

    fn rollback_resource_by_reflect<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + FromReflect + Typed + GetTypeRegistration,
    {
        self.register_type::<T>();
        add_resource(self, Codec::<T>::reflect())
    }

    fn rollback_resource_by_hash<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone + Hash,
    {
        add_resource(self, Codec::<T>::hash())
    }

    fn rollback_resource_snapshot_only<T>(&mut self) -> &mut Self
    where
        T: Resource<Mutability = Mutable> + Clone,
    {
        add_resource(self, Codec::<T>::none())
    }

    fn rollback_state<S>(&mut self) -> &mut Self
    where
        S: FreelyMutableState + FromWorld + Serialize + DeserializeOwned,
    {
        add_state(self, Codec::<S>::serde())
    }

    fn rollback_state_by_reflect<S>(&mut self) -> &mut Self
    where
        S: FreelyMutableState + FromWorld + FromReflect + Typed + GetTypeRegistration,
    {
        self.register_type::<S>();
        add_state(self, Codec::<S>::reflect())
    }

    fn rollback_state_by_hash<S>(&mut self) -> &mut Self
    where
        S: FreelyMutableState + FromWorld,
    {
        add_state(self, Codec::<S>::hash())
    }

    fn rollback_message<M: Message>(&mut self) -> &mut Self {
        let registered =
            RegisteredType { kind: "message", compared_by: "nothing", shape: String::new() };
        let mut registry = self.world_mut().get_resource_or_init::<RollbackRegistry>();
        if registry.add(type_name::<M>(), registered) {
            add_messages::<M>(self);
        }
        self
    }

    fn smooth<T: Component>(
        &mut self,
        pose: fn(&T) -> Transform,
        smoothing: Smoothing,
    ) -> &mut Self {
        smoothing::smooth(self, pose, smoothing);
        self
    }

    fn smooth_transform(&mut self, smoothing: Smoothing) -> &mut Self {
        smoothing::smooth_transform(self, smoothing);
        self
    }
}

fn add_component<T>(app: &mut App, mut codec: Codec<T>) -> &mut App
where
    T: Component<Mutability: Restorable<T>> + Clone,
{
    let registered = registered("component", &mut codec);
    add::<T>(app, registered, |world| {
        let access = T::Mutability::access(world, codec.same);
        let component = world.register_component::<T>();
        world.get_resource_or_init::<Remains>().keep(component);
        Box::new(ComponentHistory::new(world, codec, access))
    });
    app
}

fn add_resource<T>(app: &mut App, mut codec: Codec<T>) -> &mut App
where
    T: Resource<Mutability = Mutable> + Clone,
{
    let registered = registered("resource", &mut codec);
    add::<T>(app, registered, |_| Box::new(ResourceHistory::new(codec)));
    app
}

fn add_state<S: FreelyMutableState + FromWorld>(app: &mut App, mut codec: Codec<S>) -> &mut App {
    let registered = registered("state", &mut codec);
    let is_new = add::<S>(app, registered, |_| Box::new(StateHistory::new(codec)));
    if is_new {
        RollbackStates::add::<S>(app, type_name::<S>());
    }
    app
}

/// What peers compare of a type. They compare it once: the codec gives its shape away.
fn registered<T>(kind: &'static str, codec: &mut Codec<T>) -> RegisteredType {
    let shape = std::mem::take(&mut codec.shape);
    RegisteredType { kind, compared_by: codec.compared_by, shape }
}

/// Adds a type, unless it is there already. Returns whether it was not.
fn add<T>(
    app: &mut App,
    registered: RegisteredType,
    history: impl FnOnce(&mut World) -> Box<dyn History>,
) -> bool {
    let world = app.world_mut();
    let name = type_name::<T>();
    let is_new = world.get_resource_or_init::<RollbackRegistry>().add(name, registered);
    if is_new {
        let history = history(world);
        world.get_resource_or_init::<RollbackStore>().add(name, history);
    }
    is_new
}
