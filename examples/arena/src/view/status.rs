//! The line below the arena: where this peer is on the way to a match, and keys. What is known of the links is in the
//! overlay and the indicator (`example_runner::overlay`).

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::text::font;

use super::palette;

/// A page has buttons for this.
const KEYS: &str = if cfg!(target_arch = "wasm32") { "" } else { "F3 network   ESC leave" };

#[derive(Component)]
struct StatusText;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build).add_systems(Update, show.run_if(state_changed::<NetplayState>));
}

fn build(mut commands: Commands) {
    let line = Node {
        position_type: PositionType::Absolute,
        bottom: px(0),
        width: percent(100),
        height: px(34),
        padding: UiRect::horizontal(px(24)),
        align_items: AlignItems::Center,
        justify_content: JustifyContent::SpaceBetween,
        ..Node::default()
    };
    commands.spawn((
        line,
        children![
            (StatusText, Text::default(), font(15.0), TextColor(palette::FAINT)),
            (Text::new(KEYS), font(15.0), TextColor(palette::FAINT)),
        ],
    ));
}

fn show(state: Res<State<NetplayState>>, mut texts: Query<&mut Text, With<StatusText>>) {
    let line = match state.get() {
        NetplayState::Offline => "offline",
        NetplayState::Connecting => "connecting",
        NetplayState::Lobby => "in the lobby",
        NetplayState::Synchronizing => "synchronizing",
        NetplayState::Playing => "playing",
        _ => "ended",
    };
    for mut text in &mut texts {
        text.0 = line.into();
    }
}
