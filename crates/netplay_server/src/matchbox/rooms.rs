//! The rooms of matchbox clients, without IO: each change returns the events to send.

use std::collections::HashMap;

use matchbox_protocol::{JsonPeerEvent, PeerId};
use serde_json::Value;

use crate::limits::RoomPermit;
use crate::room::SocketId;

/// The most members of a room. Each connects to every other one.
pub(super) const MAX_MEMBERS: usize = 64;

/// The room that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RoomName {
    pub(super) room: String,
    /// The size of the groups in the room. The next client after a full group begins another one.
    pub(super) next: Option<usize>,
}

/// Events and their receivers, in order.
pub(super) type Events = Vec<(SocketId, JsonPeerEvent)>;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Rooms {
    /// The group that the next client of a room joins.
    open: HashMap<RoomName, u64>,
    groups: HashMap<u64, Group>,
    /// The group of each member.
    group_of: HashMap<SocketId, u64>,
    last_group: u64,
}

/// Clients that connect to each other.
#[derive(Debug)]
struct Group {
    name: RoomName,
    members: Vec<(SocketId, PeerId)>,
    _permit: RoomPermit,
}

impl Rooms {
    /// Adds a client. Asks for the permit if the client begins a group. None if the room is full.
    pub(super) fn join<E>(
        &mut self,
        name: RoomName,
        socket: SocketId,
        id: PeerId,
        permit: impl FnOnce() -> Result<RoomPermit, E>,
    ) -> Result<Option<Events>, E> {
        let number = match self.open.get(&name) {
            Some(number) => *number,
            None => {
                let group = Group { name: name.clone(), members: Vec::new(), _permit: permit()? };
                self.last_group += 1;
                self.groups.insert(self.last_group, group);
                self.open.insert(name.clone(), self.last_group);
                self.last_group
            }
        };
        let Some(group) = self.groups.get_mut(&number) else { return Ok(None) };
        if group.members.len() >= MAX_MEMBERS {
            return Ok(None);
        }
        let mut events = vec![(socket, JsonPeerEvent::IdAssigned(id))];
        // Only the earlier members are told, so that exactly one of each pair sends an offer.
        events.extend(group.members.iter().map(|(to, _)| (*to, JsonPeerEvent::NewPeer(id))));
        group.members.push((socket, id));
        if name.next == Some(group.members.len()) {
            self.open.remove(&name);
        }
        self.group_of.insert(socket, number);
        Ok(Some(events))
    }

    /// Removes a client.
    pub(super) fn leave(&mut self, socket: SocketId) -> Events {
        let Some(number) = self.group_of.remove(&socket) else { return Vec::new() };
        let Some(group) = self.groups.get_mut(&number) else { return Vec::new() };
        let left = group.members.iter().position(|(member, _)| *member == socket);
        let Some((_, id)) = left.map(|index| group.members.remove(index)) else {
            return Vec::new();
        };
        if group.members.is_empty() {
            if self.open.get(&group.name) == Some(&number) {
                self.open.remove(&group.name);
            }
            self.groups.remove(&number);
            return Vec::new();
        }
        group.members.iter().map(|(to, _)| (*to, JsonPeerEvent::PeerLeft(id))).collect()
    }

    /// Forwards a signal within a group. None if the group has no such member.
    pub(super) fn signal(&self, socket: SocketId, to: PeerId, data: Value) -> Option<Events> {
        let members = &self.groups.get(self.group_of.get(&socket)?)?.members;
        let (_, sender) = *members.iter().find(|(member, _)| *member == socket)?;
        let (receiver, _) = members.iter().find(|(_, id)| *id == to && *id != sender)?;
        Some(vec![(*receiver, JsonPeerEvent::Signal { sender, data })])
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
