//! matchbox's own signaling, so that a game on bevy_matchbox moves to this server by changing a URL.
//!
//! A client connects to `/ROOM` or `/ROOM?next=N`, is given an id, and is told of everybody who comes after
//! it; whoever is told makes an offer. What it signals is passed on within its room. There is no roster,
//! no resuming, no relay and no word for a refusal: whoever goes too far is closed, with a reason.
//!
//! Everything else is as for our own clients: limits, metrics, TLS, origins, draining. And signals are
//! looked at before they are passed on, since clients of matchbox trust what they are sent: a description
//! that cannot be parsed ends the receiver's whole socket.

mod connection;
mod rooms;
mod signal;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::{Message, WebSocket};
use axum::extract::{Path, RawQuery, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use matchbox_protocol::JsonPeerEvent;

use crate::hub::Hub;
use crate::outbox::Outbox;
use crate::room::SocketId;
use crate::routes::{Admission, bounded};
use rooms::{RoomName, Rooms};

/// How long the name of a room may be, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// The rooms of matchbox's clients, and how they are reached.
#[derive(Default)]
pub(crate) struct Matchbox {
    state: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    rooms: Rooms,
    outboxes: HashMap<SocketId, Outbox>,
}

impl Matchbox {
    /// Everybody is told in the order in which things happen, because it is done under one lock: of two who
    /// come at the same instant, one is before the other for both.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic of one connection is no reason to end all the others.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn deliver(&self, events: Vec<(SocketId, JsonPeerEvent)>) {
        for (to, event) in events {
            if let Some(outbox) = self.outboxes.get(&to) {
                outbox.push(Message::text(event.to_string()));
            }
        }
    }
}

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
    let name = match name(room, query.as_deref().unwrap_or_default()) {
        Ok(name) => name,
        Err(sentence) => return (StatusCode::BAD_REQUEST, sentence).into_response(),
    };
    bounded(upgrade, &hub).on_upgrade(async move |socket: WebSocket| match admission.permit {
        Ok(permit) => connection::run(socket, hub, permit, name).await,
        Err(refusal) => connection::refuse(socket, &hub, &refusal).await,
    })
}

fn name(room: String, query: &str) -> Result<RoomName, &'static str> {
    if room.len() > MAX_NAME_BYTES {
        return Err("the name of a room has at most 128 bytes");
    }
    let next = query.split('&').find_map(|pair| pair.strip_prefix("next="));
    let next = match next.map(str::parse) {
        None => None,
        Some(Ok(next)) if (2..=rooms::MOST_MEMBERS).contains(&next) => Some(next),
        Some(_) => return Err("next must be a number of players from 2 to 64, as in /ROOM?next=2"),
    };
    Ok(RoomName { room, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_stands_in_the_url() {
        let named = |room: &str, next| Ok(RoomName { room: room.into(), next });
        assert_eq!(name("a".into(), ""), named("a", None));
        assert_eq!(name(String::new(), "x=1&next=3"), named("", Some(3)));
        for bad in ["next=", "next=0", "next=1", "next=65", "next=two"] {
            assert!(name("a".into(), bad).is_err(), "{bad}");
        }
        assert!(name("x".repeat(129), "").is_err());
    }
}
