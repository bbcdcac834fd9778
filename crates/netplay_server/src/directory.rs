//! The list of public rooms: an index by game and mode, which a page is read from without looking at other rooms.
//!
//! A room keeps its number in the list as long as it exists, so that the order is stable: who asks for one page after
//! the other sees no room twice, and misses none that is listed all the time.

use std::collections::{BTreeMap, HashMap};

use netplay_protocol::RoomCode;
use netplay_protocol::limits::MAX_ROOMS_PER_PAGE;
use netplay_protocol::signaling::{ListRooms, PublicRoom, RoomPage};

use crate::room::Room;

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Every public room that exists, whether it is listed at present or not.
    rooms: HashMap<RoomCode, Entry>,
    shelves: HashMap<Shelf, BTreeMap<u64, PublicRoom>>,
    /// How many public rooms there have been.
    numbered: u64,
}

/// A public room.
#[derive(Debug)]
struct Entry {
    number: u64,
    /// How many members the list says it has. None: it is not listed.
    listed: Option<u8>,
    /// Where it is listed.
    shelves: [Shelf; 2],
}

/// The rooms of a game and a version of it, of one mode or of all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shelf {
    game: String,
    version: String,
    mode: Option<String>,
}

impl Directory {
    /// A room has changed, or has ended (None). Costs nothing for rooms that are not public, and nothing for what does not
    /// show in the list.
    pub(crate) fn update(&mut self, code: &RoomCode, room: Option<&Room>) {
        match room.filter(|room| room.is_public()) {
            Some(room) => self.update_public(code, room),
            // Whether a room is public never changes.
            None if room.is_some() => {}
            None => self.remove(code),
        }
    }

    /// The page that a request asks for.
    pub(crate) fn page(&self, request: &ListRooms) -> RoomPage {
        let ListRooms { game, game_version, mode, before, .. } = request;
        let shelf = Shelf { game: game.clone(), version: game_version.clone(), mode: mode.clone() };
        let Some(shelf) = self.shelves.get(&shelf) else { return RoomPage::default() };
        let mut rooms = shelf.range(..before.unwrap_or(u64::MAX)).rev();
        let page: Vec<_> = rooms.by_ref().take(MAX_ROOMS_PER_PAGE).collect();
        let last = page.last().map(|(number, _)| **number);
        RoomPage {
            rooms: page.into_iter().map(|(_, room)| room.clone()).collect(),
            next: last.filter(|_| rooms.next().is_some()),
        }
    }

    /// How many rooms are listed.
    #[cfg(any(test, feature = "metrics"))]
    pub(crate) fn len(&self) -> usize {
        let of_all_modes = self.shelves.iter().filter(|(shelf, _)| shelf.mode.is_none());
        of_all_modes.map(|(_, rooms)| rooms.len()).sum()
    }

    fn update_public(&mut self, code: &RoomCode, room: &Room) {
        let listed = room.listed_players();
        let entry = self.rooms.entry(code.clone()).or_insert_with(|| {
            self.numbered += 1;
            let game = room.game();
            let shelf =
                |mode| Shelf { game: game.game.clone(), version: game.version.clone(), mode };
            let shelves = [shelf(None), shelf(Some(game.mode.clone()))];
            Entry { number: self.numbered, listed: None, shelves }
        });
        if entry.listed == listed {
            return;
        }
        entry.listed = listed;
        let (number, shelves) = (entry.number, entry.shelves.clone());
        match room.listed() {
            Some(room) => {
                for shelf in shelves {
                    self.shelves.entry(shelf).or_default().insert(number, room.clone());
                }
            }
            None => self.take_down(number, &shelves),
        }
    }

    fn remove(&mut self, code: &RoomCode) {
        if let Some(Entry { number, shelves, .. }) = self.rooms.remove(code) {
            self.take_down(number, &shelves);
        }
    }

    /// Frees what is empty: games come and go, and anybody can name new ones.
    fn take_down(&mut self, number: u64, shelves: &[Shelf; 2]) {
        for shelf in shelves {
            if let Some(rooms) = self.shelves.get_mut(shelf) {
                rooms.remove(&number);
                if rooms.is_empty() {
                    self.shelves.remove(shelf);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
