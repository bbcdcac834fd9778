//! What the rules ask of the netcode that runs them.
//!
//! The rules name no netcode, so that the benchmarks can run the very same simulation on plain bevy_ggrs.

use std::hash::Hash;

use bevy::ecs::component::Mutable;
use bevy::ecs::schedule::InternedScheduleLabel;
use bevy::prelude::*;
use bevy::reflect::{FromReflect, GetTypeRegistration, Typed};

/// What the state of the simulation offers: plain bevy_ggrs compares it by `Hash`, bevy_netplay by reflection.
pub trait SimulationState: Clone + Hash + FromReflect + Typed + GetTypeRegistration {}

impl<T: Clone + Hash + FromReflect + Typed + GetTypeRegistration> SimulationState for T {}

/// Registers what is rolled back, and says when the simulation runs.
pub trait Netcode: Send + Sync + 'static {
    /// The schedule that runs once before frame 0 of a match.
    fn start() -> InternedScheduleLabel;

    /// The schedule that simulates one frame.
    fn frame() -> InternedScheduleLabel;

    /// Makes a component part of snapshots and checksums.
    fn component<T: Component<Mutability = Mutable> + SimulationState>(app: &mut App);

    /// Makes a resource part of snapshots and checksums.
    fn resource<T: Resource<Mutability = Mutable> + SimulationState>(app: &mut App);

    /// Rolls back every entity that has this component.
    fn entities_with<T: Component>(app: &mut App);
}

/// The match that is about to start. Written before [`Netcode::start`] runs; the same on every peer.
#[derive(Resource, Clone, Copy, Debug)]
pub struct MatchSetup {
    /// How many players play.
    pub players: usize,
    /// Where chance comes from.
    pub seed: u64,
}
