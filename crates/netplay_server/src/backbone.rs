//! Where rooms are kept and how connections are reached: the one place that would know of other servers.
//!
//! [`Memory`] keeps everything in this process. A server that shares its rooms with others implements
//! [`Backbone`] over an existing engine: a room is one small record that is changed by compare-and-swap,
//! and every connection has an address that deliveries are sent to. Nothing above this seam assumes that
//! the other members of a room are connected to this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message;
use netplay_protocol::{PeerKey, RoomCode};

use crate::message::text;
use crate::outbox::Outbox;
use crate::room::{Delivery, Parcel, Room, SocketId};

/// See the [module](self).
pub(crate) trait Backbone: Send + Sync + 'static {
    /// From now on, what is delivered to this connection goes to this queue.
    fn attach(&self, socket: SocketId, outbox: Outbox);

    /// Nothing more is delivered to this connection.
    fn detach(&self, socket: SocketId);

    /// Changes a room, alone: nobody else changes it in between. What the step returns is delivered
    /// after everything that earlier changes of this room delivered. A room that is empty after the step
    /// is no more. The step may run more than once, if somebody else was faster; only the last time counts.
    fn change<T: Send>(
        &self,
        code: &RoomCode,
        step: impl FnMut(&mut Option<Room>) -> (T, Vec<Delivery>) + Send,
    ) -> impl Future<Output = T> + Send;

    /// Where a packet goes that a member of a room wants relayed, and whose name it bears.
    fn route(
        &self,
        code: &RoomCode,
        from: SocketId,
        to: PeerKey,
    ) -> impl Future<Output = Option<(PeerKey, Outbox)>> + Send;

    /// Delivers something that does not come from a room.
    fn deliver(&self, delivery: Delivery) -> impl Future<Output = ()> + Send;

    /// How many rooms there are.
    fn rooms(&self) -> usize;
}

/// Everything in this process, behind one lock. Nothing waits under it: queues are pushed to, never
/// written out.
#[derive(Default)]
pub(crate) struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rooms: HashMap<RoomCode, Room>,
    outboxes: HashMap<SocketId, Outbox>,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of one connection is no reason to end all the others.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backbone for Memory {
    fn attach(&self, socket: SocketId, outbox: Outbox) {
        self.lock().outboxes.insert(socket, outbox);
    }

    fn detach(&self, socket: SocketId) {
        self.lock().outboxes.remove(&socket);
    }

    async fn change<T: Send>(
        &self,
        code: &RoomCode,
        mut step: impl FnMut(&mut Option<Room>) -> (T, Vec<Delivery>) + Send,
    ) -> T {
        let mut state = self.lock();
        let mut room = state.rooms.remove(code);
        let (outcome, deliveries) = step(&mut room);
        if let Some(room) = room.filter(|room| !room.is_empty()) {
            state.rooms.insert(code.clone(), room);
        }
        deliveries.iter().for_each(|delivery| state.deliver(delivery));
        outcome
    }

    async fn route(
        &self,
        code: &RoomCode,
        from: SocketId,
        to: PeerKey,
    ) -> Option<(PeerKey, Outbox)> {
        let state = self.lock();
        let route = state.rooms.get(code)?.route(from, to)?;
        Some((route.from, state.outboxes.get(&route.to)?.clone()))
    }

    async fn deliver(&self, delivery: Delivery) {
        self.lock().deliver(&delivery);
    }

    fn rooms(&self) -> usize {
        self.lock().rooms.len()
    }
}

impl State {
    fn deliver(&self, delivery: &Delivery) {
        let outboxes = delivery.to.iter().filter_map(|socket| self.outboxes.get(socket));
        match &delivery.parcel {
            Parcel::Message(message) => {
                let message = text(message);
                outboxes.for_each(|outbox| outbox.push(message.clone()));
            }
            Parcel::Ping(payload) => {
                outboxes.for_each(|outbox| outbox.push(Message::Ping(payload.clone())));
            }
            Parcel::Dismissal(reason) => outboxes.for_each(|outbox| outbox.end(reason.clone())),
        }
    }
}
