//! The HTTP routes: the upgrade to a WebSocket, health and metrics.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocket;
use axum::extract::{ConnectInfo, FromRequestParts, State, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use netplay_protocol::limits::MAX_CONTROL_BYTES;
use netplay_protocol::signaling;
use netplay_protocol::signaling::Refusal;

use crate::connection;
use crate::hub::Hub;
use crate::limits::{ClientAddress, ConnectionPermit};
#[cfg(feature = "matchbox")]
use crate::matchbox;
use crate::proxy::client_address;

/// The read buffer of a WebSocket, in bytes. It grows for the few messages that do not fit.
const READ_BUFFER: usize = 2 * 1024;
/// How many bytes a WebSocket collects before it writes.
const WRITE_BUFFER: usize = 4 * 1024;
/// The content type of the metrics.
#[cfg(feature = "metrics")]
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes for players.
pub(crate) fn public(hub: Arc<Hub>) -> Router {
    let router = Router::new().route(signaling::PATH, any(upgrade)).merge(health());
    #[cfg(feature = "metrics")]
    let router = match hub.config().metrics_listen {
        None => router.merge(metrics()),
        Some(_) => router,
    };
    #[cfg(feature = "matchbox")]
    let router = match hub.config().matchbox {
        true => router
            .route("/", any(matchbox::upgrade_unnamed))
            .route("/{room}", any(matchbox::upgrade))
            // The health check of matchbox_server.
            .route("/health", get(async || "ok")),
        false => router,
    };
    router.with_state(hub)
}

/// The routes for operators.
#[cfg(feature = "metrics")]
pub(crate) fn operators(hub: Arc<Hub>) -> Router {
    metrics().merge(health()).with_state(hub)
}

#[cfg(feature = "metrics")]
fn metrics() -> Router<Arc<Hub>> {
    let scrape = async |State(hub): State<Arc<Hub>>| match hub.metrics_text() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    };
    Router::new().route("/metrics", get(scrape))
}

fn health() -> Router<Arc<Hub>> {
    let ready = async |State(hub): State<Arc<Hub>>| match hub.lifecycle.is_draining() {
        false => (StatusCode::OK, "ready"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready))
}

/// Extracts whether the limits permit a connection. Rejects requests from pages that may not connect.
pub(crate) struct Admission {
    pub(crate) permit: Result<ConnectionPermit, Refusal>,
}

impl FromRequestParts<Arc<Hub>> for Admission {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, hub: &Arc<Hub>) -> Result<Self, Response> {
        let origin = parts.headers.get(header::ORIGIN).map(|origin| origin.to_str());
        // An origin that is not valid text is not on the list.
        if !hub.allows_origin(origin.map(|origin| origin.unwrap_or_default())) {
            let refused = "this page may not connect: it is not in auth.origins of the server";
            return Err((StatusCode::FORBIDDEN, refused).into_response());
        }
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, hub);
        let ConnectInfo(peer) = peer.await.map_err(IntoResponse::into_response)?;
        let address = client_address(peer, &parts.headers, &hub.config().trusted_proxies);
        Ok(Self { permit: hub.limits.connect(ClientAddress::from(address)) })
    }
}

async fn upgrade(
    State(hub): State<Arc<Hub>>,
    admission: Admission,
    upgrade: WebSocketUpgrade,
) -> Response {
    bounded(upgrade, &hub).on_upgrade(async move |socket: WebSocket| match admission.permit {
        Ok(permit) => connection::run(socket, hub, permit).await,
        Err(refusal) => connection::refuse(socket, &hub, refusal).await,
    })
}

/// Bounds the memory that a WebSocket can take.
pub(crate) fn bounded(upgrade: WebSocketUpgrade, hub: &Hub) -> WebSocketUpgrade {
    // Twice the limit: the server can answer a message that it has read with the reason, and a longer one only by
    // cutting the connection.
    let most = 2 * hub.config().limits.message_bytes.max(MAX_CONTROL_BYTES);
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // Bounds the answers to a client that sends pings and reads nothing.
        .max_write_buffer_size(WRITE_BUFFER + most)
        .max_message_size(most)
        .max_frame_size(most)
}
