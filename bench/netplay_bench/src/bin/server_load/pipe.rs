//! Forwards bytes between every two connections: what any relay over TCP costs at least.

use std::io::Result;
use std::net::SocketAddr;

use clap::Args;
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;

#[derive(Args, Debug)]
pub struct Pipe {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
}

impl Pipe {
    /// Runs until it is killed.
    pub async fn run(self) -> Result<Value> {
        let listener = TcpListener::bind(self.listen).await?;
        loop {
            let (mut first, _) = listener.accept().await?;
            let (mut second, _) = listener.accept().await?;
            first.set_nodelay(true)?;
            second.set_nodelay(true)?;
            tokio::spawn(async move {
                // The first side that closes ends it for both.
                let _ = copy_bidirectional(&mut first, &mut second).await;
            });
        }
    }
}
