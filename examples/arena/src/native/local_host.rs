//! A match that is hosted on this machine: a signaling server on a thread of this process, and bots as processes
//! of their own. Both end when the [`LocalHost`] is dropped.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use arena::view::Invite;
use bevy::prelude::Resource;
use netplay_server::{Server, ServerConfig, ServerError};

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
    pub invite: &'a Invite,
    /// Seed of its inputs.
    pub seed: u64,
    /// Whether it plays against a person: then it attacks, and plays until it is killed.
    pub opponent: bool,
    /// The frame that it reports, and the file of the report.
    pub report: Option<(i32, PathBuf)>,
}

impl<'a> BotProcess<'a> {
    pub fn new(invite: &'a Invite) -> Self {
        Self { invite, seed: 0, opponent: false, report: None }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["bot", "--server", &self.invite.server, "--room", &self.invite.room]);
        command.args([
            "--players",
            &self.invite.players.to_string(),
            "--seed",
            &self.seed.to_string(),
        ]);
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
    /// The bots, in the order they were added.
    pub bots: Vec<Child>,
}

impl LocalHost {
    /// Starts the server.
    pub fn start(listen: SocketAddr) -> Result<Self, LocalHostError> {
        let config = ServerConfig { listen, ..ServerConfig::default() };
        let program = std::env::current_exe()?;
        Ok(Self { server: Server::start(config)?, program, bots: Vec::new() })
    }

    /// The URL of the server for players on this machine.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Starts a bot.
    pub fn add(&mut self, bot: BotProcess) -> Result<(), LocalHostError> {
        self.bots.push(bot.command(&self.program).spawn()?);
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
