//! The HTTP routes: the upgrade to a WebSocket, health and metrics.

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocket;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::StatusCode;
#[cfg(feature = "metrics")]
use axum::http::header;
#[cfg(feature = "metrics")]
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::{any, get};
use netplay_protocol::signaling;

use crate::admission::{Admission, bounded};
use crate::connection;
use crate::hub::Hub;
#[cfg(feature = "matchbox")]
use crate::matchbox;

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

async fn upgrade(
    State(hub): State<Arc<Hub>>,
    admission: Admission,
    upgrade: WebSocketUpgrade,
) -> Response {
    bounded(upgrade, &hub).on_upgrade(async move |socket: WebSocket| match admission.upgraded() {
        (Ok(permit), host) => connection::run(socket, hub, permit, host).await,
        (Err(refusal), _) => connection::refuse(socket, &hub, refusal).await,
    })
}
