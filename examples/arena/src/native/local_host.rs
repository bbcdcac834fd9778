//! What a game that hosts itself brings along: a signaling server on a thread, and bots that are processes
//! of their own. All of it goes when the [`LocalHost`] goes.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use arena::view::Invite;
use bevy::prelude::Resource;
use netplay_server::{Server, ServerConfig, ServerError};

/// Hosting failed.
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
    /// What its inputs are made of.
    pub seed: u64,
    /// Whether it plays against a person: hunts, and plays on for ever.
    pub opponent: bool,
    /// Otherwise: its last frame, and where it writes its report.
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
    /// Looked up at start: a program that is replaced while it runs no longer knows its own file.
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

    /// Where the server is reached from this machine.
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
            // Fails for those that have ended by themselves, which is what is wanted.
            let _ = bot.kill();
            let _ = bot.wait();
        }
    }
}
