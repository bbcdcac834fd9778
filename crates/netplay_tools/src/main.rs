//! `netplay-tools …`: looks at the files that a match leaves, of any game.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its user on the terminal"
)]

mod desync;
mod file;
mod report;

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
    /// Draws session reports as one page of HTML
    Report(report::ReportArgs),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Desync(args) => desync::run(&args),
        Command::Report(args) => report::run(&args),
    };
    outcome.unwrap_or_else(|sentence| {
        eprintln!("{sentence}");
        ExitCode::FAILURE
    })
}
