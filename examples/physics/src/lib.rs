//! Two to four players push two hundred crates about, seen from above: rapier2d, rolled back whole.
//!
//! The world of rapier is one resource ([`Physics`]). Every kept frame has a copy of it, and peers compare a hash of
//! its bodies. Entities refer to bodies by handle; their `Transform` is written outside of the simulation.

pub mod bot;
pub mod crates;
pub mod field;
pub mod fixed_match;
pub mod input;
pub mod keys;
pub mod pusher;
pub mod score;
pub mod view;
mod world;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::{Controls, Game};

pub use world::{Body, NewBody, Physics, Shape};

use input::PusherInput;

/// The game, for the runner.
pub static GAME: Game = Game {
    program: "physics",
    title: "Physics",
    most_players: 4,
    version: "physics 1",
    simulation,
    controls,
    view: view::plugin,
};

/// Adds bevy_netplay and the simulation.
pub fn simulation(app: &mut App, config: NetplayConfig) {
    app.add_plugins(NetplayPlugins::<PusherInput>::new(config).local_players::<4>())
        .init_resource::<Physics>()
        .init_resource::<score::Scores>()
        .rollback_resource_by_hash::<Physics>()
        .rollback_resource_by_reflect::<score::Scores>()
        .rollback_component_by_hash::<Body>()
        .rollback_component_by_reflect::<pusher::Pusher>()
        .rollback_component_by_reflect::<crates::Crate>()
        .add_systems(StartMatch, field::set_up)
        .add_systems(
            NetplayUpdate,
            (score::begin_again, pusher::steer, world::step, crates::collect).chain(),
        );
}

fn controls(app: &mut App, controls: Controls) {
    match controls {
        Controls::Keyboard => app.add_plugins(keys::KeysPlugin { players: 1 }),
        Controls::SharedKeyboard => app.add_plugins(keys::KeysPlugin { players: 2 }),
        Controls::Bot { seed, hunts } => app.add_plugins(bot::BotPlugin { seed, hunts }),
    };
}
