//! A match without a network: bevy_ggrs with a sync test session, which rolls back in every frame and compares
//! checksums. Each update of the app is one frame.
//!
//! Tests use it, and [`checksum_of_fixed_match`] shows whether this machine computes the same as every other one.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_ggrs::prelude::*;
use bevy_ggrs::{Checksum, LocalInputs, LocalPlayers};
use bevy_netplay::prelude::{CurrentMatch, RollbackFrameCount, StartMatch};
use bevy_netplay::{GgrsInput, NetplayGgrs};
use ggrs::GgrsError;

use crate::bot::random_input;
use crate::sim::{ArenaInput, SimulationPlugin};

/// The checksum of the state before frame 600 of a match of two players with seed 42. If it changes, peers with the
/// old and the new rules cannot play together: then change it, and [`GAME`](crate::GAME) with it.
pub const GOLDEN: u128 = 0x6bf0_8a50_791a_5dbc;

type Ggrs = NetplayGgrs<ArenaInput>;

/// The frames of the mismatches that the session found.
#[derive(Resource, Default)]
pub struct Mismatches(pub Vec<i32>);

/// The inputs of the match: of a player, in a frame.
#[derive(Resource)]
pub struct Script(pub fn(u64, u32) -> ArenaInput);

/// An app with a sync test of a match with this seed.
///
/// # Errors
///
/// [`GgrsError`] where ggrs makes no session with so many players, or such a check distance.
pub fn sync_test_app(seed: u64, players: usize, check_distance: usize) -> Result<App, GgrsError> {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, GgrsPlugin::<Ggrs>::default(), SimulationPlugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_nanos(16_666_667)))
        .insert_resource(CurrentMatch::new(1, players, 0, seed))
        .insert_resource(Script(random_input))
        .init_resource::<Mismatches>()
        .add_systems(ReadInputs, press)
        .add_observer(|mismatch: On<SyncTestMismatch>, mut all: ResMut<Mismatches>| {
            all.0.push(mismatch.current_frame);
        });

    let mut builder = SessionBuilder::<Ggrs>::new()
        .with_num_players(players)?
        .with_input_delay(2)
        .with_check_distance(check_distance);
    for player in 0..players {
        builder = builder.add_player(PlayerType::Local, player)?;
    }
    app.finish();
    app.cleanup();
    // The first update starts the clock and simulates nothing.
    app.update();
    app.world_mut().run_schedule(StartMatch);
    app.world_mut().flush();
    app.insert_resource(Session::SyncTest(builder.start_synctest_session()?));
    Ok(app)
}

fn press(
    mut commands: Commands,
    script: Res<Script>,
    players: Res<LocalPlayers>,
    frame: Res<RollbackFrameCount>,
) {
    let buttons = |player: usize| GgrsInput {
        input: script.0(player as u64, frame.0.unsigned_abs()),
        disconnected: false,
    };
    let inputs = players.0.iter().map(|&player| (player, buttons(player))).collect();
    commands.insert_resource(LocalInputs::<Ggrs>(inputs));
}

/// Runs until `frame` is the next frame to be simulated. Returns false if the session does not get there.
pub fn run_to(app: &mut App, frame: i32) -> bool {
    for _ in 0..frame * 2 + 100 {
        if app.world().resource::<RollbackFrameCount>().0 >= frame {
            return true;
        }
        app.update();
    }
    false
}

/// The checksum of the state before the next frame.
pub fn checksum(app: &mut App) -> u128 {
    app.world_mut().run_schedule(bevy_ggrs::SaveWorld);
    app.world().resource::<Checksum>().0
}

/// The checksum that should be [`GOLDEN`], as this machine computes it.
///
/// # Errors
///
/// [`GgrsError`] where ggrs makes no session.
pub fn checksum_of_fixed_match() -> Result<u128, GgrsError> {
    let mut app = sync_test_app(42, 2, 0)?;
    run_to(&mut app, 600);
    Ok(checksum(&mut app))
}
