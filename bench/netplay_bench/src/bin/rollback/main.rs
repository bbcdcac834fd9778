//! The figures of `cargo xtask bench rollback`: the same game on the store of bevy_ggrs, on that of bevy_netplay, and
//! on nothing but memory copies.
//!
//! Each App is built as a game builds it, and driven as bevy_ggrs drives it for a session: by the schedules
//! `SaveWorld`, `LoadWorld` and `AdvanceWorld`. All schedules run on one thread. What is compared takes turns in one
//! process, and must come to the same state in the end.

#![allow(clippy::disallowed_methods, reason = "timing is this program's purpose")]

mod allocations;
mod allocator;
mod apps;
mod checksum;
mod cycle;
mod floor;
mod game;
mod minutes;
mod save;
mod store;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "rollback", about = "The figures of `cargo xtask bench rollback`")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A save, a load, and eight frames that are simulated again and saved
    Cycle(cycle::Cycle),
    /// A save
    Save(save::Save),
    /// The checksum of a frame
    Checksum(checksum::Checksum),
    /// How often memory is allocated in saves and loads
    Allocations(allocations::Allocations),
    /// How time and memory grow while short-lived entities come and go
    Minutes(minutes::Minutes),
}

fn main() -> ExitCode {
    let measured = match Arguments::parse().command {
        Command::Cycle(cycle) => cycle.measure(),
        Command::Save(save) => save.measure(),
        Command::Checksum(checksum) => checksum.measure(),
        Command::Allocations(allocations) => allocations.measure(),
        Command::Minutes(minutes) => minutes.measure(),
    };
    netplay_bench::print(measured)
}
