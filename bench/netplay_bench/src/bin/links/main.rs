//! The figures of `cargo xtask bench links`: each command measures one thing over loopback, with the real server
//! and real WebRTC.

#![allow(clippy::disallowed_methods, reason = "timing is this program's purpose")]

mod attempts;
mod cost;
mod crowd;
mod failover;
mod messages;
mod paired_apps;
mod plain;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "links", about = "The figures of `cargo xtask bench links`")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The time from the start of an attempt to an open connection
    Attempts {
        /// How many, one after the other
        #[arg(long, default_value_t = 50)]
        count: u32,
    },
    /// The same of two plain matchbox sockets, from joining the room to being connected
    Plain {
        /// How many, one after the other
        #[arg(long, default_value_t = 10)]
        count: u32,
    },
    /// A match whose direct path is cut and restored, and whose connection is closed
    Breaks,
    /// The round trip times of a match, on the direct path and through the server
    Relay,
    /// How long messages take in a match, short ones and long ones, and the round trip times meanwhile
    Messages,
    /// What the agent and the link cost each frame
    Cost,
    /// What a match of four and one of eight cost each player
    Crowd,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Attempts { count } => attempts::measure(count),
        Command::Plain { count } => plain::measure(count),
        Command::Breaks => failover::measure(),
        Command::Relay => paired_apps::round_trips(),
        Command::Messages => messages::measure(),
        Command::Cost => Ok(cost::measure()),
        Command::Crowd => crowd::measure(),
    };
    netplay_bench::print(result)
}
