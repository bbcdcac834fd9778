//! What the tests that start processes share.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use game_driver::Program;

pub use game_driver::report::{assert_path, assert_path_unless, connected_late};
pub use game_driver::{LIMIT, Process, Server, match_limit};

pub const ARENA: Program = Program {
    name: "arena",
    file: env!("CARGO_BIN_EXE_arena"),
    folder: env!("CARGO_TARGET_TMPDIR"),
};

/// Has a bot log what it does.
pub fn with_log(command: &mut Command) -> &mut Command {
    ARENA.with_log(command)
}

/// A directory of a test's own.
pub fn directory(test: &str) -> PathBuf {
    ARENA.directory(test)
}

/// Writes the server's configuration for a test.
pub fn config_file(test: &str, toml: &str) -> PathBuf {
    ARENA.config_file(test, toml)
}

/// Starts a server and waits until it listens. `host` makes a command of a program, on the machine that the
/// server is to run on.
pub fn start_server(
    host: impl FnOnce(PathBuf) -> Command,
    listen: SocketAddr,
    config: &Path,
) -> Server {
    ARENA.start_server(host, listen, config)
}

/// Starts coturn at an address, for credentials that are minted with a secret, and waits until it listens.
pub fn start_coturn(
    mut command: Command,
    secret: &str,
    address: IpAddr,
    port: u16,
    directory: &Path,
) -> Process {
    command.args(["-n", "--no-cli", "--no-tls", "--no-dtls", "--fingerprint", "--verbose"]).args([
        "--log-file=stdout".to_owned(),
        "--use-auth-secret".to_owned(),
        format!("--static-auth-secret={secret}"),
        "--realm=tests".to_owned(),
        format!("--listening-ip={address}"),
        format!("--relay-ip={address}"),
        format!("--listening-port={port}"),
        format!("--userdb={}", directory.join("turn.db").display()),
        format!("--pidfile={}", directory.join("turn.pid").display()),
    ]);
    let mut coturn = Process::start("coturn", command);
    coturn.wait_for("it listens", LIMIT, |line| {
        line.contains("UDP listener opened on").then_some(())
    });
    coturn
}
