//! `netplay-tools desync A [B]`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use netplay_report::desync::{DesyncBundle, overview};

use crate::file;

#[derive(Args)]
pub struct DesyncArgs {
    /// The bundle that one peer wrote
    a: PathBuf,
    /// The bundle that the other peer wrote; without it the two sides in the first one are compared
    b: Option<PathBuf>,
}

/// Prints what differs. The exit code is 0 if that was found.
pub fn run(args: &DesyncArgs) -> Result<ExitCode, String> {
    let a = read(&args.a)?;
    let b = args.b.as_deref().map(read).transpose()?;
    let (lines, is_found) = overview(&a, b.as_ref());
    lines.iter().for_each(|line| println!("{line}"));
    Ok(if is_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> Result<DesyncBundle, String> {
    DesyncBundle::from_bytes(&file::read(path)?)
        .map_err(|error| format!("{}: {error}", path.display()))
}
