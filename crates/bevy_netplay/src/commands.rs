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

    /// Plays a match of so many players without a server or another peer, leaving the current room: to develop a game,
    /// for its tutorial and for practice. The first player has [`LocalInput`](crate::LocalInput), and what the game
    /// [sets](crate::LocalInput::set) for them the others. It lasts until the room is left or another is joined; asking
    /// again starts another match. There are 1 to 8 players; what cannot be played ends with
    /// [`EndReason::BadRequest`](crate::EndReason::BadRequest).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_netplay::prelude::*;
    ///
    /// fn practice(mut commands: Commands) {
    ///     commands.play_alone(2);
    /// }
    ///
    /// /// The other player repeats what the first one does.
    /// fn mimic(mut input: ResMut<LocalInput<u8>>) {
    ///     let first = input.0;
    ///     input.set(1, first);
    /// }
    ///
    /// App::new().add_systems(Startup, practice).add_systems(ReadLocalInput, mimic);
    /// ```
    fn play_alone(&mut self, players: usize);
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

    fn play_alone(&mut self, players: usize) {
        self.queue(move |world: &mut World| {
            world.resource_mut::<Session>().request(Request::PlayAlone { players })
        });
    }

    fn rematch(&mut self) {
        self.queue(|world: &mut World| world.resource_mut::<Session>().request(Request::Rematch));
    }
}
