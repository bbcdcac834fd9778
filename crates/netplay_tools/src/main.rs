//! `netplay-tools …`: looks at the files that a match leaves, of any game.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its user on the terminal"
)]

mod desync;
mod file;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks at the files that a match of bevy_netplay leaves.
#[derive(Parser)]
#[command(name = "netplay-tools", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compares desync bundles: frame, type, entity, field and both values
    Desync(desync::DesyncArgs),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Desync(args) => desync::run(&args),
    };
    outcome.unwrap_or_else(|sentence| {
        eprintln!("{sentence}");
        ExitCode::FAILURE
    })
}
