//! [`NetplayCommands`]: what a game asks for.

use bevy::prelude::*;

use crate::JoinRoom;
use crate::session::{Request, Session};

/// What a game asks for. The request is carried out in the next [`NetplaySystems::Receive`](crate::NetplaySystems);
/// its outcome shows in [`NetplayState`](crate::NetplayState) and in [messages](crate::messages).
pub trait NetplayCommands {
    /// Joins a room, leaving the current one.
    fn join_room(&mut self, room: JoinRoom);

    /// Leaves the room. The others play on without this player; a match of two ends.
    fn leave_room(&mut self);

    /// Votes for another match with the same players. It starts when all have voted.
    fn rematch(&mut self);
}

impl NetplayCommands for Commands<'_, '_> {
    fn join_room(&mut self, room: JoinRoom) {
        self.queue(move |world: &mut World| {
            world.resource_mut::<Session>().request(Request::Join(room))
        });
    }

    fn leave_room(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Session>().request(Request::Leave));
    }

    fn rematch(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Session>().request(Request::Rematch));
    }
}
