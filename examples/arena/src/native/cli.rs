//! The command line arguments.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use bevy_netplay::prelude::{NetworkConditions, PathPolicy};
use clap::{Args, Parser, Subcommand, value_parser};

/// Frames of a demo unless told otherwise: twenty seconds.
pub const DEMO_FRAMES: i32 = 1200;

/// Arena: a small rollback game for two to four players over WebRTC. Without a command it starts a signaling
/// server, opens a window and plays against a bot.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub hosting: HostArgs,
}

#[derive(Args, Clone)]
pub struct HostArgs {
    /// Address that the embedded server listens on; 0.0.0.0:3536 accepts players of other machines
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    pub listen: SocketAddr,
    /// Start no bot: wait for other people to join
    #[arg(long)]
    pub no_bot: bool,
    /// Name that the other players see
    #[arg(long, default_value = "")]
    pub name: String,
    /// Let a bot control the local player
    #[arg(long)]
    pub autopilot: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Plays against bots; with --headless bots play against each other, and a table shows the result
    Demo(DemoArgs),
    /// Opens a window and joins a room on a running server
    Play(PlayArgs),
    /// Plays without a window
    Bot(BotArgs),
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
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u8).range(2..=4))]
    pub players: u8,
    #[command(flatten)]
    pub hosting: HostArgs,
}

#[derive(Args)]
pub struct PlayArgs {
    /// The signaling server, ws://host:port
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// The code of the room
    #[arg(long, value_name = "CODE")]
    pub room: String,
    /// Number of players that make the room complete
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u8).range(2..=4))]
    pub players: u8,
    /// Name that the other players see
    #[arg(long, default_value = "")]
    pub name: String,
    /// Let a bot control the local player
    #[arg(long)]
    pub autopilot: bool,
    #[command(flatten)]
    pub network: NetworkArgs,
}

#[derive(Args)]
pub struct BotArgs {
    /// The signaling server, ws://host:port
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// The code of the room
    #[arg(long, value_name = "CODE")]
    pub room: String,
    /// Number of players that make the room complete
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u8).range(2..=4))]
    pub players: u8,
    /// Play until this frame is confirmed, then report; without it, play on and vote for every rematch
    #[arg(long, value_parser = value_parser!(i32).range(1..))]
    pub frames: Option<i32>,
    /// Seed of the pseudo-random inputs
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// File to write the report to, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How many seconds to wait for a match
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub wait_s: u32,
    /// How many seconds to play on after the report, so that the other players can write theirs
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub linger_s: u32,
    /// Attack the other players instead of pressing random buttons
    #[arg(long)]
    pub hunt: bool,
    /// Print a line of JSON every second
    #[arg(long, hide = true)]
    pub progress: bool,
    #[command(flatten)]
    pub network: NetworkArgs,
}

#[derive(Args, Clone, Default)]
pub struct NetworkArgs {
    /// Which paths may be used: any, direct, turn or relay
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<PathPolicy>,
    /// Bad network to emulate, such as latency_ms=50,jitter_ms=10,loss=0.05
    #[arg(long, value_name = "CONDITIONS")]
    pub net: Option<NetworkConditions>,
    /// How many seconds a silent player is waited for
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(1..))]
    pub disconnect_timeout_s: Option<u32>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_that_scripts_call_are_accepted() {
        Cli::command().debug_assert();
        for line in [
            "arena",
            "arena demo --headless --frames 1200",
            "arena play --server ws://127.0.0.1:3536 --room ABC --players 3",
            "arena bot --server ws://127.0.0.1:3536 --room ABC --players 2 --frames 300 --seed 7 \
             --report r.json --policy direct --net latency_ms=50,jitter_ms=10,loss=0.05 --wait-s 30 --linger-s 2",
        ] {
            let parsed = Cli::try_parse_from(line.split_whitespace());
            assert!(
                parsed.is_ok(),
                "{line}: {}",
                parsed.err().map(|error| error.to_string()).unwrap_or_default()
            );
        }
    }
}
