//! Listening, and the orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::hub::Hub;
use crate::lifecycle::Lifecycle;
use crate::{ServerConfig, ServerError, routes, tls};

/// How long stopping may take in all. Every connection ends on its own within a second; this is for
/// those that never got as far as being one.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// Listens and serves on the caller's tokio runtime.
///
/// When `drain` completes, nobody new is let in, every client is told to go elsewhere, and this returns
/// when all are gone or [`ServerConfig::drain_deadline`] is over. When `stop` completes, be it in the
/// middle of that, every client is told that the server stops, and after at most three seconds this
/// returns.
///
/// # Errors
///
/// [`ServerError`] where the configuration makes no sense or an address cannot be listened on.
pub async fn serve(
    config: ServerConfig,
    drain: impl Future<Output = ()> + Send,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let (lifecycle, deadline) = (Lifecycle::default(), config.drain_deadline);
    let listening = Listening::open(config, lifecycle.clone()).await?;
    let orders = async {
        let drained = async {
            drain.await;
            tracing::info!("draining: at most {} s", deadline.as_secs());
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
        () = orders => {}
        () = listening.run() => {}
    }
    Ok(())
}

/// A server that has its sockets and serves nobody yet.
pub(crate) struct Listening {
    hub: Arc<Hub>,
    players: std::net::TcpListener,
    operators: Option<std::net::TcpListener>,
    tls: Option<RustlsConfig>,
}

impl Listening {
    /// Checks the configuration and opens the listening sockets.
    pub(crate) async fn open(
        config: ServerConfig,
        lifecycle: Lifecycle,
    ) -> Result<Self, ServerError> {
        config.check()?;
        let tls = config.tls.as_ref().map(tls::load).transpose()?;
        let players = listen(config.listen).await?;
        let operators = match config.metrics_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let listening =
            Self { hub: Arc::new(Hub::new(config, lifecycle)?), players, operators, tls };
        let scheme = if listening.tls.is_some() { "wss" } else { "ws" };
        tracing::info!("listening on {scheme}://{}", listening.addr()?);
        Ok(listening)
    }

    /// Where players connect, with the port that was picked.
    pub(crate) fn addr(&self) -> Result<SocketAddr, ServerError> {
        self.players.local_addr().map_err(ServerError::Start)
    }

    /// Where operators connect, if that is somewhere else.
    pub(crate) fn metrics_addr(&self) -> Option<SocketAddr> {
        self.operators.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Serves until the server is over and the connections are gone.
    pub(crate) async fn run(self) {
        let Self { hub, players, operators, tls } = self;
        let lifecycle = hub.lifecycle.clone();
        let deadline = hub.config().handshake_deadline;
        let handle = Handle::new();
        // Everything in here ends when the set is dropped.
        let mut tasks = JoinSet::new();
        tasks.spawn(hub.clone().keep_house());
        if let Some((config, current)) = hub.config().tls.clone().zip(tls.clone()) {
            tasks.spawn(tls::reload_on_hangup(config, current));
        }
        if let Some(listener) = operators {
            let router = routes::operators(hub.clone());
            tasks.spawn(answer(listener, router, None, deadline, Handle::new()));
        }
        tasks.spawn(answer(players, routes::public(hub), tls, deadline, handle.clone()));

        lifecycle.over().await;
        tracing::info!("stopping");
        lifecycle.stop();
        handle.graceful_shutdown(Some(STOP_DEADLINE));
        if timeout(STOP_DEADLINE, lifecycle.deserted()).await.is_err() {
            tracing::debug!("some connections did not end in time");
        }
    }
}

async fn listen(address: SocketAddr) -> Result<std::net::TcpListener, ServerError> {
    let failed = |error| ServerError::from_listen(address, error);
    // Tokio's way of listening, which can be bound again at once after the server was stopped.
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    listener.into_std().map_err(failed)
}

/// Answers requests until the handle says that it is enough.
async fn answer(
    listener: std::net::TcpListener,
    router: Router,
    tls: Option<RustlsConfig>,
    handshake_deadline: Duration,
    handle: Handle<SocketAddr>,
) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = match axum_server::from_tcp(listener) {
        Ok(mut server) => {
            // WebSockets need HTTP/1.1; an HTTP/2 connection could idle here for ever.
            let mut http = Builder::new(TokioExecutor::new()).http1_only();
            http.http1().timer(TokioTimer::new()).header_read_timeout(handshake_deadline);
            *server.http_builder() = http;
            // Candidates are small and each is waited for.
            let server = server.handle(handle).acceptor(NoDelayAcceptor::new());
            match tls {
                None => server.serve(service).await,
                Some(tls) => {
                    let acceptor = RustlsAcceptor::new(tls).handshake_timeout(handshake_deadline);
                    let acceptor = acceptor.acceptor(NoDelayAcceptor::new());
                    server.acceptor(acceptor).serve(service).await
                }
            }
        }
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!("serving ended: {error}");
    }
}
