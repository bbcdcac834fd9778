//! A match that is hosted on this machine: a signaling server on a thread of this process, and bots as processes
//! of their own. Both end when the [`LocalHost`] is dropped.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bevy::prelude::Resource;
use bevy_netplay::prelude::NetworkEmulation;
use bevy_netplay::protocol::RoomCode;
use netplay_server::{Server, ServerConfig, ServerError};

use super::cli::JoinArgs;

/// Why hosting failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalHostError {
    /// The server did not start.
    #[error("the signaling server could not start: {0}")]
    Server(#[from] ServerError),
    /// A bot did not start.
    #[error("a bot could not start as a process of this same program: {0}")]
    Bot(#[from] io::Error),
}

/// A bot to start.
pub struct BotProcess<'a> {
    /// Where it plays.
    pub join: &'a JoinArgs,
    /// Seed of its inputs.
    pub seed: u64,
    /// Whether it plays against a person: then it attacks, and plays until it is killed.
    pub opponent: bool,
    /// The frame that it reports, and the file of the report.
    pub report: Option<(i32, PathBuf)>,
}

impl<'a> BotProcess<'a> {
    /// A bot that presses random buttons.
    pub fn new(join: &'a JoinArgs) -> Self {
        Self { join, seed: 0, opponent: false, report: None }
    }

    fn command(&self, program: &Path, net: Option<&NetworkEmulation>) -> Command {
        let JoinArgs { server, room, players, .. } = self.join;
        let mut command = Command::new(program);
        command.args(["bot", "--server", server, "--room", room]);
        command.args(["--players", &players.to_string(), "--seed", &self.seed.to_string()]);
        if let Some(net) = net {
            command.args(["--net", &net.to_string()]);
        }
        if self.opponent {
            command.arg("--hunt").stdout(Stdio::null());
        }
        if let Some((frames, file)) = &self.report {
            command.args(["--progress", "--frames", &frames.to_string(), "--report"]).arg(file);
            command.stdout(Stdio::piped());
        }
        command.stdin(Stdio::null());
        command
    }
}

/// The server and the bots.
#[derive(Resource)]
pub struct LocalHost {
    server: Server,
    /// The file of this program, found at startup: it may be replaced while it runs.
    program: PathBuf,
    /// The bad network that each bot emulates.
    net: Option<NetworkEmulation>,
    /// The bots, in the order they were added.
    pub bots: Vec<Child>,
}

impl LocalHost {
    /// Starts the server, for bots that emulate this network.
    ///
    /// # Errors
    ///
    /// [`LocalHostError`] where the address is taken.
    pub fn start(
        listen: SocketAddr,
        net: Option<NetworkEmulation>,
    ) -> Result<Self, LocalHostError> {
        let config = ServerConfig { listen, ..ServerConfig::default() };
        let program = std::env::current_exe()?;
        Ok(Self { server: Server::start(config)?, program, net, bots: Vec::new() })
    }

    /// A new room on the server, for players on this machine.
    pub fn new_room(&self, players: u8) -> JoinArgs {
        let room = RoomCode::from_entropy(RandomState::new().build_hasher().finish());
        let (server, room) = (self.server.url(), room.to_string());
        JoinArgs { server, room, players, local: 1, least: None }
    }

    /// Starts a bot.
    ///
    /// # Errors
    ///
    /// [`LocalHostError::Bot`] where the system starts no process.
    pub fn add(&mut self, bot: BotProcess<'_>) -> Result<(), LocalHostError> {
        let mut command = bot.command(&self.program, self.net.as_ref());
        self.bots.push(command.spawn()?);
        Ok(())
    }
}

impl Drop for LocalHost {
    fn drop(&mut self) {
        for bot in &mut self.bots {
            // This fails for bots that have ended already.
            let _ = bot.kill();
            let _ = bot.wait();
        }
    }
}
