//! The signaling server as its own program, as operators run it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{LIMIT, Process, directory};

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    process: Process,
}

impl Server {
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Stops it in an orderly way: it tells its clients. Systems without signals kill it.
    pub fn stop(&mut self) {
        if cfg!(unix) {
            self.process.signal("INT");
            self.process.succeed(LIMIT);
        } else {
            self.kill();
        }
    }

    /// Kills it: it tells nobody.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}

/// The program, which cargo builds beside that of the arena.
pub fn netplay_server() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_arena")).with_file_name("netplay-server");
    assert!(program.exists(), "the server is missing: cargo build -p netplay_server");
    program
}

/// Writes the server's configuration for a test.
pub fn config_file(test: &str, toml: &str) -> PathBuf {
    let file = directory(test).join("server.toml");
    std::fs::write(&file, toml).unwrap();
    file
}

/// Starts a server and waits until it listens. `host` makes a command of a program, on the machine that the
/// server is to run on.
pub fn start_server(
    host: impl FnOnce(PathBuf) -> Command,
    listen: SocketAddr,
    config: &Path,
) -> Server {
    let mut command = host(netplay_server());
    command.args(["--listen", &listen.to_string(), "--config"]).arg(config);
    command.env("RUST_LOG", "info,netplay_server=debug").env("NO_COLOR", "1");
    let mut process = Process::start("the server", command);
    let address = process.wait_for("it listens", LIMIT, |line| {
        let (_, address) = line.split_once("listening on ws://")?;
        address.split_whitespace().next()?.parse().ok()
    });
    Server { address, process }
}
