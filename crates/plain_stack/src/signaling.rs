//! The signaling server of the plain stack: matchbox_signaling, set up as its documentation shows.

use std::net::SocketAddr;

use clap::Parser;
use matchbox_signaling::SignalingServer;

#[derive(Parser)]
#[command(name = "plain-signaling", about = "matchbox's own signaling server, full mesh")]
struct Arguments {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1:3536")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), matchbox_signaling::Error> {
    let arguments = Arguments::parse();
    SignalingServer::full_mesh_builder(arguments.listen).cors().trace().build().serve().await
}
