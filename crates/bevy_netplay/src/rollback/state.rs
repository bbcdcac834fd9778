//! States inside the simulation: they roll back, and their transitions run in the frames of the match.

use bevy::prelude::*;
use bevy::state::state::FreelyMutableState;
use bevy_ggrs::{AdvanceWorld, AdvanceWorldSystems};

/// The states that roll back, by the name that peers call them.
#[derive(Resource, Default)]
pub(crate) struct RollbackStates(Vec<RollbackState>);

#[derive(Clone, Copy)]
struct RollbackState {
    name: &'static str,
    reset: fn(&mut World),
    enter: fn(&mut World),
    transition: fn(&mut World),
}

impl RollbackStates {
    /// Adds a state that begins every match with its default value.
    pub(super) fn add<S: FreelyMutableState + FromWorld>(app: &mut App, name: &'static str) {
        let state = RollbackState {
            name,
            reset: reset::<S>,
            enter: enter::<S>,
            transition: transition::<S>,
        };
        let world = app.world_mut();
        reset::<S>(world);
        let mut states = world.get_resource_or_init::<Self>();
        // Those of several states run in the same order on every peer, whatever the order of registration.
        let place = states.0.partition_point(|other| other.name < name);
        states.0.insert(place, state);
        if states.0.len() == 1 {
            app.add_systems(
                AdvanceWorld,
                run_transitions.after(AdvanceWorldSystems::Main).before(AdvanceWorldSystems::Last),
            );
        }
    }

    /// A match begins: every state has its first value.
    pub(super) fn reset(world: &mut World) {
        Self::run(world, |state| state.reset);
    }

    /// The match is set up: enters the first value of every state.
    pub(super) fn enter(world: &mut World) {
        Self::run(world, |state| state.enter);
    }

    fn run(world: &mut World, step: fn(RollbackState) -> fn(&mut World)) {
        let states = world.get_resource::<Self>().map(|states| states.0.clone());
        for state in states.unwrap_or_default() {
            step(state)(world);
        }
    }
}

fn run_transitions(world: &mut World) {
    RollbackStates::run(world, |state| state.transition);
}

fn reset<S: FreelyMutableState + FromWorld>(world: &mut World) {
    let first = S::from_world(world);
    world.insert_resource(State::new(first));
    world.insert_resource(NextState::<S>::Unchanged);
}

fn enter<S: FreelyMutableState>(world: &mut World) {
    let Some(state) = world.get_resource::<State<S>>() else { return };
    let first = state.get().clone();
    let _ = world.try_run_schedule(OnEnter(first));
    world.flush();
}

/// Carries out a transition that the frame has asked for, as Bevy does between two updates.
fn transition<S: FreelyMutableState>(world: &mut World) {
    let Some(mut next) = world.get_resource_mut::<NextState<S>>() else { return };
    let (entered, always) = match std::mem::take(&mut *next) {
        NextState::Unchanged => return,
        NextState::Pending(state) => (state, true),
        NextState::PendingIfNeq(state) => (state, false),
    };
    let Some(state) = world.get_resource::<State<S>>() else { return };
    let exited = state.get().clone();
    if exited == entered && !always {
        return;
    }
    // A game that does nothing at a transition has no such schedule.
    let _ = world.try_run_schedule(OnExit(exited.clone()));
    despawn::<DespawnOnExit<S>>(world, |scope| scope.0 == exited);
    let _ = world.try_run_schedule(OnTransition { exited, entered: entered.clone() });
    despawn::<DespawnOnEnter<S>>(world, |scope| scope.0 == entered);
    world.insert_resource(State::new(entered.clone()));
    let _ = world.try_run_schedule(OnEnter(entered));
    world.flush();
}

/// Despawns the entities that belong to a state.
fn despawn<C: Component>(world: &mut World, belongs: impl Fn(&C) -> bool) {
    world.flush();
    let mut scopes = world.query::<(Entity, &C)>();
    let scopes = scopes.iter(world).filter(|(_, scope)| belongs(scope));
    for entity in scopes.map(|(entity, _)| entity).collect::<Vec<_>>() {
        // A child may have been despawned with its parent.
        world.try_despawn(entity).ok();
    }
}
