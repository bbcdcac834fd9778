//! A [`Game`] as a program. Without a command it hosts a match on this machine and lets a bot play the other player.

use std::process::{ExitCode, Termination as _};

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use clap::{Arg, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::cli::{BotArgs, HostArgs, JoinArgs, NetworkArgs, PlayArgs, players};
use super::desync::{self, DesyncArgs};
use super::doctor::{self, DoctorArgs};
use super::local_host::{BotProcess, LocalHost, LocalHostError};
use super::{bot, console, has_display};
use crate::{Controls, Game, local_names, window};

#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    hosting: HostArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Opens a window and joins a room on a running server
    Play(PlayArgs),
    /// Opens a window for two players at one keyboard, without a server
    Alone,
    /// Plays without a window
    Bot(BotArgs),
    /// Compares desync bundles, simulates one again, shortens it
    Desync(DesyncArgs),
    /// Takes every step to a match on a server, and says what is wrong
    Doctor(DoctorArgs),
}

/// The command line of a game.
fn command_line(game: &'static Game) -> clap::Command {
    let players = |argument: Arg| argument.value_parser(players(game.most_players));
    Cli::command()
        .name(game.program)
        .about(game.title)
        .mut_subcommand("play", |command| command.mut_arg("players", players))
        .mut_subcommand("bot", |command| command.mut_arg("players", players))
}

/// Runs the program of a game.
pub fn run(game: &'static Game) -> ExitCode {
    let Cli { command, hosting } = Cli::from_arg_matches(&command_line(game).get_matches())
        .unwrap_or_else(|error| error.exit());
    match command {
        Some(Command::Bot(args)) => run_bot(game, args),
        Some(Command::Desync(args)) => desync::run(&args, |app| {
            app.add_plugins(MinimalPlugins);
            (game.simulation)(app, NetworkArgs::default().config(game.version));
        }),
        Some(Command::Doctor(args)) => doctor::run(&args, game.version),
        _ if !has_display() => {
            console::error("There is no display (DISPLAY is not set): only the command bot runs.");
            ExitCode::FAILURE
        }
        Some(Command::Play(PlayArgs { join, name, autopilot, network })) => {
            let controls = match controls(autopilot) {
                Controls::Keyboard if join.local > 1 => Controls::SharedKeyboard,
                controls => controls,
            };
            let mut app = in_window(game, network, controls);
            join_at_startup(&mut app, join.room().names(local_names(&name, join.local)));
            app.run().report()
        }
        Some(Command::Alone) => {
            let mut app = in_window(game, NetworkArgs::default(), Controls::SharedKeyboard);
            app.add_systems(Startup, |mut commands: Commands| commands.play_alone(2));
            app.run().report()
        }
        None => host(game, hosting).unwrap_or_else(|error| {
            console::error(format_args!("{}: {error}", game.program));
            ExitCode::FAILURE
        }),
    }
}

fn controls(autopilot: bool) -> Controls {
    if autopilot { Controls::Bot { seed: 1, hunts: true } } else { Controls::Keyboard }
}

fn run_bot(game: &'static Game, args: BotArgs) -> ExitCode {
    let config = args.network.clone().config(game.version);
    let controls = Controls::Bot { seed: args.seed, hunts: args.hunt };
    bot::run(game.program, args, |app| {
        (game.simulation)(app, config);
        (game.controls)(app, controls);
    })
}

/// The game in a window.
fn in_window(game: &'static Game, network: NetworkArgs, controls: Controls) -> App {
    let mut app = window::app(game.title, "#game");
    (game.simulation)(&mut app, network.config(game.version));
    (game.controls)(&mut app, controls);
    (game.view)(&mut app);
    app
}

fn join_at_startup(app: &mut App, room: JoinRoom) {
    app.add_systems(Startup, move |mut commands: Commands| commands.join_room(room.clone()));
}

/// Starts a server, joins a room on it, and lets a bot play the other player.
fn host(game: &'static Game, args: HostArgs) -> Result<ExitCode, LocalHostError> {
    let mut host = LocalHost::start(args.listen, args.net.clone())?;
    let join = host.new_room(2);
    let JoinArgs { server, room, .. } = &join;
    console::line(format_args!("to join: {} play --server {server} --room {room}", game.program));
    if args.no_bot {
        console::line("waiting for somebody to join");
    } else {
        host.add(BotProcess { opponent: true, ..BotProcess::new(&join) })?;
    }
    let mut app = in_window(game, args.network(), controls(args.autopilot));
    join_at_startup(&mut app, join.room().name(args.name));
    // The server and the bot end with the App.
    app.insert_resource(host);
    Ok(app.run().report())
}

#[cfg(test)]
mod tests {
    use super::*;

    static SMALL: Game = Game {
        program: "small",
        title: "Small",
        most_players: 4,
        version: "small 1",
        simulation: |_, _| {},
        controls: |_, _| {},
        view: |_| {},
    };

    #[test]
    fn more_players_than_a_game_is_for_are_refused() {
        for (players, is_accepted) in [("1", false), ("2", true), ("4", true), ("5", false)] {
            for command in ["play", "bot"] {
                let line = ["small", command, "--server", "ws://127.0.0.1:9", "--room", "ABC"];
                let line = line.into_iter().chain(["--players", players]);
                let parsed = command_line(&SMALL).try_get_matches_from(line);
                assert_eq!(parsed.is_ok(), is_accepted, "{command} --players {players}");
            }
        }
    }
}
