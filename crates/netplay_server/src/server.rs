//! A server on its own thread.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::lifecycle::Lifecycle;
use crate::serve::{Addresses, Listening};
use crate::{ServerConfig, ServerError};

/// A running server on its own thread, with its own tokio runtime, for games and tests that embed it.
///
/// Dropping it stops the server: it closes the connections and frees the port. That takes as long as the clients
/// take to close, at most three seconds.
#[derive(Debug)]
#[must_use = "dropping the server stops it"]
pub struct Server {
    addr: SocketAddr,
    #[cfg(feature = "metrics")]
    metrics_addr: SocketAddr,
    tls: bool,
    drain_deadline: Duration,
    lifecycle: Lifecycle,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server. The server accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the configuration is not valid, the server cannot listen on the address, or the
    /// system provides no thread.
    pub fn start(config: ServerConfig) -> Result<Self, ServerError> {
        let drain_deadline = config.drain_deadline;
        let lifecycle = Lifecycle::default();
        let (started, starting) = mpsc::channel();
        let of_thread = lifecycle.clone();
        let thread = thread::Builder::new()
            .name("netplay-server".into())
            .spawn(move || {
                // The caller waits for this, so that sending cannot fail.
                if let Err(error) = serve_here(config, &started, of_thread) {
                    let _ = started.send(Err(error));
                }
            })
            .map_err(ServerError::Start)?;
        let addresses = starting.recv().unwrap_or_else(|_| {
            Err(ServerError::Start(std::io::Error::other("its thread ended at once")))
        })?;
        Ok(Self {
            addr: addresses.players,
            #[cfg(feature = "metrics")]
            metrics_addr: addresses.operators.unwrap_or(addresses.players),
            tls: addresses.tls,
            drain_deadline,
            lifecycle,
            thread: Some(thread),
        })
    }

    /// The address that the server listens on, with the actual port.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address that serves `/metrics`: [`addr`](Self::addr), unless the configuration has another one.
    #[cfg(feature = "metrics")]
    pub fn metrics_addr(&self) -> SocketAddr {
        self.metrics_addr
    }

    /// Admits no new peers and tells every client about the alternate server. The server ends when all clients
    /// have disconnected, or after [`ServerConfig::drain_deadline`].
    pub fn drain(&self) {
        self.lifecycle.drain(self.drain_deadline);
    }

    /// The URL for a client on this machine, such as `ws://127.0.0.1:3536`.
    pub fn url(&self) -> String {
        let mut addr = self.addr;
        // Not every system can connect to the unspecified address.
        if addr.ip().is_unspecified() {
            addr.set_ip(match addr {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{addr}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.lifecycle.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the signaling server panicked");
        }
    }
}

/// Serves on this thread until the server ends.
fn serve_here(
    config: ServerConfig,
    started: &mpsc::Sender<Result<Addresses, ServerError>>,
    lifecycle: Lifecycle,
) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Start)?;
    runtime.block_on(async {
        let listening = Listening::open(config, lifecycle).await?;
        let _ = started.send(Ok(listening.addresses()?));
        listening.run().await;
        Ok(())
    })
}
