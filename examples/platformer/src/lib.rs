//! A platform fighter for two to eight players, written as most Bevy games are: floats,
//! `Transform`, timers, a state with `OnEnter` and `OnExit`, children, messages, entities
//! that refer to others.
//!
//! A fighter that is hit flies the farther the more often it was, and one that falls off the stage loses a life. All of
//! [`sim`] rolls back; [`view`] and [`keys`] are outside.

pub mod bot;
pub mod fixed_match;
pub mod input;
pub mod keys;
pub mod sim;
pub mod view;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::{Controls, Game};

use input::{FighterInput, Released};

/// The game, for the runner.
pub static GAME: Game = Game {
    program: "platformer",
    title: "Platformer",
    most_players: 8,
    version: "platformer 2",
    simulation,
    controls,
    view: view::plugin,
};

/// Adds bevy_netplay and the simulation.
pub fn simulation(app: &mut App, config: NetplayConfig) {
    let netplay = NetplayPlugins::<FighterInput>::new(config).by_serde().predict_by::<Released>();
    let netplay = netplay.local_players::<4>();
    app.add_plugins((netplay, sim::plugin));
}

fn controls(app: &mut App, controls: Controls) {
    match controls {
        Controls::Keyboard => app.add_plugins(keys::KeysPlugin { players: 1 }),
        Controls::SharedKeyboard => app.add_plugins(keys::KeysPlugin { players: 2 }),
        Controls::Bot { seed, hunts } => app.add_plugins(bot::BotPlugin { seed, hunts }),
    };
}
