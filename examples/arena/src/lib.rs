//! Arena: two to eight ships, seen from above, fight for a minute between walls.
//!
//! [`sim`] is the simulation that every peer computes: integers only, all state rolled back, the same bits on every
//! machine. [`lobby`] and [`chat`] are what is around a match. [`view`] draws it, and may use floats, because nothing flows
//! back into the simulation. [`bot`] makes inputs in the place of a human player.
//!
//! It is a library so that tests and benchmarks run the same simulation as the game.

pub mod bot;
pub mod chat;
pub mod fixed_match;
pub mod lobby;
pub mod names;
mod plain_text;
pub mod planted;
pub mod rooms;
pub mod sim;
pub mod standings;
pub mod view;

use bevy::app::PluginGroup;
use bevy_netplay::prelude::{NetplayConfig, NetplayPlugins};
pub use example_runner::{assets, measure};

/// bevy_netplay for the arena: up to four players on one machine.
pub fn netplay(config: NetplayConfig) -> impl PluginGroup {
    NetplayPlugins::<sim::ArenaInput>::new(config).local_players::<4>()
}

/// The name that peers compare before a match. Change it together with the rules.
pub const GAME: &str = "arena 2";
