//! A fixed match without a network. Its checksum shows whether this machine computes the same as every other one.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{SyncTest, SyncTestError};

use crate::bot;
use crate::input::PusherInput;

/// The checksum of the state before frame 240 of a match of two players with seed 42. If it changes, peers with the
/// old and the new rules, or versions of rapier, cannot play together: then change it, and the version in
/// [`GAME`](crate::GAME) with it.
pub const GOLDEN: u64 = 0x2ad3_2640_6afe_3ec1;

/// The checksum that should be [`GOLDEN`], as this machine computes it.
///
/// # Errors
///
/// [`SyncTestError`] where this machine does not even agree with itself.
pub fn checksum() -> Result<u64, SyncTestError> {
    // The checksum does not depend on how far the test goes back, the time it takes does.
    let test = SyncTest::new(2).seed(42).frames(240).check_distance(2);
    test.run(game, random_input).map(|report| report.checksum)
}

/// Adds the game to an App of a sync test.
pub fn game(app: &mut App) {
    app.add_plugins(MinimalPlugins);
    // The checksum depends on when inputs count, and not on what a game has by default.
    crate::simulation(app, NetplayConfig { input_delay: 2, ..default() });
}

/// The input of a player who presses random keys.
pub fn random_input(player: PlayerHandle, frame: i32) -> PusherInput {
    bot::random_input(player.0.into(), frame.unsigned_abs())
}
