//! The arguments.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use bevy_netplay::prelude::{NetworkConditions, PathPolicy};
use clap::{Args, Parser, Subcommand, value_parser};

/// Frames of a demo unless told otherwise: twenty seconds.
pub const DEMO_FRAMES: i32 = 1200;

/// Arena: a small rollback game for two to four players over WebRTC. Without a command it starts a server
/// of its own, opens a window and plays against a bot.
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
    /// Where the server of this game listens; 0.0.0.0:3536 lets other machines in
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    pub listen: SocketAddr,
    /// Keep the other seats for people
    #[arg(long)]
    pub no_bot: bool,
    /// What the others read instead of a number
    #[arg(long, default_value = "")]
    pub name: String,
    /// Let the computer fly
    #[arg(long)]
    pub autopilot: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Plays against bots, or with --headless lets bots play each other and says how it went
    Demo(DemoArgs),
    /// Opens a window and joins a room on a running server
    Play(PlayArgs),
    /// Plays without a window
    Bot(BotArgs),
}

#[derive(Args)]
pub struct DemoArgs {
    /// No windows: bots only, then a table
    #[arg(long)]
    pub headless: bool,
    /// How long the bots play, in frames of a sixtieth of a second
    #[arg(long, default_value_t = DEMO_FRAMES, value_parser = value_parser!(i32).range(1..))]
    pub frames: i32,
    /// How many play
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
    /// How many players make the room complete
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u8).range(2..=4))]
    pub players: u8,
    /// What the others read instead of a number
    #[arg(long, default_value = "")]
    pub name: String,
    /// Let the computer fly
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
    /// How many players make the room complete
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u8).range(2..=4))]
    pub players: u8,
    /// Play until this frame is confirmed, then report; without it, play on and agree to every rematch
    #[arg(long, value_parser = value_parser!(i32).range(1..))]
    pub frames: Option<i32>,
    /// What the pseudo-random inputs are made of
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to write the report, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How many seconds to wait for a match
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub wait_s: u32,
    /// How many seconds to play on after the report, so that others can finish theirs
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub linger_s: u32,
    /// Go for the other players instead of pressing buttons blindly
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
    /// Which paths may carry packets: any, direct, turn or relay
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<PathPolicy>,
    /// A bad network to send through, such as latency_ms=50,jitter_ms=10,loss=0.05
    #[arg(long, value_name = "CONDITIONS")]
    pub net: Option<NetworkConditions>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_that_scripts_call_are_understood() {
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
