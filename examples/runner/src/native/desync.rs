//! The command `desync`: compares desync bundles, simulates one again, and shortens it.

use std::path::PathBuf;
use std::process::ExitCode;

use bevy::prelude::App;
use bevy_netplay::report_files::desync::{Sides, overview};
use bevy_netplay::{DesyncBundle, DesyncFile, replay_desync, shrink_desync};
use clap::Args;

use super::console;

#[expect(missing_docs, reason = "clap would print it")]
#[derive(Args, Clone, Debug)]
pub struct DesyncArgs {
    /// The bundle that one peer wrote
    pub a: PathBuf,
    /// The bundle that the other peer wrote; without it the two sides in the first one are compared
    pub b: Option<PathBuf>,
    /// Simulate the first bundle again, and say whose checksums come out
    #[arg(long)]
    pub replay: bool,
    /// Find the shortest match that still differs, and write it to this file
    #[arg(long, value_name = "OUT")]
    pub shrink: Option<PathBuf>,
}

/// Runs the command for the game that the function adds to an App, with time and bevy_netplay. The exit code is 0 if a
/// difference was found.
pub fn run(args: &DesyncArgs, game: impl Fn(&mut App)) -> ExitCode {
    carry_out(args, game).unwrap_or_else(|sentence| {
        console::error(sentence);
        ExitCode::FAILURE
    })
}

fn carry_out(args: &DesyncArgs, game: impl Fn(&mut App)) -> Result<ExitCode, String> {
    let read = |path: &PathBuf| {
        DesyncBundle::load(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let a = read(&args.a)?;
    let b = args.b.as_ref().map(read).transpose()?;
    let (lines, is_found) = overview(&a, b.as_ref());
    lines.iter().for_each(console::line);
    if args.replay {
        let replay = replay_desync(&game, &a).map_err(|error| error.to_string())?;
        console::line(format_args!("replay    {replay}"));
    }
    if let Some(out) = &args.shrink {
        let shrunk = shrink_desync(&game, &a).map_err(|error| error.to_string())?;
        console::line(format_args!("shrunk    {shrunk}"));
        if let Some(explanation) = shrunk.explain() {
            let sides = Sides { ours: "in the first simulation", theirs: "in the second one" };
            let said = match shrunk.is_reproduced {
                true => explanation.describe(sides),
                false => explanation.describe(Sides::HERE_AND_THERE),
            };
            console::line(format_args!("shrunk    {said}"));
        }
        shrunk.bundle.save(out).map_err(|error| format!("{}: {error}", out.display()))?;
    }
    Ok(if is_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
