//! [`Program`]: the program of a game.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Server;

/// The program of a game, as cargo has built it for the game's tests.
///
/// ```text
/// const GAME: Program = Program {
///     name: "pong",
///     file: env!("CARGO_BIN_EXE_pong"),
///     folder: env!("CARGO_TARGET_TMPDIR"),
/// };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Where it is: `env!("CARGO_BIN_EXE_…")`.
    pub file: &'static str,
    /// Where its tests write: `env!("CARGO_TARGET_TMPDIR")`.
    pub folder: &'static str,
}

impl Program {
    /// The program. It logs what it does.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.file);
        self.with_log(&mut command);
        command
    }

    /// Has a process log what it does: everything of this project, and of the libraries below it their errors.
    pub fn with_log<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let log = format!(
            "warn,{}=debug,bevy_netplay=debug,netplay_core=debug,netplay_transport=debug,\
             wgpu=error,naga=warn,rtc=error,rtc_dtls=error,rtc_ice=error,rtc_sctp=error,webrtc=error",
            self.name
        );
        command.env("RUST_LOG", log).env("NO_COLOR", "1")
    }

    /// A directory of a test's own.
    pub fn directory(&self, test: &str) -> PathBuf {
        let directory = Path::new(self.folder).join(self.name).join(test);
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// Writes the configuration of the signaling server of a test.
    pub fn config_file(&self, test: &str, toml: &str) -> PathBuf {
        let file = self.directory(test).join("server.toml");
        std::fs::write(&file, toml).unwrap();
        file
    }

    /// Starts a signaling server on a free port of this machine and waits until it listens.
    pub fn server(&self, test: &str) -> Server {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        self.start_server(Command::new, listen, &self.config_file(test, ""))
    }

    /// Starts a signaling server and waits until it listens. `host` makes a command of a program, on the machine that
    /// the server is to run on.
    pub fn start_server(
        &self,
        host: impl FnOnce(PathBuf) -> Command,
        listen: SocketAddr,
        config: &Path,
    ) -> Server {
        // Cargo builds it beside the game.
        let program = Path::new(self.file).with_file_name("netplay-server");
        assert!(program.exists(), "the server is missing: cargo build -p netplay_server");
        Server::start(host(program), listen, config)
    }
}
