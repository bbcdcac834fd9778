//! The notice about players who have been silent for a while.

use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::messages::{PeerInterrupted, PeerResumed, PlayerDisconnected};
use bevy_netplay::prelude::*;

use super::hud::font;
use super::{names, palette};

/// Players who have been silent for a while, and the time at which each of them is dropped.
#[derive(Resource, Clone, Debug, Default)]
pub struct Interruptions(Vec<(PlayerHandle, std::time::Duration)>);

impl Interruptions {
    /// Whether nothing has been heard of a player for a while.
    pub fn is_interrupted(&self, player: PlayerHandle) -> bool {
        self.0.iter().any(|(silent, _)| *silent == player)
    }
}

#[derive(Component)]
struct Notice;

pub fn plugin(app: &mut App) {
    app.init_resource::<Interruptions>()
        .add_systems(Startup, build)
        .add_systems(Update, (listen, show).chain());
}

fn build(mut commands: Commands) {
    let line = Node {
        position_type: PositionType::Absolute,
        top: px(64),
        width: percent(100),
        justify_content: JustifyContent::Center,
        ..Node::default()
    };
    commands.spawn((
        line,
        children![(Notice, Text::default(), font(24.0), TextColor(palette::ACCENT))],
    ));
}

fn listen(
    mut interruptions: ResMut<Interruptions>,
    time: Res<Time<Real>>,
    state: Res<State<NetplayState>>,
    mut interrupted: MessageReader<PeerInterrupted>,
    mut resumed: MessageReader<PeerResumed>,
    mut dropped: MessageReader<PlayerDisconnected>,
) {
    for PeerInterrupted { player, time_left, .. } in interrupted.read() {
        interruptions.0.push((*player, time.elapsed() + *time_left));
    }
    let back = resumed.read().map(|resumed| resumed.player);
    for player in back.chain(dropped.read().map(|dropped| dropped.player)) {
        interruptions.0.retain(|(silent, _)| *silent != player);
    }
    if *state.get() != NetplayState::Playing {
        interruptions.0.clear();
    }
}

fn show(
    interruptions: Res<Interruptions>,
    links: Res<PeerLinks>,
    time: Res<Time<Real>>,
    mut notices: Query<&mut Text, With<Notice>>,
) {
    let line = |(player, until): &(PlayerHandle, std::time::Duration)| {
        let left = until.saturating_sub(time.elapsed()).as_secs();
        format!("{} does not answer, waiting {left} s", names::full(&links, *player))
    };
    let lines: Vec<_> = interruptions.0.iter().map(line).collect();
    for mut text in &mut notices {
        text.set_if_neq(Text(lines.join("\n")));
    }
}
