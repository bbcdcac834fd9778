//! The arena on plain bevy_ggrs and matchbox_socket: without a window, or as a page in a browser.
//!
//! This is what the benchmarks of the workspace compare with: the same simulation, the same inputs and the same
//! settings, wired the way the documentation of bevy_ggrs and matchbox wires a game. Nothing of bevy_netplay takes
//! part: the rules of the arena run on a [`netcode`] of their own.

#[cfg(not(target_arch = "wasm32"))]
mod native;
mod netcode;
#[cfg(target_arch = "wasm32")]
mod page;
mod report;
mod session;

use std::process::ExitCode;

use bevy::prelude::*;
use serde::Deserialize;

/// How many frames the simulation has per second.
const FRAME_RATE: usize = 60;

/// What to play: a command line or the address of a page says it.
#[derive(Resource, Clone, Debug, Deserialize)]
struct Orders {
    /// The matchbox signaling server.
    server: String,
    /// The room: peers that name the same one play together.
    room: String,
    /// How many play.
    players: u8,
    /// The match is over when this frame is confirmed.
    frames: i32,
    /// Where the inputs come from.
    seed: u64,
    /// A STUN server. Without one only paths within a network are found, and quickly.
    stun: Option<String>,
}

fn main() -> ExitCode {
    #[cfg(not(target_arch = "wasm32"))]
    return native::run();
    // The page is drawn already, and says when to play.
    #[cfg(target_arch = "wasm32")]
    return ExitCode::SUCCESS;
}
