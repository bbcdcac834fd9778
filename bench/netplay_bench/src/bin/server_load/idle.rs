//! Memory per connection that does nothing.

use std::io::Result;
use std::time::Duration;

use clap::Args;
use netplay_bench::process::resident;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::pair::{join, plain};
use crate::websocket::WebSocket;
use crate::{Protocol, Server};

#[derive(Args, Debug)]
pub struct Idle {
    #[command(flatten)]
    server: Server,
    /// How many connections
    #[arg(long)]
    connections: u64,
}

impl Idle {
    /// Joins rooms of two with all of them, and looks at the server's memory before and after.
    pub async fn run(self) -> Result<Value> {
        let Server { addr, pid, .. } = self.server;
        // Once, so that what is made once is not counted.
        drop(self.connect(u64::MAX - 1).await?);
        sleep(Duration::from_secs(1)).await;
        let before = resident(pid)?;
        let mut sockets = Vec::new();
        for number in 0..self.connections {
            sockets.push(self.connect(number).await?);
        }
        sleep(Duration::from_secs(1)).await;
        let after = resident(pid)?;
        let per_connection = after.saturating_sub(before) as f64 / self.connections as f64;
        drop(sockets);
        Ok(json!({
            "addr": addr, "connections": self.connections, "resident_before": before,
            "resident_after": after, "bytes_per_connection": per_connection,
        }))
    }

    async fn connect(&self, number: u64) -> Result<WebSocket> {
        let Server { protocol, addr, .. } = self.server;
        match protocol {
            Protocol::Ours => join(addr, number / 2, 2, number).await,
            Protocol::Matchbox => Ok(plain(addr, number / 2).await?.0),
        }
    }
}
