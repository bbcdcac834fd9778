//! The game as a program with a command line. Without a command it hosts a match on this machine.

mod bot;
mod cli;
mod demo;
mod rooms;
mod summary;

use std::process::{ExitCode, Termination as _};

use arena::GAME;
use arena::bot::BotPlugin;
use arena::sim::SimulationPlugin;
use arena::view::Invite;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use clap::Parser as _;
use example_runner::native::cli::{HostArgs, JoinArgs, NetworkArgs, PlayArgs};
use example_runner::native::local_host::{BotProcess, LocalHost, LocalHostError};
use example_runner::native::{console, desync, doctor, has_display};

use cli::{Cli, Command, JoiningArgs};

use crate::window;

pub fn run() -> ExitCode {
    let Cli { command, hosting } = Cli::parse();
    match command {
        Some(Command::Bot(args)) => bot::run(args),
        Some(Command::Play(args)) => play(args),
        Some(Command::Desync(args)) => desync::run(&args, |app| {
            let config = NetworkArgs::default().config(GAME);
            app.add_plugins((MinimalPlugins, arena::netplay(config), SimulationPlugin));
        }),
        Some(Command::Rooms(args)) => rooms::run(&args.server),
        Some(Command::Doctor(args)) => doctor::run(&args, GAME),
        Some(Command::Demo(args)) if args.headless => {
            report(demo::run(args.frames, args.players, args.hosting.net))
        }
        Some(Command::Demo(args)) if !has_display() => {
            no_display(args.frames, args.players, args.hosting.net)
        }
        None if !has_display() => no_display(cli::DEMO_FRAMES, 2, hosting.net),
        Some(Command::Demo(args)) => report(host(args.players, args.hosting)),
        None => report(host(2, hosting)),
    }
}

/// Joins a room on a running server.
fn play(JoiningArgs { play, as_is, public }: JoiningArgs) -> ExitCode {
    let PlayArgs { join, name, autopilot, network } = play;
    let players = Some(join.players).filter(|_| !as_is);
    let invite = Invite::new(join.server, join.room, players);
    let (least, local_players) = (join.least, join.local);
    let invite = Invite { name, least, local_players, public, ..invite };
    window::run(invite, network.config(GAME), |app| add_bot(app, autopilot)).report()
}

/// Starts a server, joins a room on it, and lets bots play the other players.
fn host(players: u8, args: HostArgs) -> Result<ExitCode, LocalHostError> {
    let host = LocalHost::start(args.listen, args.net.clone())?;
    let join = host.new_room(players);
    let JoinArgs { server, room, .. } = &join;
    let network = args.network();
    let invite = Invite { name: args.name, ..Invite::new(server.clone(), room.clone(), players) };
    console::line(format_args!("server  {server}\nroom    {room}"));
    console::line(format_args!("to join: {}", invite.how_to_join));
    if args.no_bot {
        console::line("waiting for somebody to join");
    } else {
        console::line("bots play the other players; start with --no-bot to wait for people");
    }
    let exit = window::run(invite, network.config(GAME), |app| {
        add_bot(app, args.autopilot);
        app.insert_resource(host).insert_resource(join);
        if !args.no_bot {
            // Not earlier: the local player is the first one in the room.
            app.add_systems(OnEnter(NetplayState::Lobby), start_bots);
        }
    });
    Ok(exit.report())
}

/// Starts the bots, once: they join again by themselves when the local player leaves the room and joins again.
fn start_bots(mut host: ResMut<LocalHost>, join: Res<JoinArgs>) {
    if host.bots.is_empty() {
        for player in 1..join.players {
            let bot =
                BotProcess { seed: u64::from(player), opponent: true, ..BotProcess::new(&join) };
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

fn no_display(frames: i32, players: u8, net: Option<NetworkEmulation>) -> ExitCode {
    console::line("There is no display (DISPLAY is not set), so the demo runs without windows.");
    report(demo::run(frames, players, net))
}

/// Prints the error, if there is one.
fn report(outcome: Result<ExitCode, impl std::error::Error>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        console::error(format_args!("arena: {error}"));
        ExitCode::FAILURE
    })
}
