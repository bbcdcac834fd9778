//! `cargo xtask report FILE... -o OUT.html`: what `netplay-tools report` does.

use std::env;

use clap::Args;

use crate::workspace::{cargo, root};

#[derive(Args, Clone, Debug)]
pub struct ReportArguments {
    /// What `netplay-tools report` takes: session reports, and `-o OUT.html`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<String>,
}

/// Draws the reports, whose paths are those of the folder that this was started in.
pub fn run(arguments: &ReportArguments) -> Result<(), String> {
    let mut command = cargo();
    let folder = env::current_dir().map_err(|error| error.to_string())?;
    command.current_dir(folder).args(["run", "--quiet", "--locked", "--manifest-path"]);
    command.arg(root().join("Cargo.toml")).args(["-p", "netplay_tools", "--", "report"]);
    command.args(&arguments.arguments);
    let status = command.status().map_err(|error| format!("cannot start cargo: {error}"))?;
    // The program has said why.
    if status.success() { Ok(()) } else { Err("no page was written".into()) }
}
