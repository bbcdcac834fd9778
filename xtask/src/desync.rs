//! `cargo xtask desync A B [--replay] [--shrink OUT]`: the arena's desync bundles.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::steps::{self, Step};
use crate::workspace::cargo;

#[derive(Args)]
pub struct DesyncArguments {
    /// The bundle that one peer wrote
    a: PathBuf,
    /// The bundle that the other peer wrote
    b: Option<PathBuf>,
    /// Simulate the first bundle again, and say whose checksums come out
    #[arg(long)]
    replay: bool,
    /// Find the shortest match that still differs, and write it to this file
    #[arg(long, value_name = "OUT")]
    shrink: Option<PathBuf>,
}

/// Compares them with `netplay-tools`, which knows no game; what takes the game is done by the arena.
pub fn run(arguments: &DesyncArguments) -> Result<(), String> {
    steps::run(planned(arguments))
}

fn planned(arguments: &DesyncArguments) -> Vec<Step> {
    let DesyncArguments { a, b, replay, shrink } = arguments;
    let files: Vec<PathBuf> = [Some(a), b.as_ref()].into_iter().flatten().map(absolute).collect();
    let mut compare = cargo();
    compare.args(["run", "--quiet", "--locked", "-p", "netplay_tools", "--", "desync"]);
    compare.args(&files);
    let mut planned = vec![Step::new("comparing", compare)];
    if *replay || shrink.is_some() {
        let mut simulate = cargo();
        simulate.args(["run", "--quiet", "--locked", "--release", "-p", "arena", "--", "desync"]);
        simulate.args(&files);
        if *replay {
            simulate.arg("--replay");
        }
        if let Some(out) = shrink {
            simulate.arg("--shrink").arg(absolute(out));
        }
        planned.push(Step::new("simulating", simulate));
    }
    planned
}

/// The programs run in the folder of the workspace.
fn absolute(path: impl AsRef<Path>) -> PathBuf {
    std::path::absolute(&path).unwrap_or_else(|_| path.as_ref().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arena_is_asked_only_for_what_takes_the_game() {
        let lines = |replay, shrink: Option<&str>| -> Vec<String> {
            let (a, b) = ("/a".into(), Some("/b".into()));
            let arguments = DesyncArguments { a, b, replay, shrink: shrink.map(Into::into) };
            planned(&arguments).iter().map(Step::line).collect()
        };
        let compared = lines(false, None);
        assert_eq!(compared.len(), 1);
        assert!(compared[0].ends_with("netplay_tools -- desync /a /b"), "{compared:?}");
        let all = lines(true, Some("/out"));
        assert!(all[1].ends_with("arena -- desync /a /b --replay --shrink /out"), "{all:?}");
    }
}
