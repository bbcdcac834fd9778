//! `cargo xtask bench server`: netplay-server beside matchbox_server 0.15, on loopback.
//!
//! The server that is measured has one core to itself and the load another one, and every measurement
//! begins with a server that was just started. Rounds alternate between the two servers, so that what else
//! the machine does falls on both.

mod measure;
mod process;

use std::fs;
use std::path::Path;

use clap::Args;

use super::{figures, table};
use crate::workspace::{cargo, target};
use measure::Plan;
use process::Programs;

/// The version that is compared with.
const MATCHBOX_SERVER: &str = "0.15.0";

#[derive(Args, Clone, Debug)]
pub struct ServerArguments {
    /// How often what differs from time to time is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// A tenth of everything: to see whether it runs, not to measure
    #[arg(long)]
    quick: bool,
}

/// Builds both servers and the load, measures, prints the table and writes `bench/server.json`.
pub fn run(arguments: &ServerArguments) -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("memory and CPU time of a server are measured on Linux only".to_owned());
    }
    let folder = figures::folder()?;
    // Each as its operators get it.
    succeeds(cargo().args(["build", "--profile", "dist", "--locked", "-p", "netplay_server"]))?;
    succeeds(cargo().args([
        "build",
        "--release",
        "--locked",
        "-p",
        "netplay_bench",
        "--bin",
        "server_load",
    ]))?;
    let programs = Programs {
        ours: target().join("dist/netplay-server"),
        matchbox: install_matchbox(&folder)?,
        load: target().join("release/server_load"),
        config: configuration(&folder)?,
    };
    let plan = Plan::new(arguments.rounds, arguments.quick);
    let (rows, raw) = measure::all(&programs, &plan)?;
    println!("\nmedian (least to greatest)\n\n{}", table::text("matchbox_server", &rows));
    let measured = serde_json::json!({ "quick": arguments.quick, "measured": raw });
    figures::write("server", &rows, &measured)
}

/// matchbox_server as its users get it.
fn install_matchbox(folder: &Path) -> Result<std::path::PathBuf, String> {
    let root = folder.join("matchbox");
    let program = root.join("bin/matchbox_server");
    if !program.exists() {
        println!("installing matchbox_server {MATCHBOX_SERVER} into {}", root.display());
        succeeds(
            cargo()
                .args(["install", "matchbox_server", "--locked", "--version", MATCHBOX_SERVER])
                .arg("--root")
                .arg(&root)
                .arg("--target-dir")
                .arg(root.join("build")),
        )?;
    }
    Ok(program)
}

/// Limits that nothing here reaches: all of the load comes from one address.
fn configuration(folder: &Path) -> Result<std::path::PathBuf, String> {
    let mut text = String::from("[limits]\n");
    for count in [
        "handshakes",
        "handshakes_per_address",
        "connections",
        "connections_per_address",
        "rooms_per_address",
    ] {
        text += &format!("{count} = 1000000\n");
    }
    for rate in [
        "connects_per_address",
        "failures_per_address",
        "creations_per_address",
        "failures_per_room",
        "messages",
        "messages_per_address",
        "packets",
        "packets_per_address",
        "bytes",
        "bytes_per_address",
    ] {
        text += &format!("{rate} = {{ rate = {0}, burst = {0} }}\n", u32::MAX);
    }
    let file = folder.join("server.toml");
    fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(file)
}

fn succeeds(command: &mut std::process::Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the release build failed: see above".to_owned()),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}
