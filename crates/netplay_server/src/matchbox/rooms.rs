//! Who is told what. No socket and no clock: every change returns what is to be told to whom.

use std::collections::HashMap;

use matchbox_protocol::{JsonPeerEvent, PeerId};
use serde_json::Value;

use crate::limits::RoomPermit;
use crate::room::SocketId;

/// How many may be in a room. Each connects to every other one.
pub(super) const MOST_MEMBERS: usize = 64;

/// What clients name to meet: the room, and in groups of how many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RoomName {
    pub(super) room: String,
    /// Groups of that many: whoever comes when one is full begins the next.
    pub(super) next: Option<usize>,
}

/// What is to be told to whom, in this order.
pub(super) type Events = Vec<(SocketId, JsonPeerEvent)>;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Rooms {
    /// The group that whoever comes next is put into.
    open: HashMap<RoomName, u64>,
    groups: HashMap<u64, Group>,
    /// In which group everybody is.
    places: HashMap<SocketId, u64>,
    last_group: u64,
}

/// Those who are introduced to each other.
#[derive(Debug)]
struct Group {
    name: RoomName,
    members: Vec<(SocketId, PeerId)>,
    _permit: RoomPermit,
}

impl Rooms {
    /// Somebody comes. The permit is asked for where it begins a group. None if the room is full.
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
        if group.members.len() >= MOST_MEMBERS {
            return Ok(None);
        }
        let mut events = vec![(socket, JsonPeerEvent::IdAssigned(id))];
        // Only those who were there before are told: exactly one of each pair makes an offer.
        events.extend(group.members.iter().map(|(to, _)| (*to, JsonPeerEvent::NewPeer(id))));
        group.members.push((socket, id));
        if name.next == Some(group.members.len()) {
            self.open.remove(&name);
        }
        self.places.insert(socket, number);
        Ok(Some(events))
    }

    /// Somebody goes.
    pub(super) fn leave(&mut self, socket: SocketId) -> Events {
        let Some(number) = self.places.remove(&socket) else { return Vec::new() };
        let Some(group) = self.groups.get_mut(&number) else { return Vec::new() };
        let gone = group.members.iter().position(|(member, _)| *member == socket);
        let Some((_, id)) = gone.map(|place| group.members.remove(place)) else {
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

    /// Somebody signals to somebody else of the same group. None where there is no such member.
    pub(super) fn signal(&self, socket: SocketId, to: PeerId, data: Value) -> Option<Events> {
        let members = &self.groups.get(self.places.get(&socket)?)?.members;
        let (_, sender) = *members.iter().find(|(member, _)| *member == socket)?;
        let (receiver, _) = members.iter().find(|(_, id)| *id == to && *id != sender)?;
        Some(vec![(*receiver, JsonPeerEvent::Signal { sender, data })])
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
