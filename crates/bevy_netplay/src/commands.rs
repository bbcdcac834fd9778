use bevy::prelude::*;
use netplay_protocol::RoomCode;

use crate::session::Netplay;

/// The room to join: everybody who names the same code on the same server meets there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub(crate) code: String,
    pub(crate) players: u8,
    pub(crate) server: Option<String>,
}

impl Room {
    /// A room for two players. A code that is not one ends in
    /// [`EndReason::BadRoom`](crate::EndReason::BadRoom).
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), players: 2, server: None }
    }

    /// A room with a code that nobody else has, for two players.
    pub fn random() -> Self {
        Self::new(RoomCode::from_entropy(crate::session::entropy()).to_string())
    }

    /// How many players the room is for, 2 to 8.
    pub fn players(mut self, players: u8) -> Self {
        self.players = players;
        self
    }

    /// The signaling server, instead of the one in [`NetplayConfig`](crate::NetplayConfig).
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// The code of the room.
    pub fn code(&self) -> &str {
        &self.code
    }
}

/// What a game asks for.
pub trait NetplayCommands {
    /// Joins a room, leaving the one we are in. What becomes of it shows in
    /// [`NetplayState`](crate::NetplayState).
    fn join_room(&mut self, room: Room);

    /// Leaves the room and ends the match for the others.
    fn leave_room(&mut self);

    /// Votes for another match with the same players. It starts when everybody has voted.
    fn rematch(&mut self);
}

impl NetplayCommands for Commands<'_, '_> {
    fn join_room(&mut self, room: Room) {
        self.queue(move |world: &mut World| world.resource_mut::<Netplay>().ask_join(room));
    }

    fn leave_room(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Netplay>().ask_leave());
    }

    fn rematch(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Netplay>().ask_rematch());
    }
}
