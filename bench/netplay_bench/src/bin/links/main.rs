//! The figures of `cargo xtask bench links`. Each command measures one thing over loopback, with the real
//! server and real WebRTC, and prints one JSON object.

#![allow(clippy::print_stdout, reason = "what was measured is printed")]
#![allow(clippy::disallowed_methods, reason = "timing is this program's purpose")]

mod attempts;
mod breaks;
mod cost;
mod duo;
mod plain;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use netplay_server::{Server, ServerConfig};

#[derive(Parser)]
#[command(name = "links", about = "The figures of `cargo xtask bench links`")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// From beginning an attempt to a connection
    Attempts {
        /// How many, one after the other
        #[arg(long, default_value_t = 50)]
        count: u32,
    },
    /// The same for two plain matchbox sockets, from joining to being connected
    Plain {
        /// How many, one after the other
        #[arg(long, default_value_t = 10)]
        count: u32,
    },
    /// A match whose direct path is cut and mended, and whose connection is closed
    Breaks,
    /// The round trip times of a match, on the direct path and through the server
    Relay,
    /// What the agent and the link cost each frame
    Cost,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Attempts { count } => attempts::measure(count),
        Command::Plain { count } => plain::measure(count),
        Command::Breaks => breaks::measure(),
        Command::Relay => duo::round_trips(),
        Command::Cost => Ok(cost::measure()),
    };
    match result {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", serde_json::json!({ "error": error }));
            ExitCode::FAILURE
        }
    }
}

/// A server on a free port of this machine.
fn server() -> Result<Server, String> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = ServerConfig { listen, ..ServerConfig::default() };
    Server::start(config).map_err(|error| error.to_string())
}
