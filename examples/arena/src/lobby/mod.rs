//! The lobby of a room whose players say when they start: what they choose, who is there and ready, what one of them may do,
//! and how the last match has ended. What draws it is in [`view`](crate::view) or in the page.

mod choices;
mod members;
mod result;
mod wishes;

use bevy::prelude::*;
use bevy_netplay::prelude::*;

pub use choices::{
    ArenaLobby, ArenaMatchLobby, COLORS, RoundChoice, RoundLength, ShipChoice, ShipColors,
};
pub use members::{ShownMember, chosen_color, members};
pub use result::{LastResult, ShownResult};
pub use wishes::LobbyWish;

/// The lobby of a player, as opposed to a bot. Needs the simulation, whose values of the lobby it shows, and the
/// [chat](crate::chat).
pub fn plugin(app: &mut App) {
    app.init_resource::<LastResult>()
        .init_resource::<ShipColors>()
        .init_resource::<result::MatchNames>()
        .add_message::<LobbyWish>()
        .add_systems(StartMatch, choices::color_ships)
        .add_systems(OnEnter(NetplayState::Playing), result::remember_names)
        .add_systems(OnEnter(NetplayState::Connecting), result::forget)
        .add_systems(Update, (result::keep, wishes::grant));
}

/// A run condition: in the lobby of a room whose players say when they start.
pub fn is_shown(state: Res<State<NetplayState>>, room: Res<CurrentRoom>) -> bool {
    *state.get() == NetplayState::Lobby && room.least.is_some()
}

/// Whether the local player may start a match with those who are there: the first one, in a room with a lobby.
pub fn may_start(lobby: &CurrentLobby) -> bool {
    lobby.least.is_some() && lobby.is_first()
}
