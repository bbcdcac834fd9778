//! Stores the rooms and delivers to connections: the only part that would know of other servers.
//!
//! [`Memory`] keeps everything in this process. A server that shares its rooms with others would implement
//! [`Backbone`] over an existing engine: a room is one small record that is changed by compare-and-swap, and
//! every connection has an address to deliver to. Nothing above this trait assumes that the other members of
//! a room are connected to this process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message;
use netplay_protocol::signaling::{ListRooms, RoomPage, ServerMessage};
use netplay_protocol::{PeerKey, RoomCode};

use crate::directory::Directory;
use crate::message::text;
use crate::room::{Delivery, Outgoing, Room, SocketId};
use crate::send_queue::SendQueue;

/// See the [module](self).
pub(crate) trait Backbone: Send + Sync + 'static {
    /// Delivers to this connection through this queue from now on.
    fn attach(&self, socket: SocketId, queue: SendQueue);

    /// Stops delivering to this connection.
    fn detach(&self, socket: SocketId);

    /// Changes a room exclusively, then delivers what the room has to transmit, after everything that earlier
    /// changes of the room transmitted. A room that is empty after the change ends. The change may run more
    /// than once if another server changed the room at the same time; only the last run counts.
    fn change<T: Send>(
        &self,
        code: &RoomCode,
        change: impl FnMut(&mut Option<Room>) -> T + Send,
    ) -> impl Future<Output = T> + Send;

    /// The sender's key and the receiver's queue for a packet to relay. None where the room has no open relay.
    fn relay_route(
        &self,
        code: &RoomCode,
        from: SocketId,
        to: PeerKey,
    ) -> impl Future<Output = Option<(PeerKey, SendQueue)>> + Send;

    /// Delivers something that no room transmits.
    fn deliver(&self, delivery: Delivery) -> impl Future<Output = ()> + Send;

    /// A page of the list of public rooms.
    fn list(&self, request: &ListRooms) -> impl Future<Output = RoomPage> + Send;

    /// How many rooms there are.
    #[cfg(any(test, feature = "metrics"))]
    fn room_count(&self) -> usize;

    /// How many of them are in the list of public rooms.
    #[cfg(any(test, feature = "metrics"))]
    fn public_room_count(&self) -> usize;

    /// How many relays are open.
    #[cfg(any(test, feature = "metrics"))]
    fn open_relay_count(&self) -> usize;

    /// How many signals were dropped since the last call, because their receiver had not read what waited from the
    /// same sender.
    #[cfg(feature = "metrics")]
    fn take_dropped_signals(&self) -> u64;
}

/// Everything in this process, behind one lock. Nothing blocks under the lock: messages are queued there, and
/// the connections write them.
#[derive(Default)]
pub(crate) struct Memory {
    state: Mutex<State>,
    dropped_signals: AtomicU64,
}

#[derive(Default)]
struct State {
    rooms: HashMap<RoomCode, Room>,
    queues: HashMap<SocketId, SendQueue>,
    directory: Directory,
    /// How many relays are open in all rooms.
    #[cfg(any(test, feature = "metrics"))]
    open_relays: usize,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in one connection must not end all the others.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backbone for Memory {
    fn attach(&self, socket: SocketId, queue: SendQueue) {
        self.lock().queues.insert(socket, queue);
    }

    fn detach(&self, socket: SocketId) {
        self.lock().queues.remove(&socket);
    }

    async fn change<T: Send>(
        &self,
        code: &RoomCode,
        mut change: impl FnMut(&mut Option<Room>) -> T + Send,
    ) -> T {
        let mut state = self.lock();
        let mut dropped = 0;
        let mut room = state.rooms.remove(code);
        #[cfg(any(test, feature = "metrics"))]
        let relays_before = room.as_ref().map_or(0, Room::open_relays);
        let outcome = change(&mut room);
        #[cfg(any(test, feature = "metrics"))]
        {
            let relays = room.as_ref().map_or(0, Room::open_relays);
            state.open_relays = (state.open_relays + relays).saturating_sub(relays_before);
        }
        if let Some(mut room) = room {
            while let Some(delivery) = room.poll_transmit() {
                dropped += state.deliver(&delivery);
            }
            let room = Some(room).filter(|room| !room.is_empty());
            state.directory.update(code, room.as_ref());
            state.rooms.extend(room.map(|room| (code.clone(), room)));
        }
        self.dropped_signals.fetch_add(dropped, Ordering::Relaxed);
        outcome
    }

    async fn relay_route(
        &self,
        code: &RoomCode,
        from: SocketId,
        to: PeerKey,
    ) -> Option<(PeerKey, SendQueue)> {
        let state = self.lock();
        let route = state.rooms.get(code)?.relay_route(from, to)?;
        Some((route.from, state.queues.get(&route.to)?.clone()))
    }

    async fn deliver(&self, delivery: Delivery) {
        let dropped = self.lock().deliver(&delivery);
        self.dropped_signals.fetch_add(dropped, Ordering::Relaxed);
    }

    async fn list(&self, request: &ListRooms) -> RoomPage {
        self.lock().directory.page(request)
    }

    #[cfg(any(test, feature = "metrics"))]
    fn room_count(&self) -> usize {
        self.lock().rooms.len()
    }

    #[cfg(any(test, feature = "metrics"))]
    fn public_room_count(&self) -> usize {
        self.lock().directory.len()
    }

    #[cfg(any(test, feature = "metrics"))]
    fn open_relay_count(&self) -> usize {
        self.lock().open_relays
    }

    #[cfg(feature = "metrics")]
    fn take_dropped_signals(&self) -> u64 {
        self.dropped_signals.swap(0, Ordering::Relaxed)
    }
}

impl State {
    /// Returns how many signals were dropped.
    fn deliver(&self, delivery: &Delivery) -> u64 {
        let queues = delivery.to.iter().filter_map(|socket| self.queues.get(socket));
        match &delivery.outgoing {
            Outgoing::Message(message) => {
                let text = text(message);
                // Whatever a member causes by itself counts against its share.
                return match message {
                    ServerMessage::Signal { from, .. } => {
                        let dropped =
                            |queue: &&SendQueue| !queue.push_signal((*from).into(), text.clone());
                        queues.filter(dropped).count() as u64
                    }
                    ServerMessage::Relay { from, .. } => {
                        queues.for_each(|queue| queue.push_notice((*from).into(), text.clone()));
                        0
                    }
                    _ => {
                        queues.for_each(|queue| queue.push(text.clone()));
                        0
                    }
                };
            }
            Outgoing::Ping(payload) => {
                queues.for_each(|queue| queue.push(Message::Ping(payload.clone())));
            }
            Outgoing::Close(reason) => queues.for_each(|queue| queue.close(reason.clone())),
        }
        0
    }
}
