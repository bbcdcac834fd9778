//! Matches without a server and without a second player.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::prelude::*;

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
    // Two frames of input delay.
    let expected = |frame: usize| [frame as u8 - 2, (frame as u8 - 2).wrapping_mul(3)];
    assert_eq!(seen[..2], [[0, 0]; 2]);
    assert!((2..seen.len()).all(|frame| seen[frame] == expected(frame)), "{seen:?}");
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
