use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::lifecycle::Lifecycle;
use crate::serve::Listening;
use crate::{ServerConfig, ServerError};

/// A running server on a thread of its own, with its own runtime. Nothing of tokio is needed around it,
/// so a game or a test can embed it.
///
/// Dropping it stops it: clients are told, the port is free again. That takes as long as the clients
/// take to close, at most three seconds.
#[derive(Debug)]
#[must_use = "dropping the server stops it"]
pub struct Server {
    addr: SocketAddr,
    metrics_addr: SocketAddr,
    tls: bool,
    drain_deadline: Duration,
    lifecycle: Lifecycle,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server. It accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the configuration makes no sense, the address cannot be listened on, or the
    /// system gives no thread.
    pub fn start(config: ServerConfig) -> Result<Self, ServerError> {
        let (tls, drain_deadline) = (config.tls.is_some(), config.drain_deadline);
        let lifecycle = Lifecycle::default();
        let (started, starting) = mpsc::channel();
        let of_thread = lifecycle.clone();
        let thread = thread::Builder::new()
            .name("netplay-server".into())
            .spawn(move || {
                // The caller hears of an outcome before it can go away, so sending cannot fail.
                if let Err(error) = serve_here(config, &started, of_thread) {
                    let _ = started.send(Err(error));
                }
            })
            .map_err(ServerError::Start)?;
        let (addr, metrics_addr) = starting.recv().unwrap_or_else(|_| {
            Err(ServerError::Start(std::io::Error::other("its thread ended at once")))
        })?;
        let thread = Some(thread);
        Ok(Self { addr, metrics_addr, tls, drain_deadline, lifecycle, thread })
    }

    /// Where the server listens, with the port that was picked.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where `/metrics` is answered: [`addr`](Self::addr), unless the configuration says otherwise.
    pub fn metrics_addr(&self) -> SocketAddr {
        self.metrics_addr
    }

    /// Lets nobody new in and tells every client to go elsewhere. When all are gone, or after
    /// [`ServerConfig::drain_deadline`], the server ends by itself.
    pub fn drain(&self) {
        self.lifecycle.drain(self.drain_deadline);
    }

    /// The URL to give to a client on this machine, such as `ws://127.0.0.1:3536`.
    pub fn url(&self) -> String {
        let mut addr = self.addr;
        // Listening everywhere is not an address that can be connected to everywhere.
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

fn serve_here(
    config: ServerConfig,
    started: &mpsc::Sender<Result<(SocketAddr, SocketAddr), ServerError>>,
    lifecycle: Lifecycle,
) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Start)?;
    runtime.block_on(async {
        let listening = Listening::open(config, lifecycle).await?;
        let addr = listening.addr()?;
        let metrics_addr = listening.metrics_addr().unwrap_or(addr);
        let _ = started.send(Ok((addr, metrics_addr)));
        listening.run().await;
        Ok(())
    })
}
