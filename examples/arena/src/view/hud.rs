//! The bar above the arena: a card for each player, and the clock between them.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::text::font;

use super::ships::MAX_PLAYERS;
use super::{names, palette};
use crate::sim::{Phase, ROUND_FRAMES, Round, Score, Ship};

#[derive(Component)]
struct Card(u8);

#[derive(Component)]
struct CardText(u8);

#[derive(Component)]
struct Clock;

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, build).add_systems(Update, (show_cards, show_clock));
}

fn build(mut commands: Commands) {
    let side = |justify: JustifyContent| Node {
        flex_grow: 1.0,
        flex_basis: px(0),
        column_gap: px(12),
        justify_content: justify,
        ..Node::default()
    };
    let bar = Node {
        position_type: PositionType::Absolute,
        top: px(0),
        width: percent(100),
        height: px(46),
        align_items: AlignItems::Center,
        column_gap: px(28),
        ..Node::default()
    };
    commands.spawn(bar).with_children(|bar| {
        // Players 0 and 2 start on the left, players 1 and 3 on the right.
        bar.spawn(side(JustifyContent::End)).with_children(|left| {
            [2, 0].into_iter().for_each(|player| card(left, player));
        });
        bar.spawn((Clock, Text::default(), font(32.0), TextColor(palette::TEXT)));
        bar.spawn(side(JustifyContent::Start)).with_children(|right| {
            [1, 3].into_iter().for_each(|player| card(right, player));
        });
    });
}

fn card(bar: &mut ChildSpawnerCommands, player: u8) {
    let node = Node {
        display: Display::None,
        padding: UiRect::axes(px(14), px(4)),
        border: UiRect::left(px(6)),
        border_radius: BorderRadius::all(px(4)),
        ..Node::default()
    };
    bar.spawn((
        Card(player),
        node,
        BackgroundColor(palette::PANEL),
        BorderColor::all(palette::player(player)),
    ))
    .with_child((
        CardText(player),
        Text::default(),
        font(22.0),
        TextColor(palette::player(player)),
    ));
}

fn show_cards(
    this_match: Option<Res<CurrentMatch>>,
    links: Res<PeerLinks>,
    ships: Query<(&Ship, &Score)>,
    mut cards: Query<(&Card, &mut Node)>,
    mut texts: Query<(&CardText, &mut Text)>,
) {
    let own = this_match.as_deref().map_or(&[][..], |this_match| &this_match.local_players);
    let score =
        |player: u8| ships.iter().find(|(ship, _)| ship.player == player).map(|(_, score)| score.0);
    debug_assert!(ships.iter().all(|(ship, _)| ship.player < MAX_PLAYERS));
    for (&Card(player), mut node) in &mut cards {
        let display = if score(player).is_some() { Display::Flex } else { Display::None };
        if node.display != display {
            node.display = display;
        }
    }
    for (&CardText(player), mut text) in &mut texts {
        let handle = PlayerHandle(player);
        let name = match own.iter().position(|player| *player == handle) {
            Some(_) if own.len() == 1 => "YOU".into(),
            Some(place) => format!("YOU {}", place + 1),
            None => names::short(&links, handle),
        };
        let wanted = format!("{name}  {}", score(player).unwrap_or(0));
        text.set_if_neq(Text(wanted));
    }
}

fn show_clock(
    state: Res<State<NetplayState>>,
    round: Res<Round>,
    mut clocks: Query<(&mut Text, &mut TextColor), With<Clock>>,
) {
    let frames = match round.phase {
        Phase::Countdown => ROUND_FRAMES,
        Phase::Fight | Phase::Result => round.frames_left,
    };
    let seconds = frames.div_ceil(60);
    let wanted = match state.get() {
        NetplayState::Playing => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => "ARENA".into(),
    };
    let last_seconds = round.phase == Phase::Fight && seconds <= 10;
    for (mut text, mut color) in &mut clocks {
        text.set_if_neq(Text(wanted.clone()));
        color.set_if_neq(TextColor(if last_seconds { palette::ACCENT } else { palette::TEXT }));
    }
}
