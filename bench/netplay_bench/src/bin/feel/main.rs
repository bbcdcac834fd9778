//! The figures of `cargo xtask bench feel`: the same game on bevy_netplay and on plain bevy_ggrs with ggrs, both as their
//! documentation uses them, at the same time.
//!
//! All schedules run on one thread, and all Apps in one loop on real time, by which ggrs measures round trips.

#![allow(clippy::disallowed_methods, reason = "timing is this program's purpose")]

mod cost;
mod drive;
mod figures;
mod game;
mod matches;
mod network;
mod ours;
mod plain;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "feel", about = "The figures of `cargo xtask bench feel`")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// How far the ship of the other player jumps, over 100 ms with a loss of 3 %
    Jumps(matches::Matches),
    /// How often the leader repeats a frame where clocks are 0.5 % apart
    Clocks(matches::Matches),
    /// How differently two players roll back where the updates of one take 30 ms longer
    Slow(matches::Matches),
    /// What smoothing and interpolation cost
    Cost(cost::Cost),
}

fn main() -> ExitCode {
    let measured = match Arguments::parse().command {
        Command::Jumps(matches) => matches.jumps(),
        Command::Clocks(matches) => matches.clocks(),
        Command::Slow(matches) => matches.slow(),
        Command::Cost(cost) => cost.measure(),
    };
    netplay_bench::print(measured)
}
