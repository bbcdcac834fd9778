//! The game in a window, or in the canvas of a page.

use arena::sim::{ArenaInput, SimulationPlugin};
use arena::view::{Invite, ViewPlugin};
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy_netplay::prelude::*;

/// Plays in the room of the invite until the window closes.
pub fn run(invite: Invite, config: NetplayConfig, more: impl FnOnce(&mut App)) -> AppExit {
    let window = Window {
        title: "Arena".into(),
        resolution: (1280, 720).into(),
        // In a browser: the canvas of the page, as large as its parent.
        canvas: Some("#arena".into()),
        fit_canvas_to_parent: true,
        ..Window::default()
    };
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(window), ..WindowPlugin::default() })
            .set(LogPlugin {
                filter: format!("info,{}", crate::LOG_FILTER),
                ..LogPlugin::default()
            }),
    )
    .add_plugins(NetplayPlugins::<ArenaInput>::new(config))
    .insert_resource(invite)
    // A window in the background runs at full speed: the other players need its input.
    .insert_resource(bevy::winit::WinitSettings::continuous())
    .add_plugins((SimulationPlugin, ViewPlugin))
    .add_systems(Startup, join);
    more(&mut app);
    app.run()
}

fn join(mut commands: Commands, invite: Res<Invite>) {
    commands.join_room(invite.room());
}
