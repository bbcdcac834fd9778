//! What runs before frame 0, and what is said before the first match.

use std::thread::{self, ThreadId};
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::messages::RoomEnded;
use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

use super::builder;

/// An App that plays alone.
pub(super) fn alone(game: fn(&mut App)) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_micros(16_667)));
    game(&mut app);
    app.finish();
    app.cleanup();
    app
}

/// Has an App play a match alone, for so many updates.
pub(super) fn play_alone(app: &mut App, players: usize, updates: u32) {
    app.world_mut().commands().play_alone(players);
    (0..updates).for_each(|_| app.update());
}

/// Plays a match, and another one.
fn play_twice(apps: &mut TestApps) {
    apps.run_until_confirmed(30, 600);
    for index in apps.indices() {
        apps.command(index, |commands| commands.rematch());
    }
    apps.run_until("the rematch", 600, |apps| apps.epoch(0) == Some(2) && apps.epoch(1) == Some(2));
    apps.run_until_confirmed(30, 600);
}

/// What ran, in order.
#[derive(Resource, Clone, Default, Debug, PartialEq)]
struct Order(Vec<&'static str>);

fn game(app: &mut App) {
    app.init_resource::<Order>()
        .add_systems(StartMatch, |mut order: ResMut<Order>| order.0.push("StartMatch"))
        .add_systems(OnEnter(NetplayState::Playing), |mut order: ResMut<Order>| {
            order.0.push("OnEnter")
        })
        .add_systems(OnExit(NetplayState::Playing), |mut order: ResMut<Order>| {
            order.0.push("OnExit")
        })
        .add_systems(NetplayUpdate, |frame: Res<RollbackFrameCount>, mut order: ResMut<Order>| {
            if frame.0 == 1 && order.0.last() != Some(&"frame 0") {
                order.0.push("frame 0");
            }
        });
}

#[test]
fn a_match_is_set_up_then_entered_then_simulated_and_left_before_a_rematch_is() {
    let mut apps = builder(21, game).start();
    play_twice(&mut apps);
    for index in apps.indices() {
        assert_eq!(
            apps.world(index).resource::<Order>().0,
            ["StartMatch", "OnEnter", "frame 0", "OnExit", "StartMatch", "OnEnter", "frame 0"],
            "App {index}: {apps}"
        );
    }
}

#[test]
fn what_is_spawned_for_the_time_of_a_match_is_despawned_before_the_next_one_is_set_up() {
    fn spawn(mut commands: Commands) {
        commands.spawn(DespawnOnExit(NetplayState::Playing));
        commands.spawn((RollbackEntity, DespawnOnExit(NetplayState::Playing)));
    }
    fn spawned(world: &mut World) -> (usize, usize) {
        let mut spawned =
            world.query_filtered::<Has<RollbackEntity>, With<DespawnOnExit<NetplayState>>>();
        let rolls_back = spawned.iter(world).filter(|rolls_back| *rolls_back).count();
        (rolls_back, spawned.iter(world).count())
    }
    let game = |app: &mut App| {
        app.add_systems(StartMatch, spawn);
    };
    let mut apps = builder(23, game).start();
    play_twice(&mut apps);
    for index in apps.indices() {
        assert_eq!(spawned(apps.world_mut(index)), (1, 2), "App {index}: {apps}");
    }
    // The same if the match is played alone.
    let mut app = alone(game);
    for _ in 0..2 {
        play_alone(&mut app, 2, 10);
        assert_eq!(spawned(app.world_mut()), (1, 2));
    }
}

#[test]
fn what_sets_a_match_up_and_the_transitions_of_its_states_run_on_one_thread() {
    #[derive(States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    enum Phase {
        #[default]
        Build,
        Fight,
    }
    #[derive(Resource, Default)]
    struct Threads(Vec<ThreadId>);
    fn note(mut threads: ResMut<Threads>) {
        threads.0.push(thread::current().id());
    }
    let mut app = alone(|app| {
        app.init_resource::<Threads>()
            .rollback_state_by_hash::<Phase>()
            .add_systems(StartMatch, note)
            .add_systems(OnEnter(Phase::Build), note)
            .add_systems(OnExit(Phase::Build), note)
            .add_systems(OnTransition { exited: Phase::Build, entered: Phase::Fight }, note)
            .add_systems(OnEnter(Phase::Fight), note)
            .add_systems(NetplayUpdate, |mut next: ResMut<NextState<Phase>>| {
                *next = NextState::PendingIfNeq(Phase::Fight)
            });
    });
    play_alone(&mut app, 2, 10);
    assert_eq!(app.world().resource::<Threads>().0, [thread::current().id(); 5]);
}

#[test]
fn a_match_that_cannot_be_played_alone_ends_with_the_reason() {
    fn state(app: &App) -> NetplayState {
        *app.world().resource::<State<NetplayState>>().get()
    }
    let mut app = alone(|_| {});
    for (players, frame_rate, what) in
        [(0, 60, "1 to 8 players"), (9, 60, "1 to 8 players"), (2, 0, "rate"), (2, 1001, "rate")]
    {
        play_alone(&mut app, 2, 10);
        assert_eq!(state(&app), NetplayState::Playing);
        assert_eq!(app.world().resource::<LastEndReason>().0, None);
        app.world_mut().resource_mut::<NetplayConfig>().frame_rate = frame_rate;
        play_alone(&mut app, players, 1);
        assert_eq!(state(&app), NetplayState::Ended);
        let reason = app.world().resource::<LastEndReason>().0.clone();
        assert!(matches!(reason, Some(EndReason::BadRequest { .. })), "{reason:?}");
        assert!(reason.unwrap().to_string().contains(what), "{what}");
        let ended = app.world_mut().resource_mut::<Messages<RoomEnded>>().drain().count();
        assert_eq!(ended, 1);
        let frame = app.world().resource::<RollbackFrameCount>().0;
        (0..10).for_each(|_| app.update());
        assert_eq!(app.world().resource::<RollbackFrameCount>().0, frame, "nothing is played");
        app.world_mut().resource_mut::<NetplayConfig>().frame_rate = 60;
    }
}

#[test]
fn a_match_that_is_left_in_the_update_in_which_it_was_asked_for_does_not_start() {
    let mut app = alone(|_| {});
    app.world_mut().commands().play_alone(2);
    app.world_mut().commands().leave_room();
    (0..10).for_each(|_| app.update());
    assert!(!app.world().contains_resource::<CurrentMatch>());
}

#[test]
fn systems_whose_order_is_open_are_told_at_start_up_with_what_to_write() {
    #[derive(Resource, Default)]
    struct Counter(u32);
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
        .init_resource::<Counter>()
        .add_systems(NetplayUpdate, |mut counter: ResMut<Counter>| counter.0 += 1)
        .add_systems(NetplayUpdate, |mut counter: ResMut<Counter>| counter.0 *= 2);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| app.finish()));
    let message = panicked.unwrap_err().downcast::<String>().unwrap();
    for part in ["NetplayUpdate", ".chain()", "conflicting data access", "debug"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

#[test]
fn the_frame_rate_may_be_set_until_the_room_is_joined_and_zero_is_refused() {
    let apps = |rate| {
        TestApps::builder(22)
            .extend(move |_, app| app.world_mut().resource_mut::<NetplayConfig>().frame_rate = rate)
            .build()
    };
    let mut slow = apps(20);
    slow.join_all();
    slow.run_until("all play", 600, TestApps::all_playing);
    slow.run(180);
    let frame = slow.world(0).resource::<RollbackFrameCount>().0;
    // In the first two seconds a player who is behind may be 5 % faster.
    assert!((50..=63).contains(&frame), "{frame} frames in 3 s at 20 per second: {slow}");
    let mut none = apps(0);
    none.join_all();
    none.run(2);
    let reason = none.end_reason(0).unwrap().to_string();
    assert!(reason.contains("frame_rate"), "{reason}");
}
