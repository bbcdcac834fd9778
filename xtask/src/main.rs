//! `cargo xtask …`: the tasks of the workspace as a whole.
//!
//! * `cargo xtask test` runs everything that must be green before a change goes in;
//! * `cargo xtask fuzz` runs the fuzz targets for as many inputs as it is told;
//! * `cargo xtask desync` compares desync bundles of the arena, and simulates them again;
//! * `cargo xtask bench` plays matches on bevy_netplay and on plain bevy_ggrs + matchbox_socket side by
//!   side and prints how they compare;
//! * `cargo xtask report` draws session reports as a page;
//! * `cargo xtask sounds` synthesizes the sounds in `assets/sounds`.
//!
//! Every other program is started directly, never through a shell, and its output passes through.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its user on the terminal"
)]
#![allow(clippy::disallowed_methods, reason = "timing what it runs is this tool's purpose")]

mod bench;
#[cfg(test)]
mod checks;
mod desync;
mod fuzz;
mod limits;
mod report;
mod sounds;
mod steps;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests and benchmarks of the workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the whole test suite: formatting, lints, documentation, dependencies, the pages, tests (native and wasm32),
    /// doctests
    Test(test::TestArguments),
    /// Runs the fuzz targets on inputs from a seed
    Fuzz(fuzz::FuzzArguments),
    /// Compares desync bundles of the arena, and simulates one again
    Desync(desync::DesyncArguments),
    /// Plays matches on this library and on the plain stack, and prints how they compare
    Bench(bench::BenchArguments),
    /// Draws session reports as a page, as `netplay-tools report` does
    Report(report::ReportArguments),
    /// Synthesizes the sounds in `assets/sounds`
    Sounds,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Desync(arguments) => desync::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Sounds => sounds::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("\n{sentence}");
            ExitCode::FAILURE
        }
    }
}
