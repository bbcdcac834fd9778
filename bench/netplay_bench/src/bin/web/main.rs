//! The figures of `cargo xtask bench web`: each command measures one thing on pages that were built before, in a
//! real browser, with a real server.

mod duel;
mod leaks;
mod messages;
mod players;
mod signaling;
mod size;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use signaling::Stack;

#[derive(Parser)]
#[command(name = "web", about = "The figures of `cargo xtask bench web`")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// How many bytes of a page are sent, each of its files compressed with Brotli, or with gzip
    Size {
        /// The folder of the page
        #[arg(long)]
        dist: PathBuf,
    },
    /// A match of two pages: when its first frame was confirmed, and what netcode cost in a frame
    Duel {
        /// The folder of the page
        #[arg(long)]
        dist: PathBuf,
        /// What the page is made of
        #[arg(long, value_enum)]
        stack: Stack,
        /// How long the match is
        #[arg(long, default_value_t = 600)]
        frames: u32,
        /// Name a STUN server to the players that does not answer
        #[arg(long)]
        deaf_stun: bool,
    },
    /// How long messages take between two pages without a simulation, and the round trip times meanwhile
    Messages {
        /// The folder of the page
        #[arg(long)]
        dist: PathBuf,
    },
    /// Connections that are alive after rematches, and after connections that broke
    Leaks {
        /// The folder of the page
        #[arg(long)]
        dist: PathBuf,
        /// How many rematches
        #[arg(long, default_value_t = 50)]
        rematches: u32,
        /// How often the connection breaks
        #[arg(long, default_value_t = 20)]
        reconnects: u32,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Size { dist } => size::measure(&dist),
        Command::Duel { dist, stack, frames, deaf_stun } => {
            duel::measure(&dist, stack, frames, deaf_stun)
        }
        Command::Messages { dist } => messages::measure(&dist),
        Command::Leaks { dist, rematches, reconnects } => {
            leaks::measure(&dist, rematches, reconnects)
        }
    };
    netplay_bench::print(result)
}
