//! The command line arguments that all games have.
//!
//! The structs have no doc comments: clap would print them as the description of the command.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::Resource;
use bevy_netplay::DesyncConfig;
use bevy_netplay::prelude::{JoinRoom, NetplayConfig, NetworkEmulation, PathPolicy};
use bevy_netplay::protocol::limits::{MAX_PLAYERS, MIN_PLAYERS};
use clap::builder::RangedI64ValueParser;
use clap::{Args, value_parser};

/// Parses a number of players, of a game that so many can play at most.
pub fn players(most: u8) -> RangedI64ValueParser<u8> {
    value_parser!(u8).range(i64::from(MIN_PLAYERS)..=i64::from(most))
}

// The room to play in.
#[expect(missing_docs, reason = "clap would print it")]
#[derive(Args, Resource, Clone, Debug)]
pub struct JoinArgs {
    /// The signaling server, ws://host:port
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// The code of the room
    #[arg(long, value_name = "CODE")]
    pub room: String,
    /// Number of players that make the room complete
    #[arg(long, default_value_t = 2, value_parser = players(MAX_PLAYERS))]
    pub players: u8,
    /// Number of players on this machine
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u8).range(1..=4))]
    pub local: u8,
    /// Number of players with which a match starts at least, once all who are there are ready; without it matches
    /// start when the room is complete
    #[arg(long, value_name = "PLAYERS", value_parser = value_parser!(u8).range(2..))]
    pub least: Option<u8>,
}

impl JoinArgs {
    /// The room to join.
    pub fn room(&self) -> JoinRoom {
        let room =
            JoinRoom::code(self.room.clone()).local_players(self.local).server(self.server.clone());
        match self.least {
            Some(least) => room.players_between(least..=self.players),
            None => room.players(self.players),
        }
    }
}

// How a game without a command hosts a match.
#[expect(missing_docs, reason = "clap would print it")]
#[derive(Args, Clone, Debug)]
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
    /// Bad network to emulate in what every player here sends, bots included: such as mobile or latency_ms=50,loss=0.05
    #[arg(long, value_name = "CONDITIONS")]
    pub net: Option<NetworkEmulation>,
}

#[expect(missing_docs, reason = "clap would print it")]
#[derive(Args, Clone, Debug)]
pub struct PlayArgs {
    #[command(flatten)]
    pub join: JoinArgs,
    /// Name that the other players see
    #[arg(long, default_value = "")]
    pub name: String,
    /// Let a bot control the local player
    #[arg(long)]
    pub autopilot: bool,
    #[command(flatten)]
    pub network: NetworkArgs,
}

#[expect(missing_docs, reason = "clap would print it")]
#[derive(Args, Clone, Debug)]
pub struct BotArgs {
    #[command(flatten)]
    pub join: JoinArgs,
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

#[expect(missing_docs, reason = "clap would print it")]
#[derive(Args, Clone, Debug, Default)]
pub struct NetworkArgs {
    /// Which paths may be used: any, direct, turn or relay
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<PathPolicy>,
    /// Bad network to emulate in what is sent, such as latency_ms=50,jitter_ms=10,loss=0.05, or wifi, mobile,
    /// intercontinental, terrible; in both directions: both:mobile
    #[arg(long, value_name = "CONDITIONS")]
    pub net: Option<NetworkEmulation>,
    /// Directory that a desync bundle is written to when two peers come to different states
    #[arg(long, value_name = "DIR")]
    pub desync_dir: Option<PathBuf>,
    /// How many seconds a silent player is waited for
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(1..))]
    pub disconnect_timeout_s: Option<u32>,
}

impl HostArgs {
    /// The network of the local player.
    pub fn network(&self) -> NetworkArgs {
        NetworkArgs { net: self.net.clone(), ..NetworkArgs::default() }
    }
}

impl NetworkArgs {
    /// The configuration of a game with this name and version.
    pub fn config(self, game: &str) -> NetplayConfig {
        let defaults = NetplayConfig::default();
        let timeout = self.disconnect_timeout_s.map(|seconds| Duration::from_secs(seconds.into()));
        NetplayConfig {
            game: game.into(),
            policy: self.policy.unwrap_or_default(),
            emulate: self.net,
            disconnect_timeout: timeout.unwrap_or(defaults.disconnect_timeout),
            away_timeout: timeout.unwrap_or(defaults.away_timeout),
            desync: DesyncConfig { directory: self.desync_dir, ..DesyncConfig::default() },
            ..defaults
        }
    }
}
