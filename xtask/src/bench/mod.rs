//! `cargo xtask bench`: the same match on bevy_netplay and on plain bevy_ggrs + matchbox_socket.
//! `cargo xtask bench server`: the signaling server beside matchbox_server.
//! `cargo xtask bench links`: what a match notices when paths break.
//! `cargo xtask bench web`: the same match in a browser, on either stack.
//! `cargo xtask bench rollback`: saving, loading and simulating, beside the store of bevy_ggrs.
//! `cargo xtask bench feel`: what players see of a match, on either stack.
//!
//! Two processes play the arena over WebRTC on this machine, with the same inputs, on one stack and then
//! on the other, as often as asked. What the wire carries is counted at the loopback interface, so that
//! acknowledgements, keepalives and headers of every layer are in it. To count nothing else, the rounds
//! run in a private network namespace where the system allows it.
//!
//! Every figure is the median over the rounds; least and greatest stand beside it.

mod feel;
mod figures;
mod interface;
mod links;
mod namespace;
mod rollback;
mod round;
mod server;
mod spread;
mod summary;
mod table;
mod web;

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::workspace::cargo;
use round::{Plan, Stack};

/// The shortest match with a steady part long enough to measure.
const MIN_FRAMES: u32 = 600;

#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// How many matches each stack plays
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many frames a match lasts, at 60 per second
    #[arg(long, default_value_t = 1200, value_parser = clap::value_parser!(u32).range(i64::from(MIN_FRAMES)..))]
    frames: u32,
    /// Stays in the network of the machine: what else passes the loopback interface is counted too
    #[arg(long)]
    shared_network: bool,
    /// Set by this program when it has started itself inside a network namespace
    #[arg(long, hide = true)]
    in_namespace: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum Part {
    /// Loads the signaling server and matchbox_server, and prints how they compare
    Server(server::ServerArguments),
    /// Breaks the paths of a match, and prints what it notices
    Links(links::LinksArguments),
    /// Plays matches in a real browser on both stacks, and prints how they compare
    Web(web::WebArguments),
    /// Rolls a game back on this library's store and on that of bevy_ggrs, and prints how they compare
    Rollback(rollback::RollbackArguments),
    /// Plays matches on bad networks and uneven machines on both stacks, and prints what players see
    Feel(feel::FeelArguments),
}

/// Builds both stacks, plays the rounds, prints the table and writes `bench/match.json`.
pub fn run(arguments: &BenchArguments) -> Result<(), String> {
    match &arguments.part {
        Some(Part::Server(arguments)) => return server::run(arguments),
        Some(Part::Links(arguments)) => return links::run(arguments),
        Some(Part::Web(arguments)) => return web::run(arguments),
        Some(Part::Rollback(arguments)) => return rollback::run(arguments),
        Some(Part::Feel(arguments)) => return feel::run(arguments),
        None => {}
    }
    if arguments.in_namespace {
        namespace::prepare()?;
        return play(arguments, "a private network namespace: nothing else is counted");
    }
    build()?;
    let network = if arguments.shared_network {
        "the machine's own network: whatever else passes loopback is counted too".to_owned()
    } else {
        match namespace::enter(arguments)? {
            namespace::Entered::Played => return Ok(()),
            namespace::Entered::Impossible(why) => format!(
                "the machine's own network, because {why}: whatever else passes loopback is counted too"
            ),
        }
    };
    play(arguments, &network)
}

fn build() -> Result<(), String> {
    let packages = ["-p", "arena", "-p", "baseline", "-p", "netplay_server"];
    let status = cargo().args(["build", "--release", "--locked"]).args(packages).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the release build failed: see above".to_owned()),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}

fn play(arguments: &BenchArguments, network: &str) -> Result<(), String> {
    println!("network: {network}");
    if !cfg!(target_os = "linux") {
        println!("packets and bytes are counted on Linux only: those rows stay empty");
    }
    let plan = Plan {
        frames: arguments.frames,
        // Starting, connecting and synchronizing are over after four seconds; the last two belong to
        // the end of the match.
        settle: Duration::from_secs(4),
        window: Duration::from_secs(u64::from(arguments.frames) / 60 - 6),
        folder: figures::folder()?,
    };

    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for number in 1..=arguments.rounds {
        for (stack, rounds) in [(Stack::Plain, &mut plain), (Stack::Ours, &mut ours)] {
            let round = round::play(stack, number, &plan)?;
            println!("round {number} of {}, {}: {round}", arguments.rounds, stack.name());
            rounds.push(round);
        }
    }

    let rows = summary::rows(&plain, &ours);
    println!(
        "\n2 players, {} frames, {} rounds each, median (least to greatest)\n\n{}",
        arguments.frames,
        arguments.rounds,
        table::text("plain", &rows)
    );
    let measured = serde_json::json!({
        "players": round::PLAYERS, "frames": arguments.frames, "network": network,
        "rounds": { "plain": plain, "ours": ours },
    });
    figures::write("match", &rows, &measured)
}
