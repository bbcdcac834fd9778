//! The command line: what there is to start, and what starts when nothing is said.

mod bot;
mod cli;
mod console;
mod demo;
mod local_host;
mod progress;
mod summary;

use std::process::{ExitCode, Termination as _};

use arena::GAME;
use arena::bot::BotPlugin;
use arena::view::Invite;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
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
            window::run(invite, config(args.network), |app| fly(app, args.autopilot)).report()
        }
        Some(Command::Demo(args)) if args.headless => report(demo::run(args.frames, args.players)),
        Some(Command::Demo(args)) if !has_display() => no_display(args.frames, args.players),
        None if !has_display() => no_display(cli::DEMO_FRAMES, 2),
        Some(Command::Demo(args)) => report(host(args.players, args.hosting)),
        None => report(host(2, hosting)),
    }
}

/// A code that no other room has.
pub(super) fn random_code() -> String {
    Room::random().code().unwrap_or_default().to_owned()
}

/// Our own server, our own room, and a bot in every other seat.
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
        console::line("bots take the other seats; start with --no-bot to keep them for people");
    }
    let exit = window::run(invite, config(NetworkArgs::default()), |app| {
        fly(app, args.autopilot);
        app.insert_resource(host);
        if !args.no_bot {
            // Not before we are in the room: the first seat is ours.
            app.add_systems(OnEnter(NetplayState::Lobby), invite_bots);
        }
    });
    Ok(exit.report())
}

/// Once: bots that are there come back by themselves when we leave the room and join it again.
fn invite_bots(mut host: ResMut<LocalHost>, invite: Res<Invite>) {
    if host.bots.is_empty() {
        for seat in 1..invite.players {
            let bot =
                BotProcess { seed: u64::from(seat), opponent: true, ..BotProcess::new(&invite) };
            if let Err(error) = host.add(bot) {
                // Somebody else can still join: the invite is on the screen.
                console::complain(format_args!("arena: {error}"));
            }
        }
    }
}

fn fly(app: &mut App, autopilot: bool) {
    if autopilot {
        app.add_plugins(BotPlugin { seed: 1, hunts: true });
    }
}

fn no_display(frames: i32, players: u8) -> ExitCode {
    console::line("There is no display (DISPLAY is not set), so the demo runs without windows.");
    report(demo::run(frames, players))
}

/// Says what went wrong, if anything did.
fn report(outcome: Result<ExitCode, impl std::error::Error>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        console::complain(format_args!("arena: {error}"));
        ExitCode::FAILURE
    })
}

/// Bevy is built for X11 alone here, which nearly every Wayland desktop offers as well; a window on
/// Wayland alone would fail to open.
fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}

fn config(network: NetworkArgs) -> NetplayConfig {
    NetplayConfig {
        game: GAME.into(),
        policy: network.policy.unwrap_or_default(),
        emulate: network.net,
        ..NetplayConfig::default()
    }
}
