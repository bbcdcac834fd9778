//! Load for the benchmarks of the signaling server (`cargo xtask bench server`).
//!
//! It has one thread and does as little work per message as possible: WebSocket frames are written by hand with a
//! masking key of zero, and only the expected replies are parsed. So the measurement shows the server, which runs on
//! the other core, and not this program.

#![allow(clippy::disallowed_methods, reason = "timing is this program's purpose")]

mod churn;
mod idle;
mod joins;
mod pair;
mod pipe;
mod relay;
mod websocket;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(name = "server_load", about = "Load for the benchmarks of the signaling server")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Memory per connection that does nothing
    Idle(idle::Idle),
    /// Joins into rooms of two, until both have exchanged an offer and an answer
    Joins(joins::Joins),
    /// Joins and leaves, and what they leave behind
    Churn(churn::Churn),
    /// Packets that the server carries
    Relay(relay::Relay),
    /// Forwards bytes between every two connections: what any relay costs at least
    Pipe(pipe::Pipe),
}

/// The server that is measured.
#[derive(Args, Clone, Copy, Debug)]
struct Server {
    /// Which signaling it speaks
    #[arg(long, value_enum)]
    protocol: Protocol,
    /// Where it listens
    #[arg(long)]
    addr: SocketAddr,
    /// Its process
    #[arg(long)]
    pid: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Protocol {
    Ours,
    Matchbox,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let measured = match Arguments::parse().command {
        Command::Idle(idle) => idle.run().await,
        Command::Joins(joins) => joins.run().await,
        Command::Churn(churn) => churn.run().await,
        Command::Relay(relay) => relay.run().await,
        Command::Pipe(pipe) => pipe.run().await,
    };
    netplay_bench::print(measured)
}
