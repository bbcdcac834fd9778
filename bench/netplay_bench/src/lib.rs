//! What the programs of the benchmarks share.
//!
//! `cargo xtask bench` starts them. Each command of a program measures one thing, prints one JSON object, or an
//! object with the field `error`, and ends.

mod percentile;
pub mod process;

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use netplay_server::{Server, ServerConfig, parse_ice_server};
use serde_json::{Value, json};

pub use percentile::percentile;

/// Prints what was measured, or why nothing was.
#[expect(clippy::print_stdout, reason = "the output of the program is the measurement")]
pub fn print(measured: Result<Value, impl Display>) -> ExitCode {
    match measured {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", json!({ "error": error.to_string() }));
            ExitCode::FAILURE
        }
    }
}

/// A signaling server in this process, on a free port of loopback. It hands out the STUN server, if one is given.
///
/// # Errors
///
/// A sentence, if the server does not start or the STUN server is not an address of one.
pub fn signaling_server(stun: Option<&str>) -> Result<Server, String> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let ice_servers = stun.into_iter().map(parse_ice_server).collect::<Result<_, _>>();
    let ice_servers = ice_servers.map_err(|error| error.to_string())?;
    let config = ServerConfig { listen, ice_servers, ..ServerConfig::default() };
    Server::start(config).map_err(|error| error.to_string())
}
