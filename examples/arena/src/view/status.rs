//! The line below the arena: the state of each link, and how to leave.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::text::font;
use std::fmt::Write as _;

use super::{names, palette};

/// A page has a button for this.
const LEAVE: &str = if cfg!(target_arch = "wasm32") { "" } else { "ESC leave" };

#[derive(Component)]
struct StatusText;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build).add_systems(Update, show);
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
            (Text::new(LEAVE), font(15.0), TextColor(palette::FAINT)),
        ],
    ));
}

fn show(
    state: Res<State<NetplayState>>,
    links: Res<PeerLinks>,
    metrics: Res<RollbackMetrics>,
    mut texts: Query<&mut Text, With<StatusText>>,
) {
    let mut line = String::from(match state.get() {
        NetplayState::Offline => "offline",
        NetplayState::Connecting => "connecting",
        NetplayState::Lobby => "in the lobby",
        NetplayState::Synchronizing => "synchronizing",
        NetplayState::Playing => "playing",
        _ => "ended",
    });
    let mut add = |part: std::fmt::Arguments| {
        // Writing into a string cannot fail.
        let _ = line.write_fmt(part);
    };
    for link in links.iter() {
        if let Some(player) = link.player {
            add(format_args!("  |  {}", names::short(&links, player)));
        } else {
            add(format_args!("  |  peer"));
        }
        if let Some(path) = link.path {
            let path = match path {
                LinkPath::Direct => "direct",
                LinkPath::Turn => "through TURN",
                LinkPath::Relay => "through the server",
                _ => "local",
            };
            add(format_args!(" {path}"));
        }
        if let Some(rtt) = link.rtt {
            add(format_args!(" {} ms", rtt.as_millis()));
        }
        add(format_args!(" {}", link.quality));
    }
    if *state.get() == NetplayState::Playing {
        add(format_args!("  |  rollbacks {}  stalls {}", metrics.rollbacks, metrics.stalls));
    }
    for mut text in &mut texts {
        text.set_if_neq(Text(line.clone()));
    }
}
