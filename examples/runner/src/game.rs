//! [`Game`]: what the runner must know of a game.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// A game that the runner makes a program and a page of.
#[derive(Clone, Copy)]
pub struct Game {
    /// The name of its program, and of the game in the address of the page.
    pub program: &'static str,
    /// The title of its window.
    pub title: &'static str,
    /// How many can play it at most.
    pub most_players: u8,
    /// The name and version that peers compare before a match. Change it together with the rules.
    pub version: &'static str,
    /// Adds bevy_netplay and the simulation. Every App has it: windows, bots, tests.
    pub simulation: fn(&mut App, NetplayConfig),
    /// Adds what makes the inputs of the local players.
    pub controls: fn(&mut App, Controls),
    /// Adds what draws the match, to an App with Bevy's `DefaultPlugins`.
    pub view: fn(&mut App),
}

/// Where the inputs of the local players come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controls {
    /// A person at the keyboard.
    Keyboard,
    /// Two persons at one keyboard.
    SharedKeyboard,
    /// A program.
    Bot {
        /// The seed of its random inputs.
        seed: u64,
        /// Whether it attacks the other players instead of pressing random buttons.
        hunts: bool,
    },
}
