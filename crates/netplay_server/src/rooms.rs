//! The rooms: who sits where, who is told what, who is refused.
//!
//! Nothing is sent here. Every call returns what is to be delivered, and the caller delivers it before
//! the next call: that is what gives every peer of a room the same roster in the same order. Peers are
//! known by the [`SocketId`] that the server gave their connection; the key that a peer named itself by
//! is looked up from it, and never taken from a later message.
//!
//! A room comes into being with the first who joins it and ends with the last who leaves.

use std::collections::HashMap;

use netplay_protocol::limits::{MAX_PLAYERS, MIN_PLAYERS};
use netplay_protocol::signaling::{Refusal, ServerMessage, Signal};
use netplay_protocol::{ConnectionId, PeerKey, RoomCode, Roster};

/// The server's own name for a connection, never told to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SocketId(pub(crate) u64);

/// A message, and who is to get it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) to: Vec<SocketId>,
    pub(crate) message: ServerMessage,
}

/// Every room of the server.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    rooms: HashMap<RoomCode, Room>,
    seats: HashMap<SocketId, RoomCode>,
}

#[derive(Debug)]
struct Room {
    size: u8,
    /// In the order they joined.
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    socket: SocketId,
    key: PeerKey,
}

impl Room {
    fn roster(&self) -> Delivery {
        let members = self.members.iter().map(|member| member.key).collect();
        Delivery {
            to: self.members.iter().map(|member| member.socket).collect(),
            message: ServerMessage::Roster(Roster { size: self.size, members }),
        }
    }
}

impl Rooms {
    /// Seats a peer in a room, which is made if it is not there. Everybody in the room is told.
    pub(crate) fn join(
        &mut self,
        socket: SocketId,
        room: &str,
        size: u8,
        key: PeerKey,
    ) -> Result<Delivery, Refusal> {
        if self.seats.contains_key(&socket) {
            return Err(Refusal::OutOfOrder);
        }
        let code: RoomCode = room.parse().map_err(|_| Refusal::BadRoomCode)?;
        if !(MIN_PLAYERS..=MAX_PLAYERS).contains(&size) {
            return Err(Refusal::BadRoomSize { size });
        }
        if let Some(room) = self.rooms.get(&code) {
            if room.size != size {
                return Err(Refusal::RoomSizeDiffers { size: room.size });
            }
            // Before the room is found full: who comes back too early is told so, and not that
            // somebody took the seat.
            if room.members.iter().any(|member| member.key == key) {
                return Err(Refusal::AlreadyJoined);
            }
            if room.members.len() >= usize::from(size) {
                return Err(Refusal::RoomFull { size });
            }
        }
        self.seats.insert(socket, code.clone());
        let room = self.rooms.entry(code).or_insert_with(|| Room { size, members: Vec::new() });
        room.members.push(Member { socket, key });
        Ok(room.roster())
    }

    /// Frees the seat of a peer. Those who stay are told; those behind it move up.
    pub(crate) fn leave(&mut self, socket: SocketId) -> Option<Delivery> {
        let code = self.seats.remove(&socket)?;
        let room = self.rooms.get_mut(&code)?;
        room.members.retain(|member| member.socket != socket);
        if room.members.is_empty() {
            self.rooms.remove(&code);
            return None;
        }
        Some(room.roster())
    }

    /// Passes a signal on to a peer of the same room. A receiver who is not there may just have left:
    /// then there is nothing to deliver, and nothing wrong.
    pub(crate) fn signal(
        &self,
        socket: SocketId,
        to: PeerKey,
        connection: ConnectionId,
        signal: Signal,
    ) -> Result<Option<Delivery>, Refusal> {
        let room = self.seats.get(&socket).and_then(|code| self.rooms.get(code));
        let room = room.ok_or(Refusal::OutOfOrder)?;
        let sender = room.members.iter().find(|member| member.socket == socket);
        let from = sender.ok_or(Refusal::OutOfOrder)?.key;
        let receiver = room.members.iter().find(|member| member.key == to && member.key != from);
        Ok(receiver.map(|receiver| Delivery {
            to: vec![receiver.socket],
            message: ServerMessage::Signal { from, connection, signal },
        }))
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
