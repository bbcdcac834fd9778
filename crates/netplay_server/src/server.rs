use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::serve::{listen, run};
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
    stop: Option<oneshot::Sender<()>>,
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
        let (stop, stopped) = oneshot::channel();
        let (started, starting) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("netplay-server".into())
            .spawn(move || {
                // The caller hears of an outcome before it can go away, so sending cannot fail.
                if let Err(error) = serve_here(config, &started, stopped) {
                    let _ = started.send(Err(error));
                }
            })
            .map_err(ServerError::Start)?;
        let addr = starting.recv().unwrap_or_else(|_| {
            Err(ServerError::Start(std::io::Error::other("its thread ended at once")))
        })?;
        Ok(Self { addr, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the server listens, with the port that was picked.
    pub fn addr(&self) -> SocketAddr {
        self.addr
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
        format!("ws://{addr}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The other end is gone only when the thread is.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the signaling server panicked");
        }
    }
}

fn serve_here(
    config: ServerConfig,
    started: &mpsc::Sender<Result<SocketAddr, ServerError>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Start)?;
    runtime.block_on(async {
        let listener = listen(&config).await?;
        let addr = listener.local_addr().map_err(ServerError::Start)?;
        let _ = started.send(Ok(addr));
        run(listener, config, async {
            // An error means that the `Server` is gone, which says the same.
            let _ = stopped.await;
        })
        .await;
        Ok(())
    })
}
