//! The keys of the lobby.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::lobby::LobbyWish;

/// The line of the list that keys mean: a place in the list of members.
#[derive(Resource, Default)]
pub struct Selected(pub usize);

pub(super) fn ask(
    keys: Res<ButtonInput<KeyCode>>,
    lobby: Res<CurrentLobby>,
    mut selected: ResMut<Selected>,
    mut wishes: MessageWriter<LobbyWish>,
) {
    for (key, wish) in [
        (KeyCode::Space, LobbyWish::Ready),
        (KeyCode::Enter, LobbyWish::Start),
        (KeyCode::KeyC, LobbyWish::NextColor),
        (KeyCode::KeyL, LobbyWish::NextLength),
    ] {
        if keys.just_pressed(key) {
            wishes.write(wish);
        }
    }
    let last = lobby.members.len().saturating_sub(1);
    let (up, down) = (keys.just_pressed(KeyCode::ArrowUp), keys.just_pressed(KeyCode::ArrowDown));
    let wanted = (selected.0 + usize::from(down)).saturating_sub(usize::from(up)).min(last);
    if selected.0 != wanted {
        selected.0 = wanted;
    }
    let Some(member) = lobby.members.get(selected.0).filter(|member| !member.is_local) else {
        return;
    };
    for (key, wish) in [
        (KeyCode::KeyK, LobbyWish::Kick(member.peer)),
        (KeyCode::KeyB, LobbyWish::Ban(member.peer)),
        (KeyCode::KeyM, LobbyWish::Mute(member.peer)),
    ] {
        if keys.just_pressed(key) {
            wishes.write(wish);
        }
    }
}
