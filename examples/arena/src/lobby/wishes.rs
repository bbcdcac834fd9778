//! What a player can do in the lobby, from the keyboard or from the page.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::{ArenaLobby, COLORS, RoundChoice};
use crate::chat::ChatLog;

/// Something that the local player wants in the lobby.
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LobbyWish {
    /// To be ready, or no longer.
    Ready,
    /// To start the match with those who are there, or to stop the countdown. Of the room's first player.
    Start,
    /// Another colour of the ship.
    NextColor,
    /// The other length of the round. Of the room's first player.
    NextLength,
    /// To remove a player. Of the room's first player.
    Kick(PeerKey),
    /// To remove a player for good. Of the room's first player.
    Ban(PeerKey),
    /// To hide what a player says, or to show it again.
    Mute(PeerKey),
}

/// Does what the player may do.
pub(super) fn grant(
    mut wishes: MessageReader<LobbyWish>,
    (state, lobby): (Res<State<NetplayState>>, Res<CurrentLobby>),
    mut choices: ResMut<ArenaLobby>,
    mut log: ResMut<ChatLog>,
    mut commands: Commands,
) {
    // Rooms that start when they are full have no lobby.
    let in_lobby = *state.get() == NetplayState::Lobby && lobby.least.is_some();
    let is_first = lobby.is_first();
    for wish in wishes.read() {
        match *wish {
            LobbyWish::Mute(peer) => log.toggle_mute(peer),
            LobbyWish::Kick(peer) if is_first => commands.kick(peer),
            LobbyWish::Ban(peer) if is_first => commands.ban(peer),
            LobbyWish::Ready if in_lobby => {
                commands.set_ready(!lobby.local().is_some_and(|local| local.ready));
            }
            LobbyWish::Start if in_lobby && is_first => match lobby.countdown {
                Some(_) => {
                    commands.cancel_start();
                    // All were ready, perhaps: then this is what stops it.
                    commands.set_ready(false);
                }
                None => commands.start_match(),
            },
            LobbyWish::NextColor if in_lobby => {
                let own = lobby.local().map_or(0, |local| local.place.0);
                let mut choice = *choices.local();
                choice.color = Some((choice.color.unwrap_or(own) + 1) % COLORS);
                choices.set_local(choice);
            }
            LobbyWish::NextLength if in_lobby && is_first => {
                let length = choices.room().length.next();
                choices.set_room(RoundChoice { length });
            }
            _ => {}
        }
    }
}
