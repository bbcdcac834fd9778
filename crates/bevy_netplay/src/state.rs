//! [`NetplayState`], and run conditions that ask for it.

use bevy::prelude::*;

/// Where this peer is on the way to a match. Bevy's `in_state` and `OnEnter` work with it; why a room
/// [`Ended`](Self::Ended) is in [`LastEndReason`](crate::LastEndReason) and in the message
/// [`RoomEnded`](crate::messages::RoomEnded).
///
/// A match begins in this order: `OnExit(NetplayState::Playing)` if another one is played, with what `DespawnOnExit`
/// despawns; the schedule [`StartMatch`](crate::StartMatch); `OnEnter(NetplayState::Playing)`; frame 0.
#[derive(States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, Default, PartialEq, Hash)]
#[non_exhaustive]
pub enum NetplayState {
    /// In no room.
    #[default]
    Offline,
    /// On the way to the signaling server.
    Connecting,
    /// In a room, waiting for players and for connections to them.
    Lobby,
    /// Everybody is connected and agrees on what is played; the match is about to start.
    Synchronizing,
    /// In a match.
    Playing,
    /// Out of the room, for the reason in [`LastEndReason`](crate::LastEndReason).
    Ended,
}

/// Tells the log what the game sees: the room may have told it already of what the next update shows.
pub(crate) fn log_state(state: Res<State<NetplayState>>) {
    debug!("the state is {:?}", state.get());
}

/// A run condition: a match is played.
///
/// For systems outside the simulation; those in [`NetplayUpdate`](crate::NetplayUpdate) run in a match anyway.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn update_score_board() {}
///
/// App::new().add_systems(Update, update_score_board.run_if(in_match));
/// ```
pub fn in_match(state: Option<Res<State<NetplayState>>>) -> bool {
    state.is_some_and(|state| *state.get() == NetplayState::Playing)
}

/// A run condition: in a room, waiting for players and for connections to them.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn show_invitation(room: Res<CurrentRoom>) {
///     if let Some(code) = &room.code {
///         println!("waiting for others in room {code}");
///     }
/// }
///
/// App::new().add_systems(Update, show_invitation.run_if(in_lobby));
/// ```
pub fn in_lobby(state: Option<Res<State<NetplayState>>>) -> bool {
    state.is_some_and(|state| *state.get() == NetplayState::Lobby)
}

/// A run condition: in a room, whether or not a match is played.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn leave_on_escape(keys: Res<ButtonInput<KeyCode>>, mut commands: Commands) {
///     if keys.just_pressed(KeyCode::Escape) {
///         commands.leave_room();
///     }
/// }
///
/// App::new().add_systems(Update, leave_on_escape.run_if(in_room));
/// ```
pub fn in_room(state: Option<Res<State<NetplayState>>>) -> bool {
    use NetplayState::{Lobby, Playing, Synchronizing};

    state.is_some_and(|state| matches!(state.get(), Lobby | Synchronizing | Playing))
}
