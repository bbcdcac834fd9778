//! The bar above the arena: a card for each player, and the clock between them.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::limits::MAX_PLAYERS;
use example_runner::text::font;

use super::{VIEW, palette};
use crate::lobby::ShipColors;
use crate::names;
use crate::sim::{Phase, Round, RoundRules, Score, Ship};

/// The height of the bar in a window of the shape of the arena, in pixels.
const HEIGHT: f32 = 46.0;
/// The space between the sides of the bar and the clock, in pixels.
const GAP: f32 = 28.0;
/// The space between two cards, in pixels.
const CARD_GAP: f32 = 12.0;
/// The space between two rows of cards, in pixels.
const ROW_GAP: f32 = 2.0;

/// Up to how many players have large cards in one row.
const ONE_ROW: usize = 4;

#[derive(Component)]
struct Card(u8);

#[derive(Component)]
struct CardText(u8);

/// Two cards on one side of the clock.
#[derive(Component)]
struct Pair {
    is_left: bool,
}

#[derive(Component)]
struct Clock;

/// The height of the bar, in pixels of the texts.
#[derive(Resource)]
pub struct BarHeight(pub f32);

/// How the cards are arranged on each side of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrangement {
    /// Two large cards beside each other.
    OneRow,
    /// Two rows of two small cards: the bar is no higher.
    TwoRows,
    /// Large cards below each other, where there is space above the arena: on a phone held upright.
    Column,
}

impl Arrangement {
    /// For so many players, in a window of this size whose texts have this scale.
    fn of(players: usize, window: Vec2, scale: f32) -> Self {
        let arena = VIEW.y * (window / VIEW).min_element();
        let space_above = (window.y - arena) / 2.0 / scale;
        if space_above + HEIGHT >= Self::Column.height(MAX_PLAYERS.into()) {
            Self::Column
        } else if players > ONE_ROW {
            Self::TwoRows
        } else {
            Self::OneRow
        }
    }

    /// The size of the letters, and the space above and below them in a card, in pixels.
    fn text(self) -> (f32, f32) {
        match self {
            Self::OneRow | Self::Column => (22.0, 4.0),
            Self::TwoRows => (15.0, 1.0),
        }
    }

    /// The height of the bar with the cards of so many players, in pixels.
    fn height(self, players: usize) -> f32 {
        let rows = match self {
            Self::OneRow => 1,
            Self::TwoRows => 2,
            Self::Column => players.div_ceil(2),
        };
        let (letters, padding) = self.text();
        // A line of text is a fifth higher than its letters.
        let row = letters * 1.2 + 2.0 * padding + ROW_GAP;
        (row * rows as f32).max(HEIGHT)
    }
}

pub fn plugin(app: &mut App) {
    app.insert_resource(BarHeight(HEIGHT))
        .add_systems(Startup, build)
        .add_systems(Update, (arrange, show_cards, show_clock));
}

fn build(mut commands: Commands) {
    let bar = Node {
        position_type: PositionType::Absolute,
        top: px(0),
        width: percent(100),
        min_height: px(HEIGHT),
        align_items: AlignItems::Center,
        column_gap: px(GAP),
        ..Node::default()
    };
    commands.spawn(bar).with_children(|bar| {
        // Players 0 and 2 start on the left, players 1 and 3 on the right.
        side(bar, true);
        bar.spawn((Clock, Text::default(), font(32.0), TextColor(palette::TEXT)));
        side(bar, false);
    });
}

fn side(bar: &mut ChildSpawnerCommands, is_left: bool) {
    let align_items = if is_left { AlignItems::End } else { AlignItems::Start };
    let side = Node {
        flex_grow: 1.0,
        flex_basis: px(0),
        flex_direction: FlexDirection::Column,
        row_gap: px(ROW_GAP),
        align_items,
        ..Node::default()
    };
    let pair =
        Node { column_gap: px(CARD_GAP), row_gap: px(ROW_GAP), align_items, ..Node::default() };
    let first = u8::from(!is_left);
    bar.spawn(side).with_children(|side| {
        for row in 0..MAX_PLAYERS.div_ceil(4) {
            side.spawn((Pair { is_left }, pair.clone())).with_children(|pair| {
                [0, 2].into_iter().for_each(|player| card(pair, first + 4 * row + player));
            });
        }
    });
}

fn card(pair: &mut ChildSpawnerCommands, player: u8) {
    let node = Node {
        display: Display::None,
        border: UiRect::left(px(6)),
        border_radius: BorderRadius::all(px(4)),
        ..Node::default()
    };
    pair.spawn((
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

fn arrange(
    (windows, scale): (Query<&Window>, Res<UiScale>),
    ships: Query<(), With<Ship>>,
    mut arranged: Local<Option<(Arrangement, usize)>>,
    mut bar: ResMut<BarHeight>,
    mut pairs: Query<(&Pair, &mut Node), Without<Card>>,
    mut cards: Query<&mut Node, With<Card>>,
    mut fonts: Query<&mut TextFont, With<CardText>>,
) {
    let Ok(window) = windows.single() else { return };
    let players = ships.iter().len();
    let arrangement = Arrangement::of(players, window.size(), scale.0);
    if arranged.replace((arrangement, players)) == Some((arrangement, players)) {
        return;
    }
    bar.0 = arrangement.height(players);
    for (pair, mut node) in &mut pairs {
        node.flex_direction = match (arrangement, pair.is_left) {
            (Arrangement::Column, _) => FlexDirection::Column,
            // The first player is beside the clock.
            (_, true) => FlexDirection::RowReverse,
            (_, false) => FlexDirection::Row,
        };
    }
    let (letters, padding) = arrangement.text();
    for mut node in &mut cards {
        node.padding = UiRect::axes(px(14), px(padding));
    }
    for mut text in &mut fonts {
        *text = font(letters);
    }
}

fn show_cards(
    this_match: Option<Res<CurrentMatch>>,
    (links, colors): (Res<PeerLinks>, Res<ShipColors>),
    ships: Query<(&Ship, &Score)>,
    mut cards: Query<(&Card, &mut Node, &mut BorderColor)>,
    mut texts: Query<(&CardText, &mut Text, &mut TextColor)>,
) {
    let own = this_match.as_deref().map_or(&[][..], |this_match| &this_match.local_players);
    let score =
        |player: u8| ships.iter().find(|(ship, _)| ship.player == player).map(|(_, score)| score.0);
    debug_assert!(ships.iter().all(|(ship, _)| ship.player < MAX_PLAYERS));
    let color = |player| palette::player(colors.of(player));
    for (&Card(player), mut node, mut border) in &mut cards {
        border.set_if_neq(BorderColor::all(color(player)));
        let display = if score(player).is_some() { Display::Flex } else { Display::None };
        if node.display != display {
            node.display = display;
        }
    }
    let has_tags = names::has_tags(ships.iter().len());
    for (&CardText(player), mut text, mut text_color) in &mut texts {
        text_color.set_if_neq(TextColor(color(player)));
        let handle = PlayerHandle(player);
        let place = own.iter().position(|player| *player == handle);
        let name = match (place, has_tags) {
            (Some(_), true) => format!("{} YOU", names::tag(handle)),
            (Some(_), false) if own.len() == 1 => "YOU".into(),
            (Some(place), false) => format!("YOU {}", place + 1),
            (None, false) => names::short(&links, handle),
            (None, true) => names::tagged(&links, handle),
        };
        let wanted = format!("{name}  {}", score(player).unwrap_or(0));
        text.set_if_neq(Text(wanted));
    }
}

fn show_clock(
    state: Res<State<NetplayState>>,
    (round, rules): (Res<Round>, Res<RoundRules>),
    mut clocks: Query<(&mut Text, &mut TextColor), With<Clock>>,
) {
    let frames = match round.phase {
        Phase::Countdown => rules.frames,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows, the scale of their texts, and how eight cards are arranged.
    const WINDOWS: [(Vec2, f32, Arrangement); 4] = [
        (Vec2::new(1280.0, 720.0), 1.0, Arrangement::TwoRows),
        (Vec2::new(1280.0, 800.0), 1.0, Arrangement::TwoRows),
        (Vec2::new(844.0, 390.0), 0.54, Arrangement::TwoRows),
        // A phone held upright, with the controls below the arena.
        (Vec2::new(390.0, 588.0), 0.5, Arrangement::Column),
    ];

    #[test]
    fn eight_cards_with_long_names_fit_beside_the_clock() {
        for (window, scale, arrangement) in WINDOWS {
            assert_eq!(Arrangement::of(8, window, scale), arrangement, "{window}");
            let (letters, _) = arrangement.text();
            // The font is monospaced: a letter is 0.6 times as wide as it is high. The clock has four larger ones.
            let clock = 4.0 * 0.6 * 32.0;
            let side = (window.x / scale - clock) / 2.0 - GAP;
            let text = "P8  99 ".len() + names::LETTERS;
            let card = text as f32 * 0.6 * letters + 34.0;
            let beside = if arrangement == Arrangement::Column { 1.0 } else { 2.0 };
            assert!(beside * card + CARD_GAP <= side, "{window}: {card} px twice in {side} px");
        }
    }

    #[test]
    fn the_bar_covers_nothing_of_the_arena() {
        for (window, scale, arrangement) in WINDOWS {
            let arena = VIEW.y * (window / VIEW).min_element();
            let above = (window.y - arena) / 2.0 / scale + HEIGHT;
            assert!(arrangement.height(8) <= above, "{window}");
        }
    }
}
