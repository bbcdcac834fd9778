//! The hub does what the rooms decided: it knows the queue of every connection and puts messages there.
//!
//! Deciding and queueing happen under one lock, so that of two peers who join at once, everybody sees the
//! same one first. Nothing waits under that lock: queues are pushed to, never written out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message;
use netplay_protocol::signaling::{Refusal, ServerMessage, Signal, VERSION};
use netplay_protocol::{ConnectionId, PeerKey};

use crate::ServerConfig;
use crate::outbox::Outbox;
use crate::rooms::{Delivery, Rooms, SocketId};

/// What all connections share.
pub(crate) struct Hub {
    config: ServerConfig,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rooms: Rooms,
    outboxes: HashMap<SocketId, Outbox>,
    next_socket: u64,
}

/// A connection's place in the hub. Dropping it leaves the room, however the connection ended.
pub(crate) struct Peer {
    hub: Arc<Hub>,
    socket: SocketId,
    outbox: Outbox,
}

impl Hub {
    pub(crate) fn new(config: ServerConfig) -> Self {
        Self { config, state: Mutex::default() }
    }

    pub(crate) fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Registers a connection, to be written to through this queue.
    pub(crate) fn connect(self: &Arc<Self>, outbox: Outbox) -> Peer {
        let mut state = self.lock();
        let socket = SocketId(state.next_socket);
        state.next_socket += 1;
        state.outboxes.insert(socket, outbox.clone());
        drop(state);
        Peer { hub: self.clone(), socket, outbox }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of one connection is no reason to end all the others.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer {
    /// Joins a room: the peer is welcomed, and the room is told.
    pub(crate) fn join(&self, room: &str, size: u8, key: PeerKey) -> Result<(), Refusal> {
        let mut state = self.hub.lock();
        let roster = state.rooms.join(self.socket, room, size, key)?;
        let ice_servers = self.hub.config.ice_servers.clone();
        self.outbox.push(text(&ServerMessage::Welcome { version: VERSION, ice_servers }));
        state.deliver(&roster);
        Ok(())
    }

    /// Passes a signal on.
    pub(crate) fn signal(
        &self,
        to: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) -> Result<(), Refusal> {
        let state = self.hub.lock();
        if let Some(delivery) = state.rooms.signal(self.socket, to, connection, signal)? {
            state.deliver(&delivery);
        }
        Ok(())
    }

    /// Asks the peer for a sign of life.
    pub(crate) fn ping(&self) {
        self.outbox.push(Message::Ping(Default::default()));
    }

    /// The number of the connection, for the log.
    pub(crate) fn number(&self) -> u64 {
        self.socket.0
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        state.outboxes.remove(&self.socket);
        if let Some(roster) = state.rooms.leave(self.socket) {
            state.deliver(&roster);
        }
    }
}

impl State {
    fn deliver(&self, delivery: &Delivery) {
        let message = text(&delivery.message);
        for outbox in delivery.to.iter().filter_map(|socket| self.outboxes.get(socket)) {
            outbox.push(message.clone());
        }
    }
}

/// The message as it travels.
pub(crate) fn text(message: &ServerMessage) -> Message {
    match serde_json::to_string(message) {
        Ok(json) => Message::text(json),
        // Only maps with keys that are no strings, and failing writers, cannot be JSON: there are none
        // here. Should that change, the peer had better hear nothing than the server fall.
        Err(error) => {
            tracing::error!("a message could not be written as JSON: {error}");
            Message::Close(None)
        }
    }
}
