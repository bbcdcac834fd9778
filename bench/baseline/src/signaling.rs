//! The signaling server of the plain stack: matchbox_signaling, set up as its documentation shows.

/// A browser has no sockets to listen on.
#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    native::run()
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::error::Error;
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
    pub async fn run() -> Result<(), Box<dyn Error>> {
        let arguments = Arguments::parse();
        let server = SignalingServer::full_mesh_builder(arguments.listen).cors().trace().build();
        Ok(server.serve().await?)
    }
}
