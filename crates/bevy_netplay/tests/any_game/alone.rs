//! Matches without a server and without a second player.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::prelude::*;
use bevy_netplay::{InputStatus, SyncTest, SyncTestError};
use serde::{Deserialize, Serialize, Serializer};

use super::random_input;

/// The inputs of both players, in every frame.
#[derive(Resource, Clone, Default, Hash)]
struct Seen(Vec<[u8; 2]>);

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_micros(16_667)))
        .init_resource::<Seen>()
        .rollback_resource_by_hash::<Seen>()
        .add_systems(StartMatch, |mut commands: Commands| commands.insert_resource(Seen::default()))
        .add_systems(
            ReadLocalInput,
            |frame: Res<RollbackFrameCount>, mut input: ResMut<LocalInput<u8>>| {
                input.0 = frame.0 as u8;
                let first = input.0;
                input.set(1, first.wrapping_mul(3));
            },
        )
        .add_systems(NetplayUpdate, |inputs: Inputs<u8>, mut seen: ResMut<Seen>| {
            seen.0.push([inputs.get(0), inputs.get(1)]);
        });
    app.finish();
    app.cleanup();
    app
}

fn update(app: &mut App, updates: u32) {
    (0..updates).for_each(|_| app.update());
}

fn state(app: &App) -> NetplayState {
    *app.world().resource::<State<NetplayState>>().get()
}

#[test]
fn one_call_plays_a_match_alone_for_several_local_players() {
    let mut app = app();
    app.world_mut().commands().play_alone(2);
    update(&mut app, 100);
    assert_eq!(state(&app), NetplayState::Playing);
    let this_match = app.world().resource::<CurrentMatch>().clone();
    assert_eq!((this_match.players, this_match.local_player), (2, PlayerHandle(0)));
    let seen = &app.world().resource::<Seen>().0;
    assert!(seen.len() > 90, "{} frames in 100 updates", seen.len());
    // One frame of input delay.
    let expected = |frame: usize| [frame as u8 - 1, (frame as u8 - 1).wrapping_mul(3)];
    assert_eq!(seen[0], [0, 0]);
    assert!((1..seen.len()).all(|frame| seen[frame] == expected(frame)), "{seen:?}");
    let metrics = app.world().resource::<RollbackMetrics>();
    assert_eq!((metrics.rollbacks, metrics.stalls), (0, 0));
}

#[test]
fn asking_again_plays_another_match_and_leaving_ends_it() {
    let mut app = app();
    app.world_mut().commands().play_alone(2);
    update(&mut app, 50);
    let first = app.world().resource::<CurrentMatch>().clone();
    app.world_mut().commands().play_alone(2);
    update(&mut app, 10);
    let second = app.world().resource::<CurrentMatch>();
    assert_ne!((first.epoch, first.seed), (second.epoch, second.seed));
    assert!(app.world().resource::<Seen>().0.len() < 12, "it began at frame 0");
    app.world_mut().commands().leave_room();
    update(&mut app, 3);
    assert_eq!(state(&app), NetplayState::Offline);
    let frames = app.world().resource::<Seen>().0.len();
    update(&mut app, 10);
    assert_eq!(app.world().resource::<Seen>().0.len(), frames);
}

/// Never the default input, and one that nobody can predict.
fn input(player: PlayerHandle, frame: i32) -> u8 {
    random_input(player, frame) as u8 | 1
}

#[test]
fn every_frame_of_a_sync_test_has_its_input() {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let game = |app: &mut App| {
        let seen = seen.clone();
        app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default())).add_systems(
            NetplayUpdate,
            move |inputs: Inputs<u8>, frame: Res<RollbackFrameCount>| {
                // The frame that is simulated, less one of input delay.
                let given = frame.0 - 1 - 1;
                for player in [0, 1, 2].map(PlayerHandle) {
                    if given >= 0 && inputs.status(player) == InputStatus::Confirmed {
                        assert_eq!(inputs.get(player), input(player, given), "{player}, {given}");
                        seen.lock().unwrap().insert((player, given));
                    }
                }
            },
        );
    };
    SyncTest::new(3).frames(100).run(game, input).unwrap();
    let seen = seen.lock().unwrap();
    for player in [0, 1, 2].map(PlayerHandle) {
        assert!((0..98).all(|frame| seen.contains(&(player, frame))), "{player}");
    }
}

#[test]
fn a_sync_test_goes_back_as_far_as_it_says() {
    for (distance, sparse_saving) in [(1, false), (2, false), (7, false), (31, false), (7, true)] {
        let game = |app: &mut App| {
            let config = NetplayConfig { sparse_saving, ..default() };
            app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::new(config)));
        };
        let report = SyncTest::new(2).frames(400).check_distance(distance).run(game, input);
        assert_eq!(report.unwrap().depth_max, distance as u32, "sparse saving: {sparse_saving}");
    }
}

#[test]
fn a_sync_test_names_a_type_whose_values_cannot_be_compared() {
    /// A number that serializes as long as it is small.
    #[derive(Resource, Clone, Default, Deserialize)]
    struct Small(u32);

    impl Serialize for Small {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                0..50 => self.0.serialize(serializer),
                _ => Err(serde::ser::Error::custom("it is too large")),
            }
        }
    }

    let game = |app: &mut App| {
        app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
            .rollback_resource::<Small>()
            .init_resource::<Small>()
            .add_systems(NetplayUpdate, |mut small: ResMut<Small>| small.0 += 1);
    };
    let error = SyncTest::new(2).frames(100).run(game, input).unwrap_err();
    assert!(error.to_string().ends_with("cannot be compared from frame 50 on: it is too large"));
    let SyncTestError::NotCompared { frame, type_name, .. } = error else { panic!("{error}") };
    assert!(frame == 50 && type_name.ends_with("Small"), "{frame}, {type_name}");
}

#[test]
fn a_sync_test_finds_a_system_that_depends_on_the_order_of_a_query() {
    #[derive(Component, Clone, Hash)]
    struct Rank(usize);

    fn game(app: &mut App) {
        app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
            .rollback_component_by_hash::<Rank>()
            .add_systems(StartMatch, |mut commands: Commands| {
                commands.spawn_batch((0..8).map(|_| (RollbackEntity, Rank(0))));
            });
    }

    let unsorted = |app: &mut App| {
        game(app);
        app.add_systems(NetplayUpdate, |mut ranks: Query<&mut Rank>| {
            ranks.iter_mut().enumerate().for_each(|(place, mut rank)| rank.0 = place);
        });
    };
    let sorted = |app: &mut App| {
        game(app);
        app.add_systems(NetplayUpdate, |mut ranks: Query<(&mut Rank, &SpawnOrder)>| {
            let ranks = ranks.iter_mut().sort::<&SpawnOrder>();
            ranks.enumerate().for_each(|(place, (mut rank, _))| rank.0 = place);
        });
    };
    SyncTest::new(2).frames(60).run(sorted, input).unwrap();
    let error = SyncTest::new(2).frames(60).run(unsorted, input).unwrap_err();
    assert!(error.to_string().contains("Rank"), "{error}");
}
