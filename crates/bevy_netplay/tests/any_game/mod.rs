//! Games made of what other people's games are made of.

mod alone;
mod encoding;
mod entities;
mod inputs;
mod modes;
mod random_world;
mod restored;
mod start;
mod time;
mod types;

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_testkit::{TestApps, TestAppsBuilder};

/// A match with this game, on a network that makes it roll back.
fn builder(seed: u64, game: fn(&mut App)) -> TestAppsBuilder {
    let conditions =
        NetworkConditions { latency: Duration::from_millis(60), ..NetworkConditions::wifi() };
    TestApps::builder(seed).conditions(conditions).game(move |app, config| {
        app.add_plugins(NetplayPlugins::<u8>::new(config)).add_systems(ReadLocalInput, press);
        game(app);
    })
}

/// Inputs that nobody can predict.
fn press(
    this_match: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    mut input: ResMut<LocalInput<u8>>,
) {
    input.0 =
        random(this_match.seed ^ frame.0 as u64 ^ u64::from(this_match.local_player.0) << 32) as u8;
}

/// A random number for the input of a player in a frame.
fn random_input(player: PlayerHandle, frame: i32) -> u64 {
    random(frame as u64 ^ u64::from(player.0) << 32)
}

pub(super) fn random(seed: u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        state = (state ^ state >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    state ^ state >> 32
}

/// Plays so many frames, with equal checksums and with rollbacks.
#[track_caller]
fn assert_plays(apps: &mut TestApps, frames: i32) {
    apps.run_until_confirmed(frames, frames as u32 * 4 + 600);
    apps.assert_no_desync();
    apps.assert_equal_checksums();
    for index in apps.indices() {
        let metrics = apps.world(index).resource::<RollbackMetrics>();
        assert!(metrics.rollbacks > 0, "App {index} never rolled back: {apps}");
    }
}
