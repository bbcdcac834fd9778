//! The signaling server of either stack, in this process.

use std::net::{Ipv4Addr, SocketAddr};

use clap::ValueEnum;
use matchbox_signaling::SignalingServer;
use netplay_bench::signaling_server;
use netplay_server::Server;
use tokio::runtime::{Builder, Runtime};

/// What a page is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stack {
    /// bevy_netplay.
    Ours,
    /// bevy_ggrs and matchbox_socket, wired by hand.
    Plain,
}

/// A server that runs until it is dropped.
pub struct Signaling {
    address: SocketAddr,
    _running: Running,
}

/// What keeps it running.
enum Running {
    Ours { _server: Server },
    Plain { _runtime: Runtime },
}

impl Signaling {
    /// Starts the server that the pages of a stack meet at, on a free port. `stun`: what ours hands out.
    pub fn start(stack: Stack, stun: Option<&str>) -> Result<Self, String> {
        match stack {
            Stack::Ours => {
                let server = signaling_server(stun)?;
                Ok(Self { address: server.addr(), _running: Running::Ours { _server: server } })
            }
            Stack::Plain => {
                let runtime = Builder::new_multi_thread()
                    .worker_threads(1)
                    .enable_all()
                    .build()
                    .map_err(|error| error.to_string())?;
                let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let mut server = SignalingServer::full_mesh_builder(listen).cors().build();
                let address = server.bind().map_err(|error| error.to_string())?;
                runtime.spawn(server.serve());
                Ok(Self { address, _running: Running::Plain { _runtime: runtime } })
            }
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}
