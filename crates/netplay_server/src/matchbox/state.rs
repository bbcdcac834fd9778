//! The rooms and connections of matchbox clients, behind one lock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message;
use matchbox_protocol::JsonPeerEvent;

use super::rooms::Rooms;
use crate::room::SocketId;
use crate::send_queue::SendQueue;

/// The rooms and connections of matchbox clients.
#[derive(Default)]
pub(crate) struct Matchbox {
    shared: Mutex<Shared>,
}

#[derive(Default)]
pub(super) struct Shared {
    pub(super) rooms: Rooms,
    pub(super) queues: HashMap<SocketId, SendQueue>,
}

impl Matchbox {
    /// One lock for changing a room and queueing the messages about it, so that all members receive the changes
    /// in the same order: of two peers that join at the same time, one is first for both.
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic in one connection must not end all the others.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    pub(super) fn deliver(&self, events: Vec<(SocketId, JsonPeerEvent)>) {
        for (to, event) in events {
            if let Some(queue) = self.queues.get(&to) {
                queue.push(Message::text(event.to_string()));
            }
        }
    }
}
