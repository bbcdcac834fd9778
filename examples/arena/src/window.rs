//! The game in a window, or in the canvas of a page.

use arena::sim::SimulationPlugin;
use arena::view::{Invite, NetworkViewPlugin, ViewPlugin};
use arena::{chat, lobby};
use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// Plays in the room of the invite until the window closes.
pub fn run(invite: Invite, config: NetplayConfig, more: impl FnOnce(&mut App)) -> AppExit {
    let mut app = example_runner::window::app("Arena", "#arena");
    app.add_plugins(arena::netplay(config))
        .insert_resource(invite)
        .add_plugins((SimulationPlugin, ViewPlugin, lobby::plugin, chat::plugin))
        .add_plugins(NetworkViewPlugin)
        .add_systems(Startup, join);
    // A page has the lobby and the chat in HTML.
    #[cfg(not(target_arch = "wasm32"))]
    app.add_plugins(arena::view::LobbyViewPlugin);
    more(&mut app);
    app.run()
}

fn join(mut commands: Commands, invite: Res<Invite>) {
    commands.join_room(invite.room());
}
