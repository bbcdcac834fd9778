//! The list of public rooms, for who is in no room: the command `arena rooms`, and the start screen of the page.
//!
//! A game that runs asks for it with `Commands::list_rooms`. Here no App runs yet.

use bevy_netplay::ListedRoom;
use bevy_netplay::protocol::signaling::{ListRooms, RoomPage, VERSION};
use bevy_netplay::transport::rtc::RoomListTask;
use serde::Serialize;

use crate::GAME;
use crate::plain_text::on_one_line;

/// How many letters of a room's name are shown.
const LETTERS: usize = 40;

/// Begins to read a page of the list: the rooms of this game on a server that admit another player, the newest first, from
/// those before the given place on.
pub fn read(server: &str, before: Option<u64>) -> RoomListTask {
    let request = ListRooms {
        version: VERSION,
        game: GAME.into(),
        game_version: String::new(),
        mode: None,
        before,
    };
    RoomListTask::start(vec![server.to_owned()], request)
}

/// A room of the list, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownRoom {
    /// Its code.
    pub code: String,
    /// The name that its creator gave it.
    pub name: String,
    /// How many players are in it.
    pub players: u8,
    /// How many it is for.
    pub size: u8,
    /// Whether it has a password.
    pub locked: bool,
}

/// The rooms of a page.
pub fn shown(page: RoomPage) -> Vec<ShownRoom> {
    let shown = |room: ListedRoom| ShownRoom {
        code: room.code.to_string(),
        // A stranger's words.
        name: on_one_line(&room.name, LETTERS),
        players: room.players,
        size: room.size,
        locked: room.has_password,
    };
    page.rooms.into_iter().map(|room| shown(room.into())).collect()
}
