//! The rooms and connections of matchbox clients, behind one lock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message;
use matchbox_protocol::{JsonPeerEvent, PeerId};

use super::rooms::Rooms;
use crate::room::SocketId;
use crate::send_queue::{SendQueue, SenderId};

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
    /// Returns how many signals were dropped, because their receiver had not read what waited from the same sender.
    pub(super) fn deliver(&self, events: Vec<(SocketId, JsonPeerEvent)>) -> u64 {
        let mut dropped = 0;
        for (to, event) in events {
            let Some(queue) = self.queues.get(&to) else { continue };
            let message = Message::text(event.to_string());
            match event {
                JsonPeerEvent::Signal { sender: PeerId(sender), .. } => {
                    let queued = queue.push_signal(SenderId(sender.as_u128()), message);
                    dropped += u64::from(!queued);
                }
                _ => queue.push(message),
            }
        }
        dropped
    }
}
