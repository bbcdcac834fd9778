//! What the hub should store, as simply as it can be written down.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_protocol::signaling::Refusal;

use super::SIZE;

/// What the server should store.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) rooms: BTreeMap<usize, Vec<Slot>>,
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) who: usize,
    /// While it is away: until when the room keeps its slot, and the signals for it.
    pub(super) away: Option<(Duration, Vec<(usize, u64)>)>,
}

impl Model {
    pub(super) fn members(&self, room: usize) -> Vec<usize> {
        self.rooms.get(&room).into_iter().flatten().map(|slot| slot.who).collect()
    }

    pub(super) fn slot(&mut self, room: usize, who: usize) -> Option<&mut Slot> {
        self.rooms.get_mut(&room)?.iter_mut().find(|slot| slot.who == who)
    }

    pub(super) fn retain(&mut self, stays: impl Fn(usize, &Slot) -> bool) {
        for (room, slots) in &mut self.rooms {
            slots.retain(|slot| stays(*room, slot));
        }
        self.rooms.retain(|_, slots| !slots.is_empty());
    }

    pub(super) fn join(&mut self, room: usize, who: usize) -> Result<(), Refusal> {
        let slots = self.rooms.entry(room).or_default();
        if slots.iter().any(|slot| slot.who == who) {
            return Err(Refusal::AlreadyJoined);
        }
        if slots.len() == usize::from(SIZE) {
            return Err(Refusal::RoomFull { size: SIZE });
        }
        slots.push(Slot { who, away: None });
        Ok(())
    }

    /// Returns the signals that the room kept for a peer.
    pub(super) fn resume(&mut self, room: usize, who: usize) -> Result<Vec<(usize, u64)>, Refusal> {
        let slot = self.slot(room, who).ok_or(Refusal::CannotResume)?;
        Ok(slot.away.take().map(|(_, kept)| kept).unwrap_or_default())
    }
}
