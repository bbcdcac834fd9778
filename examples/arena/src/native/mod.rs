//! The game as a program with a command line. Without a command it hosts a match on this machine.

mod bot;
mod cli;
mod console;
mod demo;
mod local_host;
mod progress;
mod summary;
mod waits;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::{ExitCode, Termination as _};
use std::time::Duration;

use arena::GAME;
use arena::bot::BotPlugin;
use arena::view::Invite;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::RoomCode;
use clap::Parser as _;

use cli::{Cli, Command, HostArgs, NetworkArgs};
use local_host::{BotProcess, LocalHost, LocalHostError};

use crate::window;

pub fn run() -> ExitCode {
    let Cli { command, hosting } = Cli::parse();
    match command {
        Some(Command::Bot(args)) => bot::run(args),
        Some(Command::Play(args)) => {
            let invite =
                Invite { name: args.name, ..Invite::new(args.server, args.room, args.players) };
            window::run(invite, config(args.network), |app| add_bot(app, args.autopilot)).report()
        }
        Some(Command::Demo(args)) if args.headless => report(demo::run(args.frames, args.players)),
        Some(Command::Demo(args)) if !has_display() => no_display(args.frames, args.players),
        None if !has_display() => no_display(cli::DEMO_FRAMES, 2),
        Some(Command::Demo(args)) => report(host(args.players, args.hosting)),
        None => report(host(2, hosting)),
    }
}

/// A random room code.
pub(super) fn random_code() -> String {
    RoomCode::from_entropy(RandomState::new().build_hasher().finish()).to_string()
}

/// Starts a server, joins a room on it, and lets bots play the other players.
fn host(players: u8, args: HostArgs) -> Result<ExitCode, LocalHostError> {
    let host = LocalHost::start(args.listen)?;
    let invite = Invite { name: args.name, ..Invite::new(host.url(), random_code(), players) };
    console::line(format_args!("server  {}\nroom    {}", invite.server, invite.room));
    console::line(format_args!(
        "to join: arena play --server {} --room {} --players {players}",
        invite.server, invite.room
    ));
    if args.no_bot {
        console::line("waiting for somebody to join");
    } else {
        console::line("bots play the other players; start with --no-bot to wait for people");
    }
    let exit = window::run(invite, config(NetworkArgs::default()), |app| {
        add_bot(app, args.autopilot);
        app.insert_resource(host);
        if !args.no_bot {
            // Not earlier: the local player is the first one in the room.
            app.add_systems(OnEnter(NetplayState::Lobby), start_bots);
        }
    });
    Ok(exit.report())
}

/// Starts the bots, once: they join again by themselves when the local player leaves the room and joins again.
fn start_bots(mut host: ResMut<LocalHost>, invite: Res<Invite>) {
    if host.bots.is_empty() {
        for player in 1..invite.players {
            let bot =
                BotProcess { seed: u64::from(player), opponent: true, ..BotProcess::new(&invite) };
            if let Err(error) = host.add(bot) {
                // Another player can still join: the invite is on the screen.
                console::error(format_args!("arena: {error}"));
            }
        }
    }
}

fn add_bot(app: &mut App, autopilot: bool) {
    if autopilot {
        app.add_plugins(BotPlugin { seed: 1, hunts: true });
    }
}

fn no_display(frames: i32, players: u8) -> ExitCode {
    console::line("There is no display (DISPLAY is not set), so the demo runs without windows.");
    report(demo::run(frames, players))
}

/// Prints the error, if there is one.
fn report(outcome: Result<ExitCode, impl std::error::Error>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        console::error(format_args!("arena: {error}"));
        ExitCode::FAILURE
    })
}

/// Whether a window can be opened. Bevy is built for X11 only, which nearly every Wayland desktop offers as well.
fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}

fn config(network: NetworkArgs) -> NetplayConfig {
    let defaults = NetplayConfig::default();
    let timeout = network.disconnect_timeout_s.map(|seconds| Duration::from_secs(seconds.into()));
    NetplayConfig {
        game: GAME.into(),
        policy: network.policy.unwrap_or_default(),
        emulate: network.net,
        disconnect_timeout: timeout.unwrap_or(defaults.disconnect_timeout),
        ..defaults
    }
}
