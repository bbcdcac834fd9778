//! The arena as a player without a window, on plain bevy_ggrs and matchbox_socket.
//!
//! This is what the benchmarks of the workspace compare with: the same game, the same inputs, the same
//! settings, wired the way the documentation of bevy_ggrs and matchbox wires a game. Nothing of
//! bevy_netplay's links, transport or session takes part; only its registration of what rolls back does,
//! because that is how the arena is written.

#![allow(clippy::disallowed_methods, reason = "taking times is what this program is for")]

mod report;
mod session;
mod socket;

use std::path::PathBuf;
use std::time::Duration;

use arena::measure::FrameCostPlugin;
use bevy::app::ScheduleRunnerPlugin;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use clap::Parser;

/// How many frames the simulation has per second.
const FRAME_RATE: usize = 60;

#[derive(Parser, Resource, Clone)]
#[command(name = "plain-peer", about = "Plays the arena on plain bevy_ggrs and matchbox_socket")]
struct Arguments {
    /// The matchbox signaling server
    #[arg(long, default_value = "ws://127.0.0.1:3536")]
    server: String,
    /// The room: whoever names the same one plays together
    #[arg(long)]
    room: String,
    /// How many play
    #[arg(long, default_value_t = 2)]
    players: usize,
    /// The match is over when this frame is confirmed
    #[arg(long, default_value_t = 1200)]
    frames: i32,
    /// Where the inputs come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the report goes
    #[arg(long)]
    report: PathBuf,
    /// Gives up when no match has started after so many seconds
    #[arg(long, default_value_t = 30)]
    wait_s: u64,
    /// The time from one update of the app to the next; the bot of the arena has 4 ms
    #[arg(long, default_value_t = 4)]
    tick_ms: u64,
    /// Stays for so many seconds after the last frame, so that the others get their inputs
    #[arg(long, default_value_t = 2)]
    linger_s: u64,
}

fn main() -> AppExit {
    let arguments = Arguments::parse();
    let tick = Duration::from_millis(arguments.tick_ms);
    App::new()
        .add_plugins((
            MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(tick)),
            LogPlugin { filter: "warn".into(), ..LogPlugin::default() },
            FrameCostPlugin,
            session::plugin,
            report::plugin,
        ))
        .insert_resource(arguments)
        .run()
}
