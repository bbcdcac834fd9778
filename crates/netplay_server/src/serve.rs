//! Listening: the routes, and the orderly end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{State, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use netplay_protocol::limits::MAX_SIGNALING_BYTES;
use netplay_protocol::signaling;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::hub::Hub;
use crate::{ServerConfig, ServerError, connection};

/// How long stopping may take in all. Every connection ends on its own within a second; this is for
/// those that never got as far as being one.
const STOP_DEADLINE: Duration = Duration::from_secs(3);
/// The buffer a WebSocket reads into, in bytes. Nearly every message fits; longer ones grow it.
const READ_BUFFER: usize = 4 * 1024;
/// How much is collected before it is written, in bytes.
const WRITE_BUFFER: usize = 4 * 1024;
/// The largest message that is read at all, in bytes. Twice the limit, because a message that was
/// read can be answered with the reason, and one that was not can only be cut off.
const MAX_READ: usize = 2 * MAX_SIGNALING_BYTES;

/// What a request needs to become a connection.
#[derive(Clone)]
struct Shared {
    hub: Arc<Hub>,
    stop: watch::Receiver<bool>,
}

/// Listens and serves on the caller's tokio runtime until `shutdown` completes. Then every client is told
/// that the server stops, and after at most three seconds this returns.
///
/// # Errors
///
/// [`ServerError`] where the configuration makes no sense or the address cannot be listened on.
pub async fn serve(
    config: ServerConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServerError> {
    let listener = listen(&config).await?;
    run(listener, config, shutdown).await;
    Ok(())
}

/// Checks the configuration and opens the listening socket.
pub(crate) async fn listen(config: &ServerConfig) -> Result<TcpListener, ServerError> {
    config.check()?;
    let failed = |error| ServerError::from_listen(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    tracing::info!("listening on ws://{addr}");
    Ok(listener)
}

/// Serves until `shutdown` completes and the connections are gone.
pub(crate) async fn run(
    listener: TcpListener,
    config: ServerConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let (stopping, stop) = watch::channel(false);
    let stopping = Arc::new(stopping);
    let router = Router::new()
        .route(signaling::PATH, any(upgrade))
        .route("/healthz", get(async || "ok"))
        .with_state(Shared { hub: Arc::new(Hub::new(config)), stop });

    // Candidates are small and each is waited for.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("a connection stays with Nagle's algorithm: {error}");
        }
    });
    let begin = {
        let stopping = stopping.clone();
        async move {
            shutdown.await;
            tracing::info!("stopping");
            stopping.send_replace(true);
        }
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(begin);
    let finished = async {
        if let Err(error) = serving.await {
            tracing::error!("serving ended: {error}");
        }
        // A WebSocket is out of axum's sight. Each holds a receiver until it has ended.
        stopping.closed().await;
    };
    let overdue = async {
        let mut stop = stopping.subscribe();
        let _ = stop.wait_for(|stop| *stop).await;
        drop(stop);
        sleep(STOP_DEADLINE).await;
    };
    tokio::select! {
        () = finished => {}
        () = overdue => tracing::debug!("some connections did not end in time"),
    }
}

async fn upgrade(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // Without a bound, a client that pings and never reads would have its pongs collected here.
        .max_write_buffer_size(WRITE_BUFFER + MAX_READ)
        .max_message_size(MAX_READ)
        .max_frame_size(MAX_READ)
        .on_upgrade(move |socket| connection::run(socket, shared.hub, shared.stop))
}
