//! Listens, serves, and ends in order.

#[cfg(not(feature = "tls"))]
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
#[cfg(feature = "tls")]
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::accept::LimitedAcceptor;
use crate::hub::Hub;
use crate::lifecycle::Lifecycle;
#[cfg(feature = "tls")]
use crate::tls;
use crate::{ServerConfig, ServerError, routes};

/// How long stopping may take in all. Each WebSocket ends within a second; the rest is for connections that did
/// not become one.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

#[cfg(feature = "tls")]
type Tls = RustlsConfig;
/// Has no values: without the feature no listener can have TLS.
#[cfg(not(feature = "tls"))]
type Tls = Infallible;

/// Listens and serves on the caller's tokio runtime.
///
/// When `drain` completes, the server admits no new peers and tells every client about the alternate server;
/// this returns when all clients have disconnected, or after [`ServerConfig::drain_deadline`]. When `stop`
/// completes, also during draining, the server tells every client that it stops, and this returns after at most
/// three seconds.
///
/// # Errors
///
/// [`ServerError`] where the configuration is not valid or the server cannot listen on an address.
pub async fn serve(
    config: ServerConfig,
    drain: impl Future<Output = ()> + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let (lifecycle, deadline) = (Lifecycle::default(), config.drain_deadline);
    let listening = Listening::open(config, lifecycle.clone()).await?;
    let requests = async {
        let drained = async {
            drain.await;
            tracing::info!("draining for at most {} s", deadline.as_secs());
            lifecycle.drain(deadline);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = drained => {}
            () = stop => lifecycle.stop(),
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = requests => {}
        () = listening.run() => {}
    }
    Ok(())
}

/// A server that listens and does not serve yet.
pub(crate) struct Listening {
    hub: Arc<Hub>,
    players: std::net::TcpListener,
    #[cfg(feature = "metrics")]
    operators: Option<std::net::TcpListener>,
    tls: Option<Tls>,
}

/// Where and how a server listens, with the actual ports.
pub(crate) struct Addresses {
    pub(crate) players: SocketAddr,
    /// None where operators use the address of the players.
    #[cfg(feature = "metrics")]
    pub(crate) operators: Option<SocketAddr>,
    pub(crate) tls: bool,
}

impl Listening {
    /// Checks the configuration and opens the listening sockets.
    pub(crate) async fn open(
        config: ServerConfig,
        lifecycle: Lifecycle,
    ) -> Result<Self, ServerError> {
        config.check_values()?;
        let tls = load_tls(&config)?;
        let hub = Arc::new(Hub::new(config, lifecycle)?);
        let players = listen(hub.config().listen).await?;
        #[cfg(feature = "metrics")]
        let operators = match hub.config().metrics_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let listening = Self {
            hub,
            players,
            #[cfg(feature = "metrics")]
            operators,
            tls,
        };
        let scheme = if listening.tls.is_some() { "wss" } else { "ws" };
        tracing::info!("listening on {scheme}://{}", listening.addresses()?.players);
        Ok(listening)
    }

    pub(crate) fn addresses(&self) -> Result<Addresses, ServerError> {
        let address = |listener: &std::net::TcpListener| listener.local_addr();
        Ok(Addresses {
            players: address(&self.players).map_err(ServerError::Start)?,
            #[cfg(feature = "metrics")]
            operators: self.operators.as_ref().and_then(|listener| address(listener).ok()),
            tls: self.tls.is_some(),
        })
    }

    /// Serves until the server has ended and the connections are closed.
    pub(crate) async fn run(self) {
        let (hub, tls) = (self.hub, self.tls);
        let lifecycle = hub.lifecycle.clone();
        let handle = Handle::new();
        // The tasks end when the set is dropped.
        let mut tasks = JoinSet::new();
        tasks.spawn(hub.clone().maintain());
        #[cfg(feature = "tls")]
        if let Some((config, current)) = hub.config().tls.clone().zip(tls.clone()) {
            tasks.spawn(tls::reload_on_hangup(config, current));
        }
        #[cfg(feature = "metrics")]
        if let Some(listener) = self.operators {
            tasks.spawn(serve_operators(listener, hub.clone()));
        }
        tasks.spawn(serve_players(self.players, hub, tls, handle.clone()));

        lifecycle.ended().await;
        tracing::info!("stopping");
        lifecycle.stop();
        handle.graceful_shutdown(Some(STOP_DEADLINE));
        if timeout(STOP_DEADLINE, lifecycle.all_disconnected()).await.is_err() {
            tracing::debug!("some connections did not end in time");
        }
    }
}

#[cfg(feature = "tls")]
fn load_tls(config: &ServerConfig) -> Result<Option<Tls>, ServerError> {
    config.tls.as_ref().map(tls::load).transpose()
}

#[cfg(not(feature = "tls"))]
fn load_tls(_: &ServerConfig) -> Result<Option<Tls>, ServerError> {
    Ok(None)
}

async fn listen(address: SocketAddr) -> Result<std::net::TcpListener, ServerError> {
    let failed = |error| ServerError::from_listen(address, error);
    // With tokio's socket options, so that a restarted server can use the address at once.
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    listener.into_std().map_err(failed)
}

/// Serves players until the handle shuts it down.
async fn serve_players(
    listener: std::net::TcpListener,
    hub: Arc<Hub>,
    tls: Option<Tls>,
    handle: Handle<SocketAddr>,
) {
    let deadline = hub.config().handshake_deadline;
    let acceptor = LimitedAcceptor::new(hub.clone());
    let service = routes::public(hub).into_make_service_with_connect_info::<SocketAddr>();
    let served = match http_server(listener, deadline, handle) {
        Ok(server) => match tls {
            None => server.acceptor(acceptor).serve(service).await,
            #[cfg(feature = "tls")]
            Some(tls) => {
                let tls = RustlsAcceptor::new(tls).handshake_timeout(deadline);
                server.acceptor(tls.acceptor(acceptor)).serve(service).await
            }
            #[cfg(not(feature = "tls"))]
            Some(never) => match never {},
        },
        Err(error) => Err(error),
    };
    log_end(served);
}

/// Serves operators.
#[cfg(feature = "metrics")]
async fn serve_operators(listener: std::net::TcpListener, hub: Arc<Hub>) {
    let deadline = hub.config().handshake_deadline;
    let service = routes::operators(hub).into_make_service();
    let served = match http_server(listener, deadline, Handle::new()) {
        Ok(server) => server.serve(service).await,
        Err(error) => Err(error),
    };
    log_end(served);
}

fn http_server(
    listener: std::net::TcpListener,
    deadline: Duration,
    handle: Handle<SocketAddr>,
) -> std::io::Result<axum_server::Server<SocketAddr>> {
    let mut server = axum_server::from_tcp(listener)?;
    // WebSockets need HTTP/1.1, and an HTTP/2 connection could stay idle forever.
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(deadline);
    *server.http_builder() = http;
    Ok(server.handle(handle))
}

fn log_end(served: std::io::Result<()>) {
    if let Err(error) = served {
        tracing::error!("serving ended: {error}");
    }
}
