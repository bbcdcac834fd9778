//! The signaling of matchbox, so that a game on bevy_matchbox can move to this server by changing a URL.
//!
//! A client connects to `/ROOM` or `/ROOM?next=N` and receives an id. From then on it receives the id of each
//! new peer of the room and sends that peer an offer. The server forwards signals within a room. The protocol
//! has no roster, no resuming, no relay and no refusals: on an error the server closes the connection with a
//! reason.
//!
//! The protocol has no passwords and no tokens either: a server that requires one ([`AuthMode`](crate::AuthMode))
//! answers the request with status 403.
//!
//! Limits, metrics, TLS, origins and draining work as for other clients. The server checks signals before it
//! forwards them, because matchbox clients do not: a session description that cannot be parsed ends the
//! receiver's whole socket.

mod connection;
mod rooms;
pub(crate) mod signal;
pub(crate) mod state;

use std::sync::Arc;

use axum::extract::ws::WebSocket;
use axum::extract::{Path, RawQuery, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::admission::{Admission, bounded};
use crate::hub::Hub;
use rooms::RoomName;

/// The longest name of a room, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// What a client of matchbox is told where the server does not admit everybody.
const NOT_OPEN: &str = "this server admits players by password or token (auth.mode), and the signaling of matchbox has \
                        neither: join with bevy_netplay, or use a server with auth.mode = \"open\"";

/// `/`: the room without a name.
pub(crate) async fn upgrade_unnamed(
    state: State<Arc<Hub>>,
    query: RawQuery,
    admission: Admission,
    upgrade: WebSocketUpgrade,
) -> Response {
    self::upgrade(state, Path(String::new()), query, admission, upgrade).await
}

/// `/{room}`.
pub(crate) async fn upgrade(
    State(hub): State<Arc<Hub>>,
    Path(room): Path<String>,
    RawQuery(query): RawQuery,
    admission: Admission,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !hub.is_open() {
        return (StatusCode::FORBIDDEN, NOT_OPEN).into_response();
    }
    let name = match parse_name(room, query.as_deref().unwrap_or_default()) {
        Ok(name) => name,
        Err(sentence) => return (StatusCode::BAD_REQUEST, sentence).into_response(),
    };
    bounded(upgrade, &hub).on_upgrade(async move |socket: WebSocket| match admission.upgraded() {
        (Ok(permit), _) => connection::run(socket, hub, permit, name).await,
        (Err(refusal), _) => connection::refuse(socket, &hub, &refusal).await,
    })
}

fn parse_name(room: String, query: &str) -> Result<RoomName, &'static str> {
    if room.len() > MAX_NAME_BYTES {
        return Err("the name of a room has at most 128 bytes");
    }
    let next = query.split('&').find_map(|pair| pair.strip_prefix("next="));
    let next = match next.map(str::parse) {
        None => None,
        Some(Ok(next)) if (2..=rooms::MAX_MEMBERS).contains(&next) => Some(next),
        Some(_) => return Err("next must be a number of players from 2 to 64, as in /ROOM?next=2"),
    };
    Ok(RoomName { room, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_name_is_parsed_from_the_url() {
        let named = |room: &str, next| Ok(RoomName { room: room.into(), next });
        assert_eq!(parse_name("a".into(), ""), named("a", None));
        assert_eq!(parse_name(String::new(), "x=1&next=3"), named("", Some(3)));
        for bad in ["next=", "next=0", "next=1", "next=65", "next=two"] {
            assert!(parse_name("a".into(), bad).is_err(), "{bad}");
        }
        assert!(parse_name("x".repeat(129), "").is_err());
    }
}
