//! The whole arena on virtual time, with simulated networks, the real signaling server, and random failures of
//! paths ([`netplay_testkit::chaos`]).

use arena::bot::BotPlugin;
use arena::sim::{ArenaInput, SimulationPlugin};
use bevy_netplay::prelude::*;
use netplay_testkit::chaos::{play, play_seeds};

/// How many seeds are played unless told otherwise.
const SEEDS: u64 = 40;

#[test]
fn whatever_happens_to_paths_the_arena_goes_on() {
    let command = "cargo test -p arena --test main whatever_happens";
    play_seeds(SEEDS, command, |seed| {
        play(seed, |apps| {
            apps.served().game(move |app, mut config| {
                config.game = arena::GAME.into();
                app.add_plugins((
                    NetplayPlugins::<ArenaInput>::new(config),
                    SimulationPlugin,
                    BotPlugin { seed, hunts: true },
                ));
            })
        });
    });
}
