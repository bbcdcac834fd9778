//! What a connection must pass before it becomes a WebSocket: origin, limits, bounds of its memory.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, FromRequestParts, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use netplay_protocol::limits::MAX_CONTROL_BYTES;
use netplay_protocol::signaling::Refusal;

use crate::hub::Hub;
use crate::limits::{ClientAddress, ConnectionPermit, Handshake};
use crate::proxy::client_address;

/// The read buffer of a WebSocket, in bytes. It grows for the few messages that do not fit.
const READ_BUFFER: usize = 2 * 1024;
/// How many bytes a WebSocket collects before it writes.
const WRITE_BUFFER: usize = 4 * 1024;

/// Extracts whether the limits permit a WebSocket. Rejects requests from pages that may not connect.
pub(crate) struct Admission {
    permit: Result<ConnectionPermit, Refusal>,
    handshake: Handshake,
    /// The header `Host`: the name by which the client reaches the server, if no proxy changes it.
    host: Option<String>,
}

impl Admission {
    /// The connection has become a WebSocket, for which this returns the permit, and the header `Host`. One that is
    /// refused still counts as a handshake until it is closed.
    pub(crate) fn upgraded(self) -> (Result<ConnectionPermit, Refusal>, Option<String>) {
        if self.permit.is_ok() {
            self.handshake.end();
        }
        (self.permit, self.host)
    }
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
        let handshake = Extension::<Handshake>::from_request_parts(parts, hub);
        let Extension(handshake) = handshake.await.map_err(IntoResponse::into_response)?;
        let address = client_address(peer, &parts.headers, &hub.config().trusted_proxies);
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.map(str::to_owned);
        Ok(Self { permit: hub.limits.connect(ClientAddress::from(address)), handshake, host })
    }
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
