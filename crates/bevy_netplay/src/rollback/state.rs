//! States inside the simulation: they roll back, and their transitions run in the frames of the match.

use std::any::Any;

use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};
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
    run_on_one_thread::<S>(&mut world.resource_mut::<Schedules>());
}

/// Systems whose order is left open then run in the same order on every machine.
fn run_on_one_thread<S: States>(schedules: &mut Schedules) {
    for (label, schedule) in schedules.iter_mut() {
        let label = label as &dyn Any;
        if label.is::<OnExit<S>>() || label.is::<OnTransition<S>>() || label.is::<OnEnter<S>>() {
            schedule.set_executor(SingleThreadedExecutor::new());
        }
    }
}

fn enter<S: FreelyMutableState>(world: &mut World) {
    let Some(state) = world.get_resource::<State<S>>() else { return };
    let first = state.get().clone();
    run_enter(world, &first);
}

/// Carries out a transition that the frame has asked for, as Bevy does between two updates: the state has its new value
/// before the first of the schedules runs.
fn transition<S: FreelyMutableState>(world: &mut World) {
    let Some(mut next) = world.get_resource_mut::<NextState<S>>() else { return };
    let (entered, always) = match std::mem::take(&mut *next) {
        NextState::Unchanged => return,
        NextState::Pending(state) => (state, true),
        NextState::PendingIfNeq(state) => (state, false),
    };
    let Some(mut state) = world.get_resource_mut::<State<S>>() else { return };
    let exited = state.get().clone();
    let differs = exited != entered;
    if differs {
        *state = State::new(entered.clone());
    }
    let is_left = differs || always;
    if is_left {
        run_exit(world, &exited);
    }
    // Bevy runs this one also if the state asked for only if it differs is the same.
    let _ = world.try_run_schedule(OnTransition { exited, entered: entered.clone() });
    if is_left {
        run_enter(world, &entered);
    }
}

fn run_exit<S: States>(world: &mut World, exited: &S) {
    let belongs = |scope: &DespawnOnExit<S>| scope.0 == *exited;
    run_and_despawn(world, OnExit(exited.clone()), belongs);
}

fn run_enter<S: States>(world: &mut World, entered: &S) {
    let belongs = |scope: &DespawnOnEnter<S>| scope.0 == *entered;
    run_and_despawn(world, OnEnter(entered.clone()), belongs);
}

/// Runs a schedule, and despawns the entities that belong to it and were there before.
fn run_and_despawn<C: Component>(
    world: &mut World,
    schedule: impl ScheduleLabel,
    belongs: impl Fn(&C) -> bool,
) {
    world.flush();
    let mut scopes = world.query_filtered::<(Entity, &C), Allow<Disabled>>();
    let scopes = scopes.iter(world).filter(|(_, scope)| belongs(scope));
    let entities: Vec<Entity> = scopes.map(|(entity, _)| entity).collect();
    // A game that does nothing at a transition has no such schedule.
    let _ = world.try_run_schedule(schedule);
    for entity in entities {
        // A child may have been despawned with its parent.
        world.try_despawn(entity).ok();
    }
    world.flush();
}

#[cfg(test)]
mod tests {
    use bevy::state::app::StatesPlugin;

    use super::*;

    #[derive(States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    enum Phase {
        #[default]
        Build,
        Fight,
    }

    use Phase::{Build, Fight};

    /// What ran, with the state and how many entities of states it saw.
    #[derive(Resource, Default)]
    struct Seen(Vec<String>);

    /// The entities that belong to a state.
    type Scoped<'w, 's> = (
        Query<'w, 's, &'static DespawnOnExit<Phase>>,
        Query<'w, 's, &'static DespawnOnEnter<Phase>>,
    );

    fn note(text: String) -> impl Fn(Res<State<Phase>>, Scoped, ResMut<Seen>) {
        move |state, (leaving, entering), mut seen| {
            let entities = (leaving.iter().count(), entering.iter().count());
            seen.0.push(format!("{text}: {:?}, {entities:?}", state.get()));
        }
    }

    /// A game that notes every transition.
    fn add_game(app: &mut App) {
        app.init_resource::<Seen>();
        for phase in [Build, Fight] {
            app.add_systems(OnExit(phase), note(format!("exit {phase:?}")))
                .add_systems(OnEnter(phase), note(format!("enter {phase:?}")));
            for entered in [Build, Fight] {
                let transition = OnTransition { exited: phase, entered };
                app.add_systems(transition, note(format!("{phase:?} to {entered:?}")));
            }
        }
    }

    fn spawn_scoped(world: &mut World) {
        for phase in [Build, Fight] {
            world.spawn(DespawnOnExit(phase));
            world.spawn((DespawnOnExit(phase), Disabled));
            world.spawn(DespawnOnEnter(phase));
            world.spawn((DespawnOnEnter(phase), Disabled));
        }
    }

    /// What is seen from before the first state is entered until the transition to the next one is over.
    fn seen(
        mut app: App,
        start: fn(&mut App),
        change: fn(&mut World),
        next: NextState<Phase>,
    ) -> (Vec<String>, usize) {
        add_game(&mut app);
        spawn_scoped(app.world_mut());
        start(&mut app);
        spawn_scoped(app.world_mut());
        app.insert_resource(next);
        let world = app.world_mut();
        change(world);
        let mut scoped = world.query_filtered::<(), (
            Or<(With<DespawnOnExit<Phase>>, With<DespawnOnEnter<Phase>>)>,
            Allow<Disabled>,
        )>();
        let left = scoped.iter(world).count();
        (std::mem::take(&mut world.resource_mut::<Seen>().0), left)
    }

    #[test]
    fn transitions_are_those_of_bevy() {
        for next in [
            NextState::Unchanged,
            NextState::Pending(Build),
            NextState::Pending(Fight),
            NextState::PendingIfNeq(Build),
            NextState::PendingIfNeq(Fight),
        ] {
            let mut app = App::new();
            app.add_plugins(StatesPlugin).init_state::<Phase>();
            let change = |world: &mut World| world.run_schedule(StateTransition);
            let expected = seen(app, App::update, change, next.clone());
            let mut app = App::new();
            RollbackStates::add::<Phase>(&mut app, "Phase");
            let enter = |app: &mut App| RollbackStates::enter(app.world_mut());
            assert_eq!(seen(app, enter, run_transitions, next.clone()), expected, "{next:?}");
        }
    }
}
