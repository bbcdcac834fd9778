//! The signaling server as its own program, as operators run it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::{LIMIT, Process};

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    process: Process,
}

impl Server {
    /// Starts the server's program with a configuration and waits until it listens.
    pub(crate) fn start(mut command: Command, listen: SocketAddr, config: &Path) -> Self {
        command.args(["--listen", &listen.to_string(), "--config"]).arg(config);
        command.env("RUST_LOG", "info,netplay_server=debug").env("NO_COLOR", "1");
        let mut process = Process::start("the server", command);
        let address = process.wait_for("it listens", LIMIT, |line| {
            let (_, address) = line.split_once("listening on ws://")?;
            address.split_whitespace().next()?.parse().ok()
        });
        Self { address, process }
    }

    /// Its URL.
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
