//! The command line arguments.

use arena::planted::PlantedFault;
use bevy_netplay::protocol::limits::MAX_PLAYERS;
use clap::{Args, Parser, Subcommand, value_parser};
use example_runner::native::cli::{BotArgs, HostArgs, PlayArgs, players};
use example_runner::native::desync::DesyncArgs;
use example_runner::native::doctor::DoctorArgs;

/// Frames of a demo unless told otherwise: twenty seconds.
pub const DEMO_FRAMES: i32 = 1200;

/// Arena: a small rollback game for two to eight players over WebRTC. Without a command it starts a signaling
/// server, opens a window and plays against a bot.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub hosting: HostArgs,
}

#[derive(Subcommand)]
pub enum Command {
    /// Plays against bots; with --headless bots play against each other, and a table shows the result
    Demo(DemoArgs),
    /// Opens a window and joins a room on a running server
    Play(JoiningArgs),
    /// Lists the public rooms of a server
    Rooms(RoomsArgs),
    /// Plays without a window
    Bot(BotPlayerArgs),
    /// Compares desync bundles, simulates one again, shortens it
    Desync(DesyncArgs),
    /// Takes every step to a match on a server, and says what is wrong
    Doctor(DoctorArgs),
}

#[derive(Args)]
pub struct JoiningArgs {
    #[command(flatten)]
    pub play: PlayArgs,
    /// Take the room as it is, with the number of players that its creator has set
    #[arg(long, conflicts_with_all = ["players", "least", "public"])]
    pub as_is: bool,
    /// List the room under this name, so that everybody can join it
    #[arg(long, value_name = "NAME")]
    pub public: Option<String>,
}

#[derive(Args)]
pub struct BotPlayerArgs {
    #[command(flatten)]
    pub bot: BotArgs,
    /// Plant a fault into the simulation of this bot, to see a desync: value, entity, width or clock
    #[arg(long, value_name = "FAULT")]
    pub plant: Option<PlantedFault>,
}

#[derive(Args)]
pub struct RoomsArgs {
    /// The signaling server, ws://host:port
    #[arg(long, value_name = "URL")]
    pub server: String,
}

#[derive(Args)]
pub struct DemoArgs {
    /// Open no window: only bots play, and a table shows the result
    #[arg(long)]
    pub headless: bool,
    /// How long the bots play, in frames (60 per second)
    #[arg(long, default_value_t = DEMO_FRAMES, value_parser = value_parser!(i32).range(1..))]
    pub frames: i32,
    /// Number of players
    #[arg(long, default_value_t = 2, value_parser = players(MAX_PLAYERS))]
    pub players: u8,
    #[command(flatten)]
    pub hosting: HostArgs,
}

#[cfg(test)]
mod tests {
    use arena::view::Invite;
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_that_scripts_call_are_accepted() {
        Cli::command().debug_assert();
        for line in [
            "arena",
            "arena demo --headless --frames 1200",
            "arena play --server ws://127.0.0.1:3536 --room ABC --players 3",
            "arena demo --players 8",
            "arena demo --headless --net mobile,loss=0.1",
            "arena --net wifi",
            "arena play --server ws://127.0.0.1:3536 --room ABC --net out:mobile;in:latency_ms=50,rate_kbit=500",
            "arena play --server ws://127.0.0.1:3536 --room ABC --players 4 --least 2 --public Friday",
            "arena play --server ws://127.0.0.1:3536 --room ABC --as-is",
            "arena desync a.npdesync b.npdesync --replay --shrink out.npdesync",
            "arena rooms --server ws://127.0.0.1:3536",
            "arena doctor --server ws://127.0.0.1:3536 --json",
            "arena bot --server ws://127.0.0.1:3536 --room ABC --players 2 --frames 300 --seed 7 \
             --report r.json --policy direct --net latency_ms=50,jitter_ms=10,loss=0.05 --wait-s 30 --linger-s 2",
            "arena bot --server ws://127.0.0.1:3536 --room ABC --desync-dir desyncs --plant value",
        ] {
            let parsed = Cli::try_parse_from(line.split_whitespace());
            assert!(
                parsed.is_ok(),
                "{line}: {}",
                parsed.err().map(|error| error.to_string()).unwrap_or_default()
            );
        }
    }

    #[test]
    fn a_network_that_is_none_is_refused_with_the_names_of_those_there_are() {
        let parsed = Cli::try_parse_from(["arena", "--net", "lte"]);
        let error = parsed.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("\"lte\"") && error.contains("intercontinental"), "{error}");
    }

    #[test]
    fn the_command_in_the_lobby_joins_a_room_of_any_size() {
        let invite = Invite::new("ws://127.0.0.1:3536".into(), "ABC".into(), 8);
        let parsed = Cli::try_parse_from(invite.how_to_join.split_whitespace()).unwrap();
        assert!(matches!(parsed.command, Some(Command::Play(JoiningArgs { as_is: true, .. }))));
    }
}
