//! The notice about players that everybody waits for: nothing is heard of them, their page went away, or their game
//! stands still.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::messages::{
    PeerAway, PeerBack, PeerInterrupted, PeerResumed, PeerStalled, PeerUnstalled,
    PlayerDisconnected,
};
use bevy_netplay::prelude::*;
use example_runner::text::font;

use super::hud::BarHeight;
use super::palette;
use crate::names;

/// Players that everybody waits for.
#[derive(Resource, Clone, Debug, Default)]
pub struct Interruptions(Vec<Interruption>);

#[derive(Clone, Copy, Debug)]
struct Interruption {
    player: PlayerHandle,
    cause: Cause,
    /// When the player is dropped, if it is.
    until: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Nothing has been heard of the player for a while.
    Silence,
    /// The player's page is closed or loaded again.
    Away,
    /// The player's simulation stands still.
    Stall,
}

impl Interruptions {
    /// Whether nothing has been heard of a player for a while.
    pub fn is_interrupted(&self, player: PlayerHandle) -> bool {
        self.has(player, Cause::Silence)
    }

    /// Whether the page of a player is closed or loaded again.
    pub fn is_away(&self, player: PlayerHandle) -> bool {
        self.has(player, Cause::Away)
    }

    fn has(&self, player: PlayerHandle, cause: Cause) -> bool {
        self.0.iter().any(|it| it.player == player && it.cause == cause)
    }
}

/// The space between the bar above the arena and the notice, in pixels.
const BELOW_BAR: f32 = 18.0;

/// The line of the notice.
#[derive(Component)]
struct Line;

#[derive(Component)]
struct Notice;

pub fn plugin(app: &mut App) {
    app.init_resource::<Interruptions>()
        .add_systems(Startup, build)
        .add_systems(Update, (place.run_if(resource_changed::<BarHeight>), (listen, show).chain()));
}

fn build(mut commands: Commands) {
    let line = Node {
        position_type: PositionType::Absolute,
        width: percent(100),
        justify_content: JustifyContent::Center,
        ..Node::default()
    };
    commands.spawn((
        Line,
        line,
        children![(Notice, Text::default(), font(24.0), TextColor(palette::ACCENT))],
    ));
}

fn place(bar: Res<BarHeight>, mut lines: Query<&mut Node, With<Line>>) {
    for mut line in &mut lines {
        line.top = px(bar.0 + BELOW_BAR);
    }
}

fn listen(
    mut interruptions: ResMut<Interruptions>,
    time: Res<Time<Real>>,
    state: Res<State<NetplayState>>,
    (mut interrupted, mut resumed): (MessageReader<PeerInterrupted>, MessageReader<PeerResumed>),
    (mut away, mut back): (MessageReader<PeerAway>, MessageReader<PeerBack>),
    (mut stalled, mut unstalled): (MessageReader<PeerStalled>, MessageReader<PeerUnstalled>),
    mut dropped: MessageReader<PlayerDisconnected>,
) {
    let now = time.elapsed();
    for PeerInterrupted { player, time_left, .. } in interrupted.read() {
        let (player, until) = (*player, Some(now + *time_left));
        interruptions.0.push(Interruption { player, cause: Cause::Silence, until });
    }
    for PeerAway { player, time_left, .. } in away.read() {
        let (player, until) = (*player, Some(now + *time_left));
        interruptions.0.push(Interruption { player, cause: Cause::Away, until });
    }
    for PeerStalled { player, time_left, .. } in stalled.read() {
        let (player, until) = (*player, time_left.map(|left| now + left));
        interruptions.0.push(Interruption { player, cause: Cause::Stall, until });
    }
    let heard = resumed.read().map(|resumed| (resumed.player, Cause::Silence));
    let back = back.read().map(|back| (back.player, Cause::Away));
    let unstalled = unstalled.read().map(|unstalled| (unstalled.player, Cause::Stall));
    for over in heard.chain(back).chain(unstalled) {
        interruptions.0.retain(|it| (it.player, it.cause) != over);
    }
    for PlayerDisconnected { player, .. } in dropped.read() {
        interruptions.0.retain(|it| it.player != *player);
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
    let line = |Interruption { player, cause, until }: &Interruption| {
        let what = match cause {
            Cause::Silence => "does not answer",
            Cause::Away => "closed the page or is reloading it",
            Cause::Stall => "has paused",
        };
        let name = names::full(&links, *player);
        match until.map(|until| until.saturating_sub(time.elapsed()).as_secs()) {
            Some(left) => format!("{name} {what}, waiting {left} s"),
            None => format!("{name} {what}, waiting"),
        }
    };
    let lines: Vec<_> = interruptions.0.iter().map(line).collect();
    for mut text in &mut notices {
        text.set_if_neq(Text(lines.join("\n")));
    }
}
