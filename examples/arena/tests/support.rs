//! What tests with processes share.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program that nobody listens to.
pub fn quietly(mut command: Command) -> Running {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(silent.spawn().unwrap())
}

/// A directory of a test's own.
pub fn directory(test: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// How coturn is started at an address, for credentials that are minted with a secret.
pub fn coturn_arguments(secret: &str, address: IpAddr, port: u16, directory: &Path) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["-n", "--no-cli", "--no-tls", "--no-dtls", "--fingerprint", "--log-file=stdout"]
            .map(str::to_owned)
            .into();
    arguments.extend([
        "--use-auth-secret".to_owned(),
        format!("--static-auth-secret={secret}"),
        "--realm=tests".to_owned(),
        format!("--listening-ip={address}"),
        format!("--relay-ip={address}"),
        format!("--listening-port={port}"),
        format!("--userdb={}", directory.join("turn.db").display()),
        format!("--pidfile={}", directory.join("turn.pid").display()),
    ]);
    arguments
}
