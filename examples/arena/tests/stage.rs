//! A simulation that a test drives by itself: bevy_ggrs with a sync test session, which goes back as far as
//! it may in every frame and compares checksums, and no network.

use arena::pilot::random_input;
use arena::sim::{ArenaInput, SimulationPlugin};
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_ggrs::prelude::*;
use bevy_ggrs::{Checksum, ChecksumPlugin, LocalInputs, LocalPlayers};
use bevy_netplay::prelude::{ConfirmedFrameCount, Match, RollbackFrameCount, StartMatch};
use bevy_netplay::{NetplayGgrs, SeatInput};
use std::time::Duration;

pub type Ggrs = NetplayGgrs<ArenaInput>;

/// Frames of the first mismatches that the session found.
#[derive(Resource, Default)]
pub struct Mismatches(pub Vec<i32>);

/// What presses the buttons in a test: of a player, in a frame.
#[derive(Resource)]
pub struct Script(pub fn(u64, u32) -> ArenaInput);

/// An app of which every update is one frame of a match with this seed.
pub fn stage(seed: u64, players: usize, check_distance: usize) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, GgrsPlugin::<Ggrs>::default(), SimulationPlugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_nanos(16_666_667)))
        .insert_resource(Match { epoch: 1, players, local_player: 0, seed })
        .insert_resource(Script(random_input))
        .init_resource::<Mismatches>()
        .add_systems(ReadInputs, press)
        .add_observer(|mismatch: On<SyncTestMismatch>, mut all: ResMut<Mismatches>| {
            all.0.push(mismatch.current_frame);
        });
    assert!(app.is_plugin_added::<ChecksumPlugin>());

    let mut builder = SessionBuilder::<Ggrs>::new()
        .with_num_players(players)
        .unwrap()
        .with_input_delay(2)
        .with_check_distance(check_distance);
    for player in 0..players {
        builder = builder.add_player(PlayerType::Local, player).unwrap();
    }
    app.finish();
    app.cleanup();
    // The first update only starts the clock.
    app.update();
    app.world_mut().run_schedule(StartMatch);
    app.world_mut().flush();
    app.insert_resource(Session::SyncTest(builder.start_synctest_session().unwrap()));
    app
}

fn press(
    mut commands: Commands,
    script: Res<Script>,
    players: Res<LocalPlayers>,
    frame: Res<RollbackFrameCount>,
) {
    let buttons = |player: usize| SeatInput {
        input: script.0(player as u64, frame.0.unsigned_abs()),
        gone: false,
    };
    let inputs = players.0.iter().map(|&player| (player, buttons(player))).collect();
    commands.insert_resource(LocalInputs::<Ggrs>(inputs));
}

/// Runs until `frame` is the next one to be simulated.
pub fn run_to(app: &mut App, frame: i32) {
    for _ in 0..frame * 2 + 100 {
        if app.world().resource::<RollbackFrameCount>().0 >= frame {
            return;
        }
        app.update();
    }
    let confirmed = app.world().resource::<ConfirmedFrameCount>().0;
    panic!("frame {frame} is not reached; confirmed is {confirmed}");
}

/// The checksum of the state before the frame that comes next.
pub fn checksum(app: &mut App) -> u128 {
    app.world_mut().run_schedule(bevy_ggrs::SaveWorld);
    app.world().resource::<Checksum>().0
}

/// The session found no frame that came out differently when it was computed again.
#[track_caller]
pub fn assert_in_sync(app: &App) {
    let mismatches = &app.world().resource::<Mismatches>().0;
    assert!(mismatches.is_empty(), "frames that differ: {mismatches:?}");
}
