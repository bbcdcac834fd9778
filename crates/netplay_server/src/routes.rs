//! What the server answers over HTTP: the upgrade to a WebSocket, and how it is doing.

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

use crate::hub::Hub;
use crate::limits::{ClientAddress, ConnectionPermit};
use crate::proxy::client_address;
use crate::{connection, matchbox};

/// The buffer a WebSocket reads into, in bytes. Nearly every message fits; longer ones grow it.
const READ_BUFFER: usize = 2 * 1024;
/// How much is collected before it is written, in bytes.
const WRITE_BUFFER: usize = 4 * 1024;
/// The text format of Prometheus that the metrics are in.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that players reach.
pub(crate) fn public(hub: Arc<Hub>) -> Router {
    let mut router = Router::new().route(signaling::PATH, any(upgrade)).merge(health());
    if hub.config().metrics_listen.is_none() {
        router = router.merge(metrics());
    }
    if hub.config().matchbox {
        router = router
            .route("/", any(matchbox::upgrade_unnamed))
            .route("/{room}", any(matchbox::upgrade))
            // Where matchbox_server says that it is healthy.
            .route("/health", get(async || "ok"));
    }
    router.with_state(hub)
}

/// What is for operators only.
pub(crate) fn operators(hub: Arc<Hub>) -> Router {
    metrics().merge(health()).with_state(hub)
}

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

/// Somebody who may connect: of an origin that is let in, and within the limits, or not.
pub(crate) struct Admission {
    pub(crate) permit: Result<ConnectionPermit, Refusal>,
}

impl FromRequestParts<Arc<Hub>> for Admission {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, hub: &Arc<Hub>) -> Result<Self, Response> {
        let origin = parts.headers.get(header::ORIGIN).map(|origin| origin.to_str());
        // An origin that is not text is none that was allowed.
        if !hub.origin(origin.map(|origin| origin.unwrap_or_default())) {
            let refused = "this page may not connect: auth.origins of the server does not name it";
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

/// An upgrade to a WebSocket that takes little memory, however hard its client tries.
pub(crate) fn bounded(upgrade: WebSocketUpgrade, hub: &Hub) -> WebSocketUpgrade {
    // Twice the limit, because a message that was read can be answered with the reason, and one that
    // was not can only be cut off.
    let most = 2 * hub.config().limits.message_bytes.max(MAX_CONTROL_BYTES);
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // Without a bound, a client that pings and never reads would have its pongs collected here.
        .max_write_buffer_size(WRITE_BUFFER + most)
        .max_message_size(most)
        .max_frame_size(most)
}
