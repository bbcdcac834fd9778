//! `cargo xtask fuzz`: runs the fuzz targets on stable Rust, for as many inputs as it is told.

use clap::Args;

use crate::steps::{self, Step};
use crate::workspace::cargo;

#[derive(Args)]
pub struct FuzzArguments {
    /// How many inputs each target takes [default: those of its test, about ten seconds]
    #[arg(long)]
    runs: Option<u64>,
    /// The seed of the inputs
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Takes the input in this file only, such as one that failed
    #[arg(long)]
    input: Option<String>,
    /// The targets [default: all]
    targets: Vec<String>,
}

/// Builds the targets, optimised and with checks of overflow, and runs them.
pub fn run(arguments: &FuzzArguments) -> Result<(), String> {
    steps::run(vec![step(arguments)])
}

fn step(arguments: &FuzzArguments) -> Step {
    let FuzzArguments { runs, seed, input, targets } = arguments;
    let mut command = cargo();
    command.args(["run", "--locked", "--profile", "fuzz", "-p", "netplay_fuzz"]);
    command.args(["--bin", "netplay_fuzz", "--", "--seed", &seed.to_string()]);
    if let Some(runs) = runs {
        command.args(["--runs", &runs.to_string()]);
    }
    if let Some(input) = input {
        command.args(["--input", input]);
    }
    command.args(targets);
    Step::new("fuzzing", command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_reaches_the_program() {
        let targets = vec!["control".to_owned()];
        let arguments = FuzzArguments { runs: Some(7), seed: 3, input: None, targets };
        let line = step(&arguments).line();
        assert!(line.ends_with("netplay_fuzz -- --seed 3 --runs 7 control"), "{line}");
    }
}
